"""What changes of a front while it runs."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.task import Clock

from bridge.net.address import Networks
from bridge.net.door import Door
from bridge.session.admission import Admission
from bridge.session.destination import Destination
from bridge.session.flow import Ending
from bridge.session.live import Live
from tests.sessions import TIMEOUTS

A, B = (Destination(farm, seconds) for farm, seconds in ((1, 2.0), (2, 4.0)))  # type: ignore[arg-type]


class Noted:
    """A session, and whatever else has a deadline."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def late(self) -> None:
        self.heard.append("late")

    def silent(self) -> None:
        self.heard.append("silent")

    def unanswered(self) -> None:
        self.heard.append("unanswered")


class Terms:
    timeouts = TIMEOUTS
    destinations = (A, B)
    admission = Admission(Door(Networks(), Networks()), 10)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def live(clock: Clock) -> Live[Noted]:
    terms: Any = Terms
    return Live(clock, terms)


def test_who_enters_counts_until_it_leaves(live: Live[Noted]) -> None:
    one, other = Noted(), Noted()
    live.enter(one, 0.0)
    live.enter(other, 0.0)
    assert live.sessions == {one, other} and live.counters.accepted == 2
    live.leave(one, Ending.DONE, 5, 7, 0.0)
    live.leave(other, Ending.IDLE, 1, 2, 0.0)
    assert live.sessions == set() and not live.opening
    counters = live.counters
    assert (counters.accepted, counters.up, counters.down) == (2, 6, 9)
    assert counters.endings == {"done": 1, "idle": 1}


def test_how_long_they_lasted_is_for_who_wants_to_know(
    live: Live[Noted], clock: Clock
) -> None:
    lasted: list[float] = []
    live.counters.lasted = lasted
    clock.advance(100)
    one = Noted()
    live.enter(one, 97.5)
    live.leave(one, Ending.DONE, 5, 7, 97.5)
    assert lasted == [2.5]


def test_open_runs_from_the_accept_on(live: Live[Noted], clock: Clock) -> None:
    clock.advance(100)
    one = Noted()
    live.enter(one, 99.0)
    clock.advance(TIMEOUTS.open - 1.5)
    assert one.heard == []
    clock.advance(1.5)
    assert one.heard == ["late"]
    assert one in live.sessions, "what follows is the session's"


def test_every_destination_has_its_own_time(live: Live[Noted], clock: Clock) -> None:
    for destination, seconds in ((A, 2.0), (B, 4.0)):
        one, deadlines = Noted(), live.dialing[destination]
        deadlines[one] = clock.seconds() + deadlines.seconds
        deadlines.arm()
        clock.advance(seconds - 0.1)
        assert one.heard == []
        clock.advance(0.2)
        assert one.heard == ["unanswered"]


def test_silence_has_its_time(live: Live[Noted], clock: Clock) -> None:
    one = Noted()
    live.greeting[one] = clock.seconds() + live.greeting.seconds
    live.greeting.arm()
    clock.advance(TIMEOUTS.greeting + 0.1)
    assert one.heard == ["silent"]


def test_closed_it_has_no_timers(live: Live[Noted], clock: Clock) -> None:
    live.enter(Noted(), 0.0)
    live.greeting[Noted()] = live.dialing[A][Noted()] = 1.0
    live.greeting.arm()
    live.dialing[A].arm()
    live.close()
    assert clock.getDelayedCalls() == []
