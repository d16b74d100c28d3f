"""
What all sessions of one front have in common, and what never changes of it.

A session is small because everything that is the same for its whole front stands here,
once: how long things may take, who says who may come in, where to, and who is told.
Not here: what changes while the front runs (``live``, ``admission``).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from bridge.session.flow import stages

if TYPE_CHECKING:
    from bridge.filters.use import Use
    from bridge.net.column import Column
    from bridge.net.paced import Pace
    from bridge.net.pipes import Pipes
    from bridge.net.pump import Pump
    from bridge.net.room import Room
    from bridge.net.security import Security
    from bridge.net.signing import Offer
    from bridge.net.sockaddr import SocketAddress
    from bridge.session.admission import Admission
    from bridge.session.destination import Destination, Routes
    from bridge.session.flow import Event, State
    from bridge.session.sampling import Sampling
    from bridge.watch.exchange import Exchange
    from bridge.watch.record import Record
    from bridge.watch.repeated import Repeated

Trace = Callable[[str, "SocketAddress", "State", "Event", "State"], None]
"""Front, client, and the transition: from which state, by what, to which."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds, as in the configuration's ``timeouts`` of a front."""

    open: float
    idle: float | None
    half_closed: float
    close: float
    greeting: float = 3.0
    gone: float | None = None
    """``user_timeout`` of its profile: after so long without an answer one is gone."""


@dataclass(slots=True, eq=False)
class House:
    """What all fronts of this process share.  Only ``trace`` changes."""

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
    column: Column | None = None
    """Where this process counts, if it is one of several."""
    seconds: Callable[[], float] = field(init=False)
    """The time now, on the monotonic clock."""

    def __post_init__(self) -> None:
        self.seconds = self.pump.reactor.seconds
        self.pump.pipes = self.pipes

    def next_name(self) -> str:
        """For one session."""
        return f"{self.prefix}-{next(self.numbers)}"


class Securities(Protocol):
    """Certificates by the names that are theirs."""

    @property
    def first(self) -> Security | None:
        """For a client whose hello cannot be read; None: it is refused."""

    def find(self, name: str | None, offer: Offer | None = None) -> Security | None:
        """For a client that asks for *name* and offers that; None: it is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """
    The terms on which sessions of *front* live.

    They go to *destination*, or where *routes* lead by the name that a client asks for.
    """

    house: House
    front: str
    timeouts: Timeouts
    admission: Admission
    pace: Pace | None = None
    """How much may be moved in a time; None: all there is."""
    destination: Destination | None = None
    routes: Routes | None = None
    security: Security | None = None
    """How TLS is spoken with clients."""
    securities: Securities | None = None
    """Several, of which one is chosen by the name that a client asks for."""
    told: Callable[[Record], None] | None = None
    """Gets each session's record; None: nobody wants any."""
    needs_sides: bool = False
    """Whether records tell what the two sockets knew."""
    sampling: Sampling | None = None
    """Looks at clients' paths as they come."""
    filters: tuple[Use, ...] = ()
    """What reads or changes bytes, from the client's side on."""
    exchange_told: Callable[[Any, Exchange], None] | None = None
    """Gets what filters tell of a session's requests, with that session."""
    stages: tuple[Event, ...] = field(init=False)
    """What an admitted client goes through until there is a farm: see ``flow``."""
    passed: frozenset[int] = field(init=False)
    """The fields of such a header that any destination is told again."""
    resent: int = field(init=False)
    """
    The version of such a header that may stay where it is, in front of the client's own
    bytes, for servers to get it as it came; 0: none.
    """

    def __post_init__(self) -> None:
        secures = self.security is not None or self.securities is not None
        secures &= not any(use.secures_later for use in self.filters)
        filters = any(use.reads_first for use in self.filters)
        # What leads to a farm then is the filter's to read.
        reads = self.routes is not None and not filters
        each = stages(reads=reads, secures=secures, filters=filters)
        object.__setattr__(self, "stages", each)
        sent = (each.send_proxy for each in self.destinations)
        passed = frozenset(kind for how in sent if how for kind in how.passed)
        object.__setattr__(self, "passed", passed)
        object.__setattr__(self, "resent", self._resent())

    def _resent(self) -> int:
        """Nothing may be read or said between it and what follows, or be counted."""
        to = self.destination
        if to is None or to.send_proxy is None or not to.clear:
            return 0
        between = (self.security, self.securities, self.pace, self.filters or None)
        alone = between == (None,) * 4 and not to.send_proxy.added
        return to.send_proxy.version if alone else 0

    @property
    def destinations(self) -> tuple[Destination, ...]:
        """Each that a session may go to, once."""
        if self.routes is not None:
            return tuple(self.routes.all())
        return () if self.destination is None else (self.destination,)
