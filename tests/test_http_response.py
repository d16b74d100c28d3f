"""A response's head as it goes on to the client."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.filters.http_response import ResponseWriter
from bridge.filters.http_settings import HeaderChanges
from bridge.filters.trial import ABOUT
from bridge.wire.http_head import read_response
from tests.http_bytes import PLAIN, response

LENGTH = "Content-Length: 2"
OK = "HTTP/1.1 200 OK"


def written(
    head: bytes, *, keeps: bool = True, older: bool = False, writer: ResponseWriter
    | None = None
) -> list[str] | None:  # fmt: skip
    """The lines that go on; None: as it came."""
    writer = writer or ResponseWriter(ABOUT, PLAIN)
    lines = writer.write(read_response(head, b"GET"), "h", keeps=keeps, older=older)
    if lines is None:
        return None
    text = lines.decode("latin-1")
    assert text.endswith("\r\n\r\n")
    return text.split("\r\n")[:-2]


@pytest.mark.parametrize(
    ("fields", "keeps", "older"),
    [
        ((), True, False),
        (("Connection: keep-alive",), True, False),
        (("Connection: Keep-Alive",), True, True),
        (("connection: close",), False, False),
        (("connection: close",), False, True),
        (("Server: x", "Set-Cookie: a_b=c"), True, False),
    ],
)
def test_what_says_the_right_thing_goes_on_as_it_came(
    fields: tuple[str, ...], keeps: bool, older: bool
) -> None:
    assert written(response(OK, LENGTH, *fields), keeps=keeps, older=older) is None


@pytest.mark.parametrize(
    ("fields", "keeps", "older", "connection"),
    [
        ((), False, False, ["Connection: close"]),
        ((), True, True, ["Connection: keep-alive"]),
        (("Connection: close",), True, False, []),
        (("Connection: close",), True, True, ["Connection: keep-alive"]),
        (("Connection: keep-alive",), False, True, ["Connection: close"]),
        (("Connection: X-One", "X-One: 1"), True, False, []),
        (("Keep-Alive: timeout=5",), True, False, []),
        (("Proxy-Connection: close",), True, False, []),
        (("Upgrade: h2,h2c", "Connection: Upgrade"), True, False, []),
        (("Connection: Content-Length",), True, False, []),
    ],
)
def test_the_client_is_told_of_its_own_connection_only(
    fields: tuple[str, ...], keeps: bool, older: bool, connection: list[str]
) -> None:
    lines = written(response(OK, LENGTH, *fields), keeps=keeps, older=older)
    assert lines == [OK, LENGTH, *connection]


def test_what_has_no_body_has_no_length() -> None:
    head = response("HTTP/1.1 204 No Content", "Content-Length: 5", "X: y")
    assert written(head) == ["HTTP/1.1 204 No Content", "X: y"]
    head = response("HTTP/1.1 204 No Content", "Transfer-Encoding: chunked")
    assert written(head) == ["HTTP/1.1 204 No Content"]
    assert written(response("HTTP/1.1 304 Not Modified", "Content-Length: 5")) is None


def test_who_must_upgrade_is_told_to_what() -> None:
    head = response("HTTP/1.1 426 Upgrade Required", LENGTH, "Upgrade: x/2",
                    "Connection: Upgrade")  # fmt: skip
    lines = written(head)
    assert lines is not None
    assert lines[2:] == ["Upgrade: x/2", "Connection: upgrade"]
    lines = written(head, keeps=False)
    assert lines is not None
    assert lines[3] == "Connection: close, upgrade"


def test_fields_are_removed_set_and_added() -> None:
    changes = HeaderChanges(
        set={"Server": "us"}, add={"X-Host": "${host}"}, remove=["X-Powered-By"]
    )
    writer = ResponseWriter(ABOUT, replace(PLAIN, response_headers=changes))
    head = response(OK, LENGTH, "SERVER: nginx", "x-powered-by: y")
    for _ in range(2):
        assert written(head, writer=writer) == [OK, LENGTH, "Server: us", "X-Host: h"]


def test_fields_are_removed_where_nothing_is_put_in() -> None:
    changes = HeaderChanges(remove=["Server"])
    writer = ResponseWriter(ABOUT, replace(PLAIN, response_headers=changes))
    assert written(response(OK, LENGTH, "server: x"), writer=writer) == [OK, LENGTH]
    assert written(response(OK, LENGTH), writer=writer) is None


def test_an_answer_before_the_final_one_has_no_body() -> None:
    head = response("HTTP/1.1 103 Early Hints", "Link: x", "Content-Length: 3",
                    "Connection: close")  # fmt: skip
    read = read_response(head, b"GET")
    interim = ResponseWriter(ABOUT, PLAIN).interim(read, "h")
    assert interim == response("HTTP/1.1 103 Early Hints", "Link: x")


def test_another_protocol_is_agreed_on() -> None:
    head = response("HTTP/1.1 101 Switching Protocols", "Upgrade: WebSocket",
                    "Connection: Upgrade", "Sec-WebSocket-Accept: x")  # fmt: skip
    read = read_response(head, b"GET")
    assert ResponseWriter(ABOUT, PLAIN).switched(read, "h") == response(
        "HTTP/1.1 101 Switching Protocols", "Sec-WebSocket-Accept: x",
        "Upgrade: WebSocket", "Connection: upgrade",
    )  # fmt: skip
    read = read_response(response("HTTP/1.1 200 OK", "Content-Length: 9"), b"CONNECT")
    assert ResponseWriter(ABOUT, PLAIN).switched(read, "h") == response()
