"""One request and its answer, and what is told of it."""

from __future__ import annotations

import pytest

from bridge.filters.answers import Pass
from bridge.filters.http_turn import Turn
from bridge.wire.http_body import Chunks
from bridge.wire.http_head import read_request, read_response
from bridge.wire.http_target import read_target
from tests.http_bytes import request, response


def turn_of(first: str = "GET / HTTP/1.1", *fields: str) -> Turn:
    read = read_request(request(first, *fields, host="A:80"))
    return Turn(read, read_target(read), 1.0, 2.0, 7)


@pytest.mark.parametrize(
    ("first", "fields", "again"),
    [
        ("GET / HTTP/1.1", (), True),
        ("HEAD / HTTP/1.0", (), True),
        ("DELETE / HTTP/1.1", (), True),
        ("PUT / HTTP/1.1", (), True),
        ("PUT / HTTP/1.1", ("Content-Length: 1",), False),
        ("GET / HTTP/1.1", ("Transfer-Encoding: chunked",), False),
        ("POST / HTTP/1.1", (), False),
        ("PATCH / HTTP/1.1", (), False),
        ("CONNECT a:1 HTTP/1.1", (), False),
    ],
)
def test_only_what_is_idempotent_and_has_no_body_may_be_sent_again(
    first: str, fields: tuple[str, ...], again: bool
) -> None:
    assert turn_of(first, *fields).again is again


def test_it_is_through_when_its_body_is() -> None:
    turn = turn_of()
    assert turn.through
    turn.body = Pass(1)
    assert not turn.through
    turn.body.count = 0
    assert turn.through
    turn.body, turn.chunks = None, Chunks()
    assert not turn.through
    turn.chunks.done = True
    assert turn.through


def test_what_is_told_of_one_that_was_answered() -> None:
    turn = turn_of("POST /x?\xff HTTP/1.1".replace("\xff", "y"), "Content-Length: 0")
    turn.sent, turn.answered, turn.up, turn.down = b"x", 3.0, 10, 20
    turn.response = read_response(response("HTTP/1.0 404 No"), b"POST")
    assert turn.told(4.0)[:15] == (
        "POST", "/x?y", "HTTP/1.1", "a", 404, True, "done", "", 7, 1.0, 2.0, 3.0, 4.0,
        10, 20,
    )  # fmt: skip


def test_what_is_told_of_one_that_we_answered() -> None:
    told = turn_of().told(4.0, "no_server", "none is up", 503)
    assert (told.status, told.dials, told.answered) == (503, False, None)
    assert (told.ending, told.reason) == ("no_server", "none is up")
