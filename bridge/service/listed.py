"""
Which sessions are listed, of however many: those that were asked for, the first of them
by age or bytes, found in steps and in bounded memory.

Not here: what is told of each (``told``).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any, TypeVar

from bridge.control.orders import PIECE, SHOWN, AnswerError
from bridge.control.slices import Steps
from bridge.net.address import parse_network
from bridge.net.hosts import number
from bridge.net.prefixes import Network, Prefixes
from bridge.service.moving import STILL, Rates
from bridge.service.told import Told, of_session, progress, sides_of
from bridge.session.flow import State

if TYPE_CHECKING:
    from bridge.service.front import RunningFront
    from bridge.session.session import Session

T = TypeVar("T")

SCANNED = 100
"""Sessions that are looked at in a slice: less than a tenth of a millisecond."""

JUDGED = 8
"""Sessions in a slice that are told; what limits them the kernel is asked."""

ASKED = 4
"""Sessions in a slice of whose sockets the kernels are asked."""

STATES = tuple(state.name.lower() for state in State if state is not State.CLOSED)


def living(fronts: Iterable[RunningFront]) -> Iterator[Session]:
    """Those of *fronts*; some may be over when it is their turn."""
    for front in tuple(fronts):
        yield from tuple(front.living)


def slices(things: Iterable[T], most: int = PIECE) -> Iterator[T | None]:
    """*things*, and None after each *most* of them, for a slice to end."""
    for count, thing in enumerate(things, 1):
        yield thing
        if count % most == 0:
            yield None


def pieces(things: Iterable[T], most: int) -> Iterator[list[T]]:
    """*things* in lists of so many at *most*, one for each slice."""
    each = iter(things)
    while piece := list(islice(each, most)):
        yield piece


@dataclass(frozen=True)
class Wanted:
    """What sessions must be to be listed; None: that does not matter."""

    front: str | None = None
    farm: str | None = None
    server: str | None = None
    state: str | None = None
    clients: Prefixes | None = None
    """Whose they are."""
    unix: bool = False
    """Those of clients without address."""
    sort: str = "age"
    reverse: bool = False
    """The youngest or the least first."""
    limit: int = SHOWN
    sides: bool = False
    """With what both kernels know of each that is listed."""
    sums: bool = False
    """With what all that are as wanted move, server by server; sorted by rate only."""

    @classmethod
    def of(cls, args: Mapping[str, Any]) -> Wanted:
        """As the arguments of ``sessions`` say.  Raises AnswerError."""
        rest = dict(args)
        if rest.get("sums") and rest.get("sort") != "rate":
            raise AnswerError("sessions: sums are of rates: write sort rate")
        client, state = rest.pop("client", None), rest.get("state")
        if state is not None and state not in STATES:
            raise AnswerError(f"{state} is no state: it is one of {', '.join(STATES)}")
        if client == "unix":
            rest["unix"] = True
        elif client is not None:
            try:
                network: Network = parse_network(client)
            except ValueError as error:
                raise AnswerError(str(error)) from None
            rest["clients"] = Prefixes([network])
        return cls(**rest)

    @property
    def everybody(self) -> bool:
        """It has any."""
        which = self.front, self.farm, self.server, self.state, self.clients
        return not self.unix and which.count(None) == len(which)

    def has(self, session: Session) -> bool:
        """Whether it is one of these."""
        if self.front is not None and session.terms.front != self.front:
            return False
        if self.state is not None and session.state.name.lower() != self.state:
            return False
        farm, server = _goes(session)
        if self.farm not in (None, farm) or self.server not in (None, server):
            return False
        if self.clients is None and not self.unix:
            return True
        host = session.client[0]
        if self.clients is None:
            return host == "unix"
        return self.clients.longest(number(host)) is not None


def _goes(session: Session) -> tuple[str | None, str | None]:
    """The names of its farm and its server, as far as it has them."""
    place, destination = session.place, session.destination
    server = place.server if place is not None else None
    return (
        destination.farm.name if destination is not None else None,
        server.name if server is not None else None,
    )


RANKS: Mapping[str, Callable[[Session], float]] = {
    "age": lambda session: -session.accepted,
    "bytes": lambda session: sum(progress(session)),
    "up": lambda session: progress(session)[0],
    "down": lambda session: progress(session)[1],
}
"""What the first ones have most of, but for ``rate``, which needs two looks."""


Move = tuple[float, float]
"""Bytes a second, up and down."""

_First = tuple[float, int, "Session", Move]
"""What it is sorted by, and by when it was met; no two are equal in both."""


class Listed:
    """The sessions that are *wanted*; *now* tells the time, *rates* what they move."""

    def __init__(
        self, wanted: Wanted, now: Callable[[], float], rates: Rates | None = None
    ) -> None:
        self._wanted = wanted
        self._now = now
        self._rates = (rates or Rates()) if wanted.sort == "rate" else None
        self.total = 0
        """Sessions there are."""
        self.matching = 0
        """Of these, those that are as wanted, listed or not."""
        self._first: list[_First] = []
        self._sums: dict[tuple[str | None, str | None], list[float]] = {}

    def take(self, sessions: Iterable[Session]) -> Steps[list[Told]]:
        """Those of *sessions* that are listed, in order."""
        if self._rates is not None:
            self._rates.look(self._now())
        for piece in pieces(sessions, SCANNED):
            self._scan([each for each in piece if each.state is not State.CLOSED])
            yield
        told = []
        first = _last_first(self._first)
        for each in slices(first, ASKED if self._wanted.sides else JUDGED):
            if each is None:
                yield
            elif each[0].state is not State.CLOSED:
                told.append(self._told(*each))
        told.reverse()
        return told

    def _scan(self, sessions: Sequence[Session]) -> None:
        """Keep those that are among the first so far."""
        wanted, first, rates = self._wanted, self._first, self._rates
        self.total += len(sessions)
        # Of all of them, also where few are wanted: for the next look.
        still = repeat(STILL, len(sessions))
        moves = rates.of(sessions) if rates is not None else still
        rank = RANKS.get(wanted.sort)
        sign = -1 if wanted.reverse else 1
        everybody = wanted.everybody
        for session, move in zip(sessions, moves, strict=True):
            if not (everybody or wanted.has(session)):
                continue
            self.matching += 1
            if wanted.sums:
                self._add(session, move)
            ranks = sign * (rank(session) if rank is not None else move[0] + move[1])
            if len(first) < wanted.limit:
                heapq.heappush(first, (ranks, -self.matching, session, move))
            elif ranks > first[0][0]:  # who comes first of equals stays
                heapq.heapreplace(first, (ranks, -self.matching, session, move))

    def _add(self, session: Session, move: Move) -> None:
        """It moves so much."""
        sums = self._sums.setdefault(_goes(session), [0, 0.0, 0.0])
        sums[0] += 1
        sums[1] += move[0]
        sums[2] += move[1]

    def sums(self) -> list[Told]:
        """What sessions move, by farm and server; None: they have none yet."""
        return [
            {
                "farm": farm,
                "server": server,
                "sessions": count,
                "rate": {"up": round(up), "down": round(down)},
            }
            for (farm, server), (count, up, down) in self._sums.items()
        ]

    def _told(self, session: Session, move: Move) -> Told:
        told = of_session(session, self._now())
        if self._wanted.sides:
            told["sides"] = sides_of(session)
        if self._rates is not None:
            told["rate"] = {"up": round(move[0]), "down": round(move[1])}
        return told


def _last_first(heap: list[_First]) -> Iterator[tuple[Session, Move]]:
    """Sorted as it is asked for: all of it at once would be too long for a slice."""
    while heap:
        _, _, session, move = heapq.heappop(heap)
        yield session, move
