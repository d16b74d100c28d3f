"""One event at a time: who is ready waits for its turn, and all come to it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableDescriptor
from zope.interface import directlyProvides

from bridge.control.slices import BUDGET, PAUSE, Slices
from bridge.control.turnstile import Turnstile
from tests.logged import logged
from tests.pumping import HandTurned


class Watched:
    """A descriptor that remembers what it was told."""

    def __init__(self, sock: socket.socket, told: list[str], name: str) -> None:
        self.sock = sock
        self.name = name
        self.lost: list[Any] = []
        self._told = told
        self.answer: Exception | None = None
        self.spend: Callable[[], None] = lambda: None

    def fileno(self) -> int:
        return self.sock.fileno()

    def doRead(self) -> Exception | None:
        self._told.append(f"{self.name} reads")
        self.spend()
        if isinstance(self.answer, KeyError):
            raise self.answer
        return self.answer

    def doWrite(self) -> None:
        self._told.append(f"{self.name} writes")
        self.spend()

    def connectionLost(self, reason: Any) -> None:
        self.lost.append(reason.type)

    def readConnectionLost(self, reason: Any) -> None:
        self._told.append(f"{self.name} reads no more")


class Bed:
    def __init__(self) -> None:
        self.reactor = HandTurned()
        self.slices = Slices(self.reactor)
        self.turnstile = Turnstile(self.reactor, self.slices)
        self.told: list[str] = []
        self._ends: list[socket.socket] = []

    def one(self, name: str) -> tuple[Any, socket.socket]:
        """A descriptor of that *name*, and its other end."""
        here, there = socket.socketpair()
        self._ends += [here, there]
        made = Watched(here, self.told, name)
        made.spend = self._spend
        return made, there

    def _spend(self) -> None:
        """Each event takes all the time that a turn has."""
        self.reactor.rightNow += BUDGET

    def turn(self) -> None:
        """As a reactor would: the readers, then a slice that is due."""
        for reader in tuple(self.reactor.readers):
            reader.doRead()
        self.reactor.advance(1.5 * PAUSE)

    def close(self) -> None:
        self.turnstile.close()
        self.slices.close()
        for end in self._ends:
            end.close()
        assert self.reactor.readers == []


@pytest.fixture
def bed() -> Iterator[Bed]:
    made = Bed()
    yield made
    made.close()


def test_of_many_that_are_ready_one_is_served_in_a_turn(bed: Bed) -> None:
    for name in "abc":
        one, other = bed.one(name)
        bed.turnstile.addReader(one)
        other.send(b"x")
    counts = []
    for _ in range(6):
        bed.turn()
        counts.append(len(bed.told))
    assert counts == [1, 2, 3, 4, 5, 6]
    assert sorted(bed.told[:3]) == ["a reads", "b reads", "c reads"]  # and nobody twice
    assert len(bed.turnstile.getReaders()) == 3


def test_who_is_not_ready_costs_nothing(bed: Bed) -> None:
    one, other = bed.one("a")
    bed.turnstile.addReader(one)
    assert bed.reactor.readers == [bed.turnstile]
    assert bed.reactor.getDelayedCalls() == []
    bed.turnstile.removeReader(one)
    other.send(b"x")
    bed.turn()
    assert bed.told == []


def test_writing_and_reading_are_wanted_each_for_itself(bed: Bed) -> None:
    one, other = bed.one("a")
    bed.turnstile.addReader(one)
    bed.turnstile.addWriter(one)
    bed.turn()
    assert bed.told == ["a writes"]
    other.send(b"x")
    bed.turn()
    assert bed.told[1:] == ["a reads", "a writes"]
    bed.turnstile.removeWriter(one)
    bed.turnstile.removeWriter(one)
    bed.turn()
    assert bed.told[3:] == ["a reads"]
    assert bed.turnstile.getWriters() == []


def test_an_end_is_told_and_half_an_end_where_that_is_known(bed: Bed) -> None:
    one, _ = bed.one("a")
    one.answer = ConnectionDone()
    two, _ = bed.one("b")
    two.answer = ConnectionDone()
    directlyProvides(two, IHalfCloseableDescriptor)
    for descriptor in one, two:
        bed.turnstile.addReader(descriptor)
        descriptor.sock.shutdown(socket.SHUT_RD)  # readable: an end
    bed.turn()
    bed.turn()
    assert one.lost == [ConnectionDone] and two.lost == []
    assert "b reads no more" in bed.told
    assert bed.turnstile.getReaders() == []


def test_who_only_writes_and_is_left_has_lost_its_connection(bed: Bed) -> None:
    one, other = bed.one("a")
    bed.turnstile.addWriter(one)
    other.close()
    bed.turn()
    assert one.lost == [ConnectionLost]


def test_a_bug_costs_one_its_connection_and_the_next_is_served(bed: Bed) -> None:
    one, other = bed.one("a")
    two, its = bed.one("b")
    one.answer = KeyError("bug")
    for descriptor, end in ((one, other), (two, its)):
        bed.turnstile.addReader(descriptor)
        end.send(b"x")
    with logged() as log:
        for _ in range(3):
            bed.turn()
    assert one.lost == [KeyError] and log.tracebacks == 1
    assert "b reads" in bed.told


def test_after_its_end_it_serves_nobody(bed: Bed) -> None:
    one, other = bed.one("a")
    bed.turnstile.addReader(one)
    other.send(b"x")
    for reader in tuple(bed.reactor.readers):
        reader.doRead()
    bed.turnstile.close()
    bed.turn()
    bed.turnstile.removeReader(one)
    bed.turnstile.addWriter(one)
    assert bed.told == [] and bed.turnstile.fileno() == -1
