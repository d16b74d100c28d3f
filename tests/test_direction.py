"""What both kinds of direction owe their owner: so many bytes, and back again."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator

import pytest
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol
from zope.interface import implementer

from bridge.net.direction import Direction, join
from bridge.net.splice import Bounded
from tests.between import Between, Flooding
from tests.sessions import reset

SPLICED = {"spliced": Bounded, "flooding": Flooding}
KINDS = (*SPLICED, "plain to plain", "TLS to plain", "plain to TLS", "TLS to TLS")
CLEAR = (*SPLICED, "plain to plain", "plain to TLS")
"""Where a mark of urgent data is the direction's to see."""


def made(kind: str) -> Between:
    if kind in SPLICED:
        return Between("plain to plain", spliced=SPLICED[kind])
    return Between(kind)


@pytest.fixture(params=KINDS)
def between(request: pytest.FixtureRequest) -> Iterator[Between]:
    it = made(request.param)
    it.settle()
    yield it
    it.close()


@pytest.fixture(params=CLEAR)
def clear(request: pytest.FixtureRequest) -> Iterator[Between]:
    it = made(request.param)
    it.settle()
    yield it
    it.close()


def passes(between: Between, count: int) -> bytes:
    """What arrives of an allowance of *count*, and that the owner hears of it once."""
    before, told = len(between.reader.received), len(between.owner.told)
    between.up.allow(count)
    between.until(lambda: len(between.owner.told) > told)
    assert between.owner.told[told:] == ["passed"]
    assert between.up.held == 0
    between.until(lambda: len(between.reader.received) >= before + count)
    between.settle()
    assert between.owner.told[told:] == ["passed"]
    assert len(between.reader.received) == before + count
    return between.reader.received[before:]


# So many bytes


@pytest.mark.parametrize("step", [1, 3, 10])
def test_it_moves_what_it_is_allowed_and_no_byte_more(
    between: Between, step: int
) -> None:
    """That a read was short proves nothing when no more was asked for."""
    data = random.Random(step).randbytes(3 * step)
    between.up.allow(0)
    between.settle()
    between.writer.send(data)
    between.settle()
    assert between.reader.received == b""
    assert between.owner.told == ["passed"]
    for at in range(0, len(data), step):
        assert passes(between, step) == data[at : at + step]
    assert between.up.bytes == len(data)


@pytest.mark.parametrize("size", [16384, 65536, 1 << 20, 2_500_000])
def test_an_allowance_may_be_many_chunks_or_end_within_one(
    between: Between, size: int
) -> None:
    data = random.Random(size).randbytes(size + 100_000)
    between.up.allow(0)
    between.settle()
    between.writer.send(data)
    assert passes(between, size) == data[:size]
    between.up.allow(None)
    between.until(lambda: len(between.reader.received) == len(data))
    assert between.reader.received == data
    assert between.owner.told == ["passed", "passed"]


def test_it_waits_for_what_has_not_come_yet(between: Between) -> None:
    between.up.allow(6)
    between.writer.send(b"abc")
    between.until(lambda: between.reader.received == b"abc")
    between.settle()
    assert between.owner.told == []
    between.writer.send(b"defgh")
    between.until(lambda: between.owner.told == ["passed"])
    between.settle()
    assert between.reader.received == b"abcdef"


def test_who_has_stopped_is_not_woken_by_edges_and_costs_no_turn(
    between: Between,
) -> None:
    between.up.allow(2)
    between.writer.send(b"abc")
    between.until(lambda: between.owner.told == ["passed"])
    for _ in range(5):
        between.writer.send(b"d")
        between.up.move()
        between.settle()
    assert between.owner.told == ["passed"]
    assert not between.turner.pump._again
    assert passes(between, 6) == b"cddddd"


def test_an_owner_may_allow_more_from_within_being_told(between: Between) -> None:
    """However often: it is not called from within itself."""
    data = random.Random(1).randbytes(5000)
    depth, deepest = 0, 0
    told = between.owner.passed

    def passed(direction: Direction) -> None:
        nonlocal depth, deepest
        told(direction)
        depth += 1
        deepest = max(deepest, depth)
        direction.allow(1)
        depth -= 1

    between.owner.passed = passed  # type: ignore[method-assign]
    between.up.allow(1)
    between.writer.send(data)
    between.until(lambda: between.reader.received == data)
    assert deepest == 1
    assert between.up.bytes == len(data)


# What happens at the boundary


def test_the_end_at_the_boundary_is_told_once_more_is_allowed(
    between: Between,
) -> None:
    between.up.allow(5)
    between.writer.send(b"whole")
    between.writer.notify()
    between.until(lambda: between.owner.told)
    between.settle()
    assert between.owner.told == ["passed"]
    between.up.allow(1)
    between.until(lambda: len(between.owner.told) == 2)
    assert between.owner.told == ["passed", "finished"]
    between.until(lambda: between.reader.received == b"whole")


def test_the_end_before_the_boundary_is_the_end(between: Between) -> None:
    between.up.allow(6)
    between.writer.send(b"whole")
    between.writer.notify()
    between.until(lambda: between.owner.told)
    between.settle()
    assert between.owner.told == ["finished"]
    assert between.up.over


def test_a_reset_is_told_although_it_has_stopped(between: Between) -> None:
    between.up.allow(4)
    between.writer.send(b"then gone")
    between.writer.turn()
    between.until(lambda: between.owner.told == ["passed"])
    reset(between.writer.raw)
    between.turner.until(lambda: "source" in between.owner.told)
    between.turner.until(
        lambda: between.reader.turn() or between.reader.received == b"then"
    )
    between.up.allow(None)
    between.turner.until(
        lambda: between.reader.turn() or between.reader.received == b"then gone"
    )
    assert between.up.over


def test_a_sink_that_is_reset_is_told_within_an_allowance(between: Between) -> None:
    between.settle()
    reset(between.reader.raw)
    between.turner.until(lambda: between.owner_down.told)
    between.up.allow(3)
    between.writer.send(b"for nobody")
    between.turner.until(
        lambda: between.writer.turn() or between.owner.told == ["sink"]
    )
    assert between.up.bytes == 3


def test_what_is_held_at_the_boundary_is_passed_on_before_it_says_so(
    between: Between,
) -> None:
    """The sink is full just then."""
    between.stall()
    assert between.up.held
    limit = between.up.bytes
    between.up.allow(0)
    between.settle()
    assert between.owner.told == []
    between.reader.paused = False
    between.until(lambda: between.owner.told)
    assert between.owner.told == ["passed"]
    assert between.up.held == 0
    between.until(lambda: len(between.reader.received) >= limit)
    between.settle()
    assert len(between.reader.received) == limit == between.up.bytes


@pytest.mark.parametrize("step", [1, 2, 3, 5])
def test_an_urgent_mark_counts_as_any_byte(clear: Between, step: int) -> None:
    clear.up.allow(0)
    clear.settle()
    raw = clear.writer.raw
    raw.send(b"ab")
    raw.send(b"!", socket.MSG_OOB)
    raw.send(b"cde?")
    got = b""
    while len(got) + step <= 7:
        got += passes(clear, step)
    clear.up.allow(None)
    clear.until(lambda: clear.reader.received == b"ab!cde?")


# Back again


@implementer(IHalfCloseableProtocol)
class Reading(Protocol):
    def __init__(self) -> None:
        self.received = b""
        self.told: list[str] = []

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    def readConnectionLost(self) -> None:
        self.told.append("end")

    def writeConnectionLost(self) -> None:
        """Not asked for."""

    def connectionLost(self, reason: object = None) -> None:
        self.told.append("lost")


def parted(between: Between, count: int) -> Reading:
    """After *count* bytes, who reads instead."""
    between.up.allow(count)
    between.until(lambda: between.owner.told == ["passed"])
    reading = Reading()
    between.up.part()
    between.source.open(reading)
    return reading


def rejoin(between: Between) -> None:
    between.source.pauseProducing()
    between.up = between.direction(between.source, between.sink, between.owner)
    join(between.up)
    between.up.move()


def test_a_stream_goes_back_to_a_protocol_and_to_a_direction_again(
    between: Between,
) -> None:
    between.writer.send(b"passed|read")
    reading = parted(between, 7)
    between.until(lambda: reading.received == b"read")
    between.writer.send(b" more")
    between.until(lambda: reading.received == b"read more")
    rejoin(between)
    between.writer.send(b"moved")
    between.until(lambda: between.reader.received == b"passed|moved")
    between.writer.notify()
    between.until(lambda: between.owner.told == ["passed", "finished"])
    assert reading.received == b"read more"
    assert reading.told == []


def test_a_protocol_hears_of_an_end_that_had_come_before(between: Between) -> None:
    between.writer.send(b"passed")
    between.writer.notify()
    reading = parted(between, 6)
    between.until(lambda: reading.told)
    assert (reading.received, reading.told) == (b"", ["end"])


def test_a_protocol_hears_of_a_reset(between: Between) -> None:
    between.writer.send(b"passed")
    reading = parted(between, 6)
    between.down.over = True
    reset(between.writer.raw)
    between.turner.until(lambda: reading.told)
    assert reading.told == ["lost"]


def test_one_direction_moves_and_stalls_while_a_protocol_has_the_other(
    between: Between,
) -> None:
    """Room for what is held down comes with edges of a stream that is read up."""
    between.writer.send(b"passed")
    reading = parted(between, 6)
    data = random.Random(1).randbytes(1 << 18)
    between.writer.paused = True
    sent = 0
    while not (between.down.held and between.reader.unsent):
        if not between.reader.unsent:
            between.reader.send(data)
            sent += len(data)
        between.reader.turn()
        between.turner.settle()
    between.writer.send(b"meanwhile")
    between.writer.paused = True
    between.turner.until(
        lambda: between.writer.turn() or reading.received == b"meanwhile"
    )
    between.writer.paused = False
    between.until(lambda: len(between.writer.received) == sent)
    assert between.writer.received == data * (sent // len(data))


def test_a_protocol_may_write_while_nobody_else_does(between: Between) -> None:
    """More than the kernel takes at once, to a stream that a direction reads from."""
    between.down.part()
    data = random.Random(1).randbytes(5_000_000)
    between.source.write(data)
    between.writer.send(b"up goes on")
    between.until(lambda: len(between.writer.received) == len(data))
    assert between.writer.received == data
    between.until(lambda: between.reader.received == b"up goes on")
