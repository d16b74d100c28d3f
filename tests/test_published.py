"""What a gateway that was alone tells those who follow it."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.task import Clock

from bridge.net.board import Board
from bridge.net.crowd import Crowd
from bridge.net.room import Room
from bridge.service.published import EVERY, SHARE, Counts, Published, counts
from tests.logged import logged
from tests.sharing import Together
from tests.test_mapped import Running as Map


class Alone:
    """What there is, as the test says, and who is told."""

    def __init__(self) -> None:
        self.board, self.clock = Board.create(2, 256), Clock()
        self.has: dict[tuple[str | int, ...], int] = {}
        self.takes = 0.0
        self.breaks = False
        self.told = Published(self.board.column(0), self.clock, self.counted)

    def counted(self) -> Counts:
        self.clock.rightNow += self.takes
        if self.breaks:
            raise RuntimeError
        yield from self.has.items()

    def seen(self, *what: str | int) -> int:
        return self.board.column(1).others(self.board.key(*what))  # type: ignore[arg-type]


@pytest.fixture
def alone() -> Iterator[Alone]:
    made = Alone()
    yield made
    made.board.close()


def test_what_there_is_is_told_until_it_ends(alone: Alone) -> None:
    alone.has = {("sessions",): 5, ("front", "web"): 3}
    alone.told.begin()
    assert (alone.seen("sessions"), alone.seen("front", "web")) == (5, 3)
    alone.has = {("sessions",): 4, ("front", "mail"): 1}
    assert alone.seen("sessions") == 5
    alone.clock.advance(EVERY)
    seen = [alone.seen("sessions"), alone.seen("front", "web")]
    assert (*seen, alone.seen("front", "mail")) == (4, 0, 1)
    alone.told.stop()
    assert (alone.seen("sessions"), alone.seen("front", "mail")) == (0, 0)
    assert alone.clock.getDelayedCalls() == []


def test_however_much_there_is_it_takes_little_of_the_time(alone: Alone) -> None:
    alone.takes = 1.0
    alone.told.begin()
    (call,) = alone.clock.getDelayedCalls()
    assert call.getTime() - alone.clock.seconds() == SHARE


def test_what_cannot_be_told_is_not_counted_on(alone: Alone) -> None:
    alone.has = {("sessions",): 5}
    alone.told.begin()
    alone.breaks = True
    with logged() as log:
        alone.clock.advance(EVERY)
    assert (log.tracebacks, alone.seen("sessions")) == (1, 0)
    assert alone.clock.getDelayedCalls() == []
    alone.told.stop()


def test_everything_that_is_limited_is_told() -> None:
    """By the names that others know it by: what is told keeps them out."""
    crowd = Crowd(2, None)
    assert crowd.enter(7, 0.0) is crowd.enter(-7, 0.0) is crowd.enter(7, 0.0) is None
    front: Any = SimpleNamespace(name="web", sessions=3, sources=crowd.each())
    room = Room(10)
    room.taken = 4
    behind = Map(most=1)
    server = behind.come("01").choose()
    assert server is not None
    all_ = Together(2, 2)
    try:
        one, other = all_.processes
        one.take(2)
        farms: Any = SimpleNamespace(
            values=lambda: [one.farm], mapped={"legacy": behind.mapped}
        )
        told = dict(counts(room, [front], farms))
        assert told == {
            ("sessions",): 4,
            ("front", "web"): 3,
            ("source", "web", 7): 2,
            ("source", "web", -7): 1,
            ("server", "web", "a", "192.0.2.0", 80): 2,
            ("server", "legacy", server.name, "192.0.2.1", 80): 1,
        }
        one.claims.close()
        all_.board.clear(1)
        published = Published(all_.board.column(0), all_.clock, lambda: iter([]))
        published._counted = lambda: iter(told.items())
        published.begin()
        assert other.take() == 0
        published.stop()
        all_.look()
        assert other.take() == 1
    finally:
        all_.close()
