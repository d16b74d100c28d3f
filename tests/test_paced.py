"""Directions with a limit: how much passes, what waits, and that nothing is lost."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from bridge.net.bandwidth import BURST, STEP, Allowance, Bandwidth
from bridge.net.direction import Direction, join
from bridge.net.marks import ENDED, URGENT
from bridge.net.paced import Pace, Paced, PacedRelay, PacedSplice
from bridge.net.pipes import Pipes
from bridge.net.stream import Stream
from tests.pumping import Owner, Turner, tcp_pair
from tests.sessions import reset

MBIT = 125_000
RATE = 100 * MBIT
TICK = 0.001


class Driving(Owner):
    """An owner that lets its directions move so much at a time."""

    def passed(self, direction: Direction) -> None:
        self.told.append("passed")


class Line:
    """writer -> source, sink -> reader; the way back is of the same kind."""

    def __init__(self, turner: Turner, kind: str, *limits: Bandwidth) -> None:
        self.turner = turner
        self.pipes = turner.pump.pipes = Pipes(16)
        self.owner = Driving()
        self.writer, source = tcp_pair()
        sink, self.reader = tcp_pair()
        for end in (self.writer, self.reader):
            end.setblocking(False)
        self.source = self.owner.source = turner.stream(source)
        self.sink = turner.stream(sink)
        self.up = self._made(kind, (self.source, self.sink), Allowance(*limits))
        self.down = self._made(kind, (self.sink, self.source), Allowance(*limits))
        join(self.up, self.down)
        self.got = bytearray()
        self.ended = False

    def _made(
        self, kind: str, ends: tuple[Stream, Stream], allowance: Allowance
    ) -> Paced:
        if kind == "splice":
            return PacedSplice(ends, self.owner, allowance)
        return PacedRelay(ends, self.owner, allowance)

    def read(self) -> bool:
        """What has come.  False: for use in conditions."""
        with suppress(BlockingIOError, ConnectionResetError):
            while data := self.reader.recv(1 << 20):
                self.got += data
            self.ended = True
        return False

    def fill(self) -> None:
        with suppress(BlockingIOError):
            while True:
                self.writer.send(b"x" * (1 << 18))

    def run(self, seconds: float, *, fill: bool = False, read: bool = True) -> bool:
        """Turn for so long, by the clock of the test.  False: for use in conditions."""
        for _ in range(round(seconds / TICK)):
            if fill:
                self.fill()
            self.turner.turn()
            self.turner.turn()
            if read:
                self.read()
            self.turner.reactor.advance(TICK)
        return False

    def close(self) -> None:
        for direction in (self.up, self.down):
            direction.stop()
        for end in (self.writer, self.reader, self.source, self.sink):
            end.close()
        self.pipes.close()


@pytest.fixture(params=["splice", "relay"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def line(turner: Turner, kind: str) -> Iterator[Line]:
    made = Line(turner, kind, Bandwidth(RATE))
    yield made
    made.close()


def test_so_much_passes_in_a_second_and_neither_less_nor_more(line: Line) -> None:
    line.run(1.0, fill=True)
    most = RATE * (1.0 + BURST + STEP)
    assert 0.9 * RATE < len(line.got) <= most
    line.turner.until(lambda: line.read() or len(line.got) == line.up.bytes)


def test_what_waits_is_in_the_kernel_and_the_direction_says_that_it_waits(
    line: Line,
) -> None:
    line.run(0.3, fill=True)
    assert line.up.waits
    assert not line.up.held
    assert not line.down.waits
    moved = line.up.bytes
    line.up.move()  # bytes that come do not shorten the wait, nor ask the clock
    line.up.run()
    assert line.up.bytes == moved


def test_a_small_message_does_not_wait(line: Line) -> None:
    for _ in range(50):
        line.writer.send(b"x" * 100)
        line.run(0.01)
        assert not line.up.waits
    assert len(line.got) == 5000


def test_a_fin_comes_after_the_last_byte_that_had_to_wait(line: Line) -> None:
    line.fill()
    sent = 0
    line.run(0.02, fill=True)
    line.writer.shutdown(socket.SHUT_WR)
    line.run(0.1)
    assert line.owner.told == []
    line.turner.until(lambda: line.run(0.05) or line.owner.told)
    assert line.owner.told == ["finished"]
    line.sink.end()
    line.turner.until(lambda: line.run(0.01) or line.ended)
    sent = line.up.bytes
    assert len(line.got) == sent > RATE / 50


def test_a_reset_waits_for_what_was_received_before_it(line: Line) -> None:
    """At the same rate: a limit that a reset ends would be none."""
    line.run(0.02, fill=True)
    reset(line.writer)
    line.turner.settle()
    assert "source" in line.owner.told  # by the event; the bytes are still there
    line.source.marks |= ENDED | URGENT
    line.up.move()
    before = line.up.bytes
    assert not line.up.over
    line.turner.until(lambda: line.run(TICK) or line.up.over)
    assert before < line.up.bytes
    assert line.up.bytes < RATE * (line.turner.reactor.seconds() + BURST + STEP)
    line.run(0.01)
    assert len(line.got) == line.up.bytes


def test_a_sink_that_is_full_is_not_read_for_and_goes_on_later(line: Line) -> None:
    line.run(1.0, fill=True, read=False)
    assert line.up.held
    assert not line.up.waits
    stalled = line.up.bytes
    line.run(0.5, fill=True, read=False)
    assert line.up.bytes == stalled
    line.run(0.5, fill=True)
    assert line.up.bytes - stalled > 0.75 * RATE / 2
    assert line.up.bytes - stalled < RATE * (0.5 + BURST + STEP)


def test_one_that_stops_while_it_waits_leaves_its_slot_to_others(
    turner: Turner, kind: str
) -> None:
    front = Bandwidth(RATE)
    one, other = Line(turner, kind, front), Line(turner, kind, front)
    for _ in range(200):
        one.fill()
        one.read()
        other.run(TICK, fill=True)
    half = other.up.bytes
    assert 0.6 * one.up.bytes < half < 1.6 * one.up.bytes
    while not one.up.waits:
        one.run(TICK, fill=True)
    slot = front.slot
    one.up.stop()
    assert front.slot > slot
    assert not one.up.waits
    before = len(other.got)
    other.run(0.5, fill=True)
    assert 0.75 * RATE / 2 < len(other.got) - before < RATE * (0.5 + BURST + STEP)
    one.close()
    other.close()


def test_idle_sessions_take_nothing_from_those_that_move(
    turner: Turner, kind: str
) -> None:
    front = Bandwidth(RATE)
    lines = [Line(turner, kind, front) for _ in range(10)]
    for each in lines:
        each.writer.send(b"hello")
    lines[0].run(0.1)
    lines[0].run(0.5, fill=True)
    assert 0.75 * RATE / 2 < len(lines[0].got) < RATE * (0.5 + BURST + STEP)
    for each in lines:
        each.close()


def test_an_owner_may_allow_less_and_hears_of_it_once(line: Line) -> None:
    line.up.allow(5_000_000)
    line.run(0.2, fill=True)
    assert line.owner.told == []
    line.run(0.4, fill=True)
    assert line.owner.told == ["passed"]
    assert len(line.got) == 5_000_000
    line.up.allow(1)
    line.run(0.1)
    assert line.owner.told == ["passed", "passed"]
    assert len(line.got) == 5_000_001
    line.up.allow(None)
    line.run(0.3, fill=True)
    assert len(line.got) > 6_000_000


def test_one_that_parts_waits_no_more(line: Line) -> None:
    while not line.up.waits:
        line.run(TICK, fill=True)
    line.up.part()
    moved = line.up.bytes
    line.down.stop()
    line.source.paused = True
    line.run(0.1)
    assert not line.up.waits
    assert line.up.bytes == moved


def test_a_bug_takes_nothing_from_the_others(turner: Turner, kind: str) -> None:
    """What was granted and not moved is given back."""
    limit = Bandwidth(RATE)
    line = Line(turner, kind, limit)
    line.source.close()
    line.up._from = line.turner.pump.pipes = None  # type: ignore[assignment, attr-defined]
    with pytest.raises((TypeError, AttributeError)):
        line.up.move()
    turner.pump.pipes = line.pipes
    assert Allowance(limit).take(0.0, 1 << 20) == limit.slot
    assert line.up.limit is None
    line.close()


def test_a_front_has_one_limit_for_each_way_and_each_session_its_own(
    turner: Turner,
) -> None:
    pace = Pace(session=RATE, front=2 * RATE)
    pipes = turner.pump.pipes = Pipes(4)
    ends = [end for _ in range(2) for end in tcp_pair()]
    streams = [turner.stream(end) for end in ends]
    up, down = pace.directions(streams[0], streams[2], Owner())
    third, _ = pace.directions(streams[1], streams[3], Owner())
    assert isinstance(up, PacedSplice)
    assert up.paced and down.paced
    ups, downs, thirds = (each._allowance._limits for each in (up, down, third))
    assert [limit.rate for limit in ups] == [RATE, 2 * RATE]
    assert ups[1] is thirds[1] is not downs[1]
    assert len({ups[0], downs[0], thirds[0]}) == 3
    alone = Pace(session=None, front=RATE)
    only = alone.directions(streams[0], streams[1], Owner())
    assert [limit.rate for limit in only[0]._allowance._limits] == [RATE]
    for stream in streams:
        stream.close()
    pipes.close()
