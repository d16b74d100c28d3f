"""The filter of mode http in its session, on real sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bridge.filters.http import HttpFilter
from tests.filtered import Filtered
from tests.http_bytes import OK, OK_CHUNKED, request, response

Start = Callable[..., Filtered]
ONE, TWO = request(host="one"), request("GET /2 HTTP/1.1", host="one")
LARGE = 300_000
UNASKED = response("HTTP/1.1 200 OK", "Content-Length: 4") + b"evil"


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a front of mode http; settings are those of ``Filtered``."""
    started: list[Filtered] = []

    def begin(**settings: Any) -> Filtered:
        started.append(Filtered(HttpFilter, **settings))
        return started[-1]

    yield begin
    for each in started:
        each.close()


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        OK_CHUNKED,
        response("HTTP/1.1 200 OK", f"Content-Length: {LARGE}") + b"x" * LARGE,
        response("HTTP/1.1 200 OK", "Content-Length: 65490") + b"x" * 65490,
    ],
    ids=["small", "chunked", "large", "that fills a read"],
)
def test_what_stands_behind_an_answer_is_not_the_next_requests(
    start: Start, answer: bytes
) -> None:
    """
    Or a server that answers HEAD with a body, say, has said what the next request that
    waits here, by a client in front of many others, is answered.
    """
    one = start()
    one.up(ONE + TWO)
    one.servers[-1].setblocking(True)
    one.running.turner.settle()
    with_it = answer + UNASKED
    one.servers[-1].setblocking(False)
    while with_it:
        sent = one.servers[-1].send(with_it)
        with_it = with_it[sent:]
        one.turn()
    one.until(lambda: len(one.servers) == 2)
    one.down(OK)
    assert one.to_client == answer + OK
    assert [each.startswith(b"GET /2") for each in one.to_servers] == [False, True]
