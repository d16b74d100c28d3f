"""Places at servers, where clients keep connections that nothing goes over."""

from __future__ import annotations

import socket

import pytest

from tests.e2e.conftest import Start
from tests.e2e.gateway import Configuration, Gateway, relay, until
from tests.e2e.peers import accept, name_of, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LARGE = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000
GET = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"


def http(server: str) -> Configuration:
    return relay(server, front={"mode": "http"}, farm={"connections": 1})


def answer(client: socket.socket) -> None:
    while head := client.recv(65536):
        client.sendall(OK * head.count(b"\r\n\r\n"))


def told(gateway: Gateway, what: str) -> bool:
    before = len(gateway.log)
    gateway.state()
    return what in gateway.log[before:]


def got(client: socket.socket, count: int) -> bytes:
    answer = b""
    while len(answer) < count:
        more = client.recv(count - len(answer))
        assert more
        answer += more
    return answer


def test_many_who_ask_nothing_do_not_keep_others_from_the_server(
    start: Start, server: socket.socket
) -> None:
    gateway = start(http(name_of(server)))
    with serving(server, answer):
        clients = [gateway.connect() for _ in range(20)]
        for _ in range(2):
            for client in clients:
                client.sendall(GET)
                assert got(client, len(OK)) == OK
        for client in clients:
            client.close()


@pytest.mark.parametrize("reply", [OK, LARGE], ids=["small", "large"])
def test_who_waits_has_the_place_when_an_answer_is_over(
    start: Start, server: socket.socket, reply: bytes
) -> None:
    """And who has asked for more already is served behind them."""
    gateway = start(http(name_of(server)))
    with gateway.connect() as first, gateway.connect() as second:
        first.sendall(GET + GET)
        with accept(server) as back:
            assert back.recv(65536).startswith(b"GET")
            second.sendall(GET)
            until(lambda: told(gateway, "1 of 1000 wait"), "the second to wait")
            back.sendall(reply)
            assert got(first, len(reply)) == reply
            with accept(server) as another:
                assert another.recv(65536).startswith(b"GET")
                assert back.recv(1) == b""
                another.sendall(OK)
                assert got(second, len(OK)) == OK
                with accept(server) as again:
                    assert again.recv(65536).startswith(b"GET")
                    again.sendall(OK)
                    assert got(first, len(OK)) == OK
