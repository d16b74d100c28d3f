"""One direction of a session whose bytes are shown to filters."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.filters import Answers, Filter, Pass, PassRest, Reply, Send, Want
from bridge.net.paced import Pace
from bridge.net.relay import Clear
from bridge.session.spliced import MUCH
from tests.filtered import Filtered


@pytest.fixture
def start() -> Iterator[Any]:
    started: list[Filtered] = []

    def begin(*makes: Any, **settings: Any) -> Filtered:
        started.append(Filtered(*makes, **settings))
        return started[-1]

    yield begin
    for each in started:
        each.close()


class Framed(Filter):
    """Four digits say how many bytes follow; they go on as a word."""

    def up(self, data: bytes, ended: bool) -> Answers:
        if not data:
            return ()
        if len(data) < 8:
            return (Want(8),)
        return (Send(b"begin ", 8), Pass(int(data[:8])), Send(b" end", 0))


class Echo(Filter):
    def up(self, data: bytes, ended: bool) -> Answers:
        return (Reply(data), Send(b"")) if data else ()


SIZES = [0, 10, MUCH - 1, MUCH, MUCH + 1, 300_000, 3_000_000]


def send(one: Filtered, data: bytes) -> None:
    """From the client, while the gateway turns."""
    left = memoryview(data)
    while left:
        try:
            left = left[one.client.send(left[:500_000]) :]
        except BlockingIOError:
            pass
        one.turn()


@pytest.mark.parametrize("settings", [{}, {"pace": Pace(50e6, None)}])
def test_large_and_small_messages_go_on_in_order(
    start: Any, settings: dict[str, Any]
) -> None:
    one = start(Framed, **settings)
    source, sent, expected = random.Random(1), b"", b""
    for size in SIZES:
        body = source.randbytes(size)
        sent += b"%08d" % size + body
        expected += b"begin " + body + b" end"
    send(one, sent)
    if settings:
        one.running.advance(1)
        one.turn()
    one.ended_up()
    one.until(lambda: one.ends[1])
    assert one.to_servers == [expected]
    assert one.session.up is not None
    assert one.session.up.bytes == len(sent)


def test_what_the_sink_does_not_take_is_held_and_no_more_is_read(start: Any) -> None:
    one = start(Echo)
    sent = 0
    for _ in range(10_000):
        try:
            sent += one.client.send(b"x" * 65536)
        except BlockingIOError:
            one.running.turner.settle()
            try:
                sent += one.client.send(b"x" * 65536)
            except BlockingIOError:
                break
    down = one.session.down
    assert down is not None and 0 < down.held <= 3 * MUCH
    one.until(lambda: len(one.to_client) == sent)
    assert not down.held


def test_a_head_and_what_came_of_its_body_leave_in_one_segment(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = start(Framed)
    pushed: list[bytes] = []
    put = Clear.put

    def noted(end: Clear, data: bytes, flags: int = 0) -> int:
        pushed.append(data)
        return put(end, data, flags)

    monkeypatch.setattr(Clear, "put", noted)
    one.up(b"00000004abcd")
    assert pushed == [b"begin abcd end"]


def test_an_end_in_the_middle_of_a_spliced_body_is_shown(start: Any) -> None:
    shown: list[tuple[int, bool]] = []

    class Cut(Filter):
        body: Pass | None = None

        def up(self, data: bytes, ended: bool) -> Answers:
            if self.body is not None:
                shown.append((self.body.count, ended))
                return ()
            self.body = Pass(1_000_000)
            return (self.body, Send(b"never", 0))

    one = start(Cut)
    one.up(b"x" * 100)
    one.up(b"x" * 100)
    assert one.session.up.spliced
    one.ended_up()
    assert shown == [(1_000_000 - 200, True)]
    assert one.to_servers == [b"x" * 200]
    assert one.ends[1]


def test_a_reply_goes_between_the_bytes_that_pass(start: Any) -> None:
    class Back(Filter):
        def up(self, data: bytes, ended: bool) -> Answers:
            return (Reply(data), Send(b"")) if data else ()

        def down(self, data: bytes, ended: bool) -> Answers:
            return (PassRest(),)

    one = start(Back)
    one.down(b"one ")
    one.down(b"two ")
    assert one.session.down.spliced
    one.up(b"reply ")
    one.down(b"three")
    assert one.to_client == b"one two reply three"
