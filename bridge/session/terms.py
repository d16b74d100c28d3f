"""
What all sessions of one front have in common.

A session is small because everything that is the same for its whole front lives
here, once: where to go, how long things may take, and who is told.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from bridge.net.deadlines import Deadlines
from bridge.session.flow import Event
from bridge.watch.counters import Counters

if TYPE_CHECKING:
    from bridge.farm.farm import Farm
    from bridge.net.pipes import Pipes
    from bridge.net.port import Room
    from bridge.net.pump import Pump
    from bridge.net.security import Security
    from bridge.net.signing import Offer
    from bridge.session.attempt import Reaching
    from bridge.session.choosing import Routes
    from bridge.session.flow import State
    from bridge.session.session import Session
    from bridge.watch.record import Record
    from bridge.watch.repeated import Repeated

Trace = Callable[["Session", "State", Event], None]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds, as in the configuration's ``timeouts`` of a front and farm."""

    open: float
    connect: float
    idle: float | None
    half_closed: float
    close: float
    greeting: float = 3.0
    front_gone: float | None = None
    """``user_timeout`` of the front's profile, and of the farm's."""
    back_gone: float | None = None


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
    failures: Repeated | None = None
    """Told of sessions that fail; None: nobody wants to know."""


class Securities(Protocol):
    """Certificates by the names that are theirs."""

    @property
    def first(self) -> Security | None:
        """For a client whose hello cannot be read; None: it is refused."""

    def find(self, name: str | None, offer: Offer | None = None) -> Security | None:
        """For a client that asks for *name* and offers that; None: it is refused."""


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
        self.security: Security | None = None
        """How TLS is spoken with clients; None: it is not."""
        self.securities: Securities | None = None
        """Several, of which one is chosen by the name that a client asks for."""
        self.routes: Routes | None = None
        """Where sessions go by that name, unopened; None: to *farm*."""
        self.routed: list[Terms] = []
        """Those that ``towards`` made of these."""
        self.told: Callable[[Record], None] | None = None
        """Gets each session's record; None: nobody wants any."""
        self.needs_sides = False
        """Whether records tell what the two sockets knew."""
        self.sessions: set[Session] = set()
        self.counters = Counters()
        clock = house.pump.reactor
        self.seconds = clock.seconds
        """The time now, on the monotonic clock."""
        self.opening: Deadlines[Reaching] = Deadlines(clock, timeouts.open, _late)
        self.greeting: Deadlines[Session] = Deadlines(clock, timeouts.greeting, _silent)
        """Of clients that have not said a word, in front of ``routes``."""
        self.dialing: Deadlines[Reaching] = Deadlines(
            clock, timeouts.connect, _unanswered
        )

    @property
    def admits(self) -> Event:
        """What a client's admission leads to."""
        if self.routes is not None:
            return Event.TO_READ
        if self.security is not None or self.securities is not None:
            return Event.TO_SECURE
        return Event.ADMITTED

    def towards(self, farm: Farm, connect: float, gone: float | None = None) -> Terms:
        """
        The same, for the sessions that a route takes to *farm*, whose servers have
        *connect* seconds to answer a dial, and *gone* whatever is sent to them.
        """
        terms = copy(self)
        terms.farm = farm
        terms.timeouts = replace(self.timeouts, connect=connect, back_gone=gone)
        terms.dialing = Deadlines(self.house.pump.reactor, connect, _unanswered)
        self.routed.append(terms)
        return terms


def _late(session: Reaching) -> None:
    session.late()


def _silent(session: Session) -> None:
    session.silent()


def _unanswered(session: Reaching) -> None:
    session.unanswered()
