"""
What all sessions of one front have in common.

A session is small because everything that is the same for its whole front lives
here, once: where to go, how long things may take, and who is told.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bridge.session.deadlines import Deadlines
from bridge.watch.counters import Counters

if TYPE_CHECKING:
    from bridge.farm.farm import Farm
    from bridge.net.port import Room
    from bridge.net.pump import Pump
    from bridge.net.splice import Pipes
    from bridge.session.flow import Event, State
    from bridge.session.session import Session
    from bridge.watch.record import Record

Trace = Callable[["Session", "State", "Event"], None]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds, as in the configuration's ``timeouts`` of a front and farm."""

    open: float
    connect: float
    idle: float
    half_closed: float
    close: float


@dataclass(frozen=True, slots=True)
class House:
    """What all fronts of this process share."""

    pump: Pump
    pipes: Pipes
    room: Room
    prefix: str
    """Begins the name of every session, and differs between runs."""
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    trace: Trace | None = None
    """Told of every transition; None unless the log level is debug."""


class Terms:
    """The terms on which sessions of *front* live.  *told* gets each one's record."""

    def __init__(
        self,
        house: House,
        front: str,
        farm: Farm,
        timeouts: Timeouts,
    ) -> None:
        self.house = house
        self.front = front
        self.farm = farm
        self.timeouts = timeouts
        self.told: Callable[[Record], None] | None = None
        """Gets each session's record; None: nobody wants any."""
        self.needs_sides = False
        """Whether records tell what the two sockets knew."""
        self.sessions: set[Session] = set()
        self.counters = Counters()
        clock = house.pump.reactor
        self.seconds = clock.seconds
        """The time now, on the monotonic clock."""
        self.opening: Deadlines[Session] = Deadlines(clock, timeouts.open, _late)
        self.dialing: Deadlines[Session] = Deadlines(
            clock, timeouts.connect, _unanswered
        )


def _late(session: Session) -> None:
    session.late()


def _unanswered(session: Session) -> None:
    session.unanswered()
