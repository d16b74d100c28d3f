"""The access log of mode http: requests of real clients, joined with their sessions."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE, Configuration, Gateway, relay, until
from tests.e2e.peers import free_port, name_of, reset, serving
from tests.test_access import halog
from tests.test_access_http import HTTPLOG

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GONE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def answer(client: socket.socket) -> None:
    """Each request, by its target; not ``/silent``."""
    while head := client.recv(65536):
        if b"/close" in head:
            return
        if b"/cut" in head:
            client.sendall(OK.replace(b": 2", b": 2000"))
            reset(client)
            return
        if b"/bad" in head:
            client.sendall(b"220 ready\r\n\r\n")
        elif b"/silent" not in head:
            client.sendall(GONE if b"none" in head else OK)


def get(client: socket.socket, target: str, more: str = "") -> bytes:
    client.sendall(f"GET {target} HTTP/1.1\r\nHost: a.example\r\n{more}\r\n".encode())
    return client.recv(65536)


def http(server: str, **http: Any) -> Configuration:
    return relay(server, front={"mode": "http", "http": http})


def ended(client: socket.socket) -> None:
    client.shutdown(socket.SHUT_WR)
    assert client.recv(1) == b""


def test_each_request_has_an_object_that_names_its_session(
    start: Start, server: socket.socket
) -> None:
    where = name_of(server)
    gateway = start(http(where))
    with serving(server, answer), gateway.connect() as client:
        host, port = client.getsockname()[:2]
        assert get(client, "/a").startswith(b"HTTP/1.1 200")
        assert get(client, "/none?b=c").startswith(b"HTTP/1.1 404")
        ended(client)
        first, second = gateway.records(2, kind="request")
        (session,) = gateway.records(1)
    assert first["session"] == second["session"] == session["session"]
    assert [one["request"] for one in (first, second)] == [1, 2]
    assert [one["target"] for one in (first, second)] == ["/a", "/none?b=c"]
    assert [one["status"] for one in (first, second)] == [200, 404]
    assert (first["client"], first["client_port"]) == (host, port)
    assert first["host"] == "a.example"
    assert first["server"] == second["server"] == session["server"] == where
    assert first["seconds"]["dial"] is not None
    assert second["seconds"]["dial"] is None, "the connection was there"
    assert second["seconds"]["response"] is not None
    assert session["bytes"]["up"] == sum(
        each["bytes"]["up"] for each in (first, second)
    )
    assert "requests {'2xx': 1, '4xx': 1}" in told(gateway)


def told(gateway: Gateway) -> str:
    gateway.state()
    return gateway.log


# In text


@contextmanager
def logged(start: Start, configuration: Configuration) -> Iterator[Gateway]:
    log = {"access_format": "text", "access_prefix": "syslog"}
    yield start(configuration | {"log": log})


def lines(gateway: Gateway, count: int) -> list[str]:
    """*count* of them, waited for, without what a syslog daemon would write."""

    def all_of_them() -> list[str]:
        return Path(gateway.access).read_text().splitlines()

    until(lambda: len(all_of_them()) >= count, f"{count} lines")
    assert len(all_of_them()) == count
    return [line.partition("]: ")[2] for line in all_of_them()]


def fields(line: str) -> dict[str, str]:
    match = HTTPLOG.fullmatch(line)
    assert match, line
    return match.groupdict()


def test_halog_reads_what_clients_have_asked_for(
    start: Start, server: socket.socket
) -> None:
    with logged(start, http(name_of(server))) as gateway, serving(server, answer):
        for _ in range(3):
            with gateway.connect() as client:
                get(client, "/a")
                get(client, "/none")
                ended(client)
        lines(gateway, 6)
        text = gateway.access.read_text()
        statuses = re.findall(r"^(\d+) (\d+)$", halog(text.strip(), "-st"), re.M)
        assert statuses == [("200", "3"), ("404", "3")]
        assert ", 0 parsing errors" in halog(text.strip(), "-srv")


def test_a_client_that_says_nothing_has_a_line_of_its_own(
    start: Start, server: socket.socket
) -> None:
    with logged(start, http(name_of(server))) as gateway:
        gateway.connect().close()
        told = fields(lines(gateway, 1)[0])
    assert (told["http_request"], told["status_code"]) == ("<BADREQ>", "-1")
    assert told["termination_state"] == "CR--"


@pytest.mark.parametrize("reused", [False, True])
def test_what_is_no_request_was_answered_here(
    start: Start, server: socket.socket, reused: bool
) -> None:
    """Though the session may have a server, of the request before."""
    with logged(start, http(name_of(server))) as gateway, serving(server, answer):
        with gateway.connect() as client:
            if reused:
                get(client, "/a")
            client.sendall(b"GET /\x01 HTTP/1.1\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 400")
        told = fields(lines(gateway, 1 + reused)[-1])
    assert (told["http_request"], told["status_code"]) == ("<BADREQ>", "400")
    assert (told["server_name"], told["termination_state"]) == ("<NOSRV>", "PR--")


def test_a_server_that_is_not_there_is_a_dial_that_failed(start: Start) -> None:
    server = f"127.0.0.1:{free_port()}"
    with logged(start, http(server)) as gateway:
        with gateway.connect() as client:
            assert get(client, "/a").startswith(b"HTTP/1.1 50")
        told = fields(lines(gateway, 1)[0])
    assert told["server_name"] == server
    assert (told["Tc"], told["Tr"], told["termination_state"]) == ("-1", "-1", "SC--")


@pytest.mark.parametrize(
    ("target", "status", "letters"),
    [("/a", "200", "--"), ("/cut", "200", "SD"), ("/close", "502", "SH"),
     ("/bad", "502", "PH")],
)  # fmt: skip
def test_what_the_server_did_is_said_in_haproxys_letters(
    start: Start, server: socket.socket, target: str, status: str, letters: str
) -> None:
    with (
        logged(start, http(name_of(server))) as gateway,
        serving(server, answer),
        gateway.connect() as client,
    ):
        get(client, target)
        told = fields(lines(gateway, 1)[0])
    assert (told["status_code"], told["termination_state"]) == (status, f"{letters}--")
    assert told["server_name"] != "<NOSRV>"


def test_a_head_that_does_not_come_is_the_clients_doing(
    start: Start, server: socket.socket
) -> None:
    with logged(start, http(name_of(server), request="100ms")) as gateway:
        with gateway.connect() as client:
            client.sendall(b"GET /slow HT")
            assert client.recv(65536).startswith(b"HTTP/1.1 408")
        told = fields(lines(gateway, 1)[0])
    assert (told["status_code"], told["termination_state"]) == ("408", "cR--")


def test_a_client_that_leaves_in_the_middle_is_told_of(
    start: Start, server: socket.socket
) -> None:
    with logged(start, http(name_of(server))) as gateway, serving(server, answer):
        client = gateway.connect()
        client.sendall(b"GET /silent HTTP/1.1\r\nHost: a.example\r\n\r\n")
        until(lambda: gateway.sockets() >= 3, "a dial")
        reset(client)
        told = fields(lines(gateway, 1)[0])
    assert told["http_request"] == "GET /silent HTTP/1.1"
    assert (told["status_code"], told["termination_state"][0]) == ("-1", "C")


@pytest.mark.parametrize("reused", [False, True])
def test_a_host_that_leads_nowhere_went_to_no_server(
    start: Start, server: socket.socket, reused: bool
) -> None:
    configuration = http(name_of(server))
    configuration["fronts"]["web"]["to"] = {"a.example": "web"}
    with logged(start, configuration) as gateway, serving(server, answer):
        with gateway.connect() as client:
            if reused:
                get(client, "/a")
            client.sendall(b"GET /b HTTP/1.1\r\nHost: b.example\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 421")
        told = fields(lines(gateway, 1 + reused)[-1])
    assert (told["status_code"], told["http_request"]) == ("421", "GET /b HTTP/1.1")
    assert (told["backend_name"], told["server_name"]) == ("-", "<NOSRV>")


def test_a_redirect_is_answered_here(start: Start) -> None:
    with logged(start, http("127.0.0.1:9", redirect_to_https=True)) as gateway:
        with gateway.connect() as client:
            assert b"\r\nLocation: https://a.example/a\r\n" in get(client, "/a")
        told = fields(lines(gateway, 1)[0])
    assert (told["status_code"], told["termination_state"]) == ("308", "LR--")
    assert told["server_name"] == "<NOSRV>"


def test_what_is_sent_cannot_forge_a_line(start: Start, server: socket.socket) -> None:
    with logged(start, http(name_of(server))) as gateway, serving(server, answer):
        with gateway.connect() as client:
            client.settimeout(PATIENCE)
            get(client, '/"x' + "y" * 2000)
        told = fields(lines(gateway, 1)[0])
    assert told["http_request"] == "GET /#22x" + "y" * 1021 + "... HTTP/1.1"
