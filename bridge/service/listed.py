"""
Which sessions are listed, of however many: those that were asked for, the first of them
by age or bytes, found in steps and in bounded memory.

Not here: what is told of each (``told``).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from bridge.control.orders import PIECE, SHOWN, AnswerError
from bridge.control.slices import Steps
from bridge.net.address import parse_network
from bridge.net.hosts import number
from bridge.net.prefixes import Network, Prefixes
from bridge.service.moving import Rates
from bridge.service.told import Told, of_session, progress, sides_of
from bridge.session.flow import State

if TYPE_CHECKING:
    from bridge.service.front import RunningFront
    from bridge.session.session import Session

T = TypeVar("T")

SCANNED = 500
"""Sessions that are looked at in a slice."""

JUDGED = 32
"""Sessions in a slice that are told; what limits them the kernel is asked."""

ASKED = 16
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
        self._sums: dict[tuple[str | None, str | None], list[float]] = {}

    def take(self, sessions: Iterable[Session]) -> Steps[list[Told]]:
        """Those of *sessions* that are listed, in order."""
        first: list[tuple[float, int, Session]] = []
        wanted = self._wanted
        sign = -1 if wanted.reverse else 1
        rank = RANKS.get(wanted.sort)
        up = down = 0.0
        if self._rates is not None:
            self._rates.look(self._now())
        for session in slices(sessions, SCANNED):
            if session is None:
                yield
                continue
            if session.state is State.CLOSED:
                continue
            self.total += 1
            if rank is None:
                up, down = self._rate(session)  # of all of them: for the next look
            if not wanted.has(session):
                continue
            self.matching += 1
            if wanted.sums:
                self._add(session, up, down)
            ranks = rank(session) if rank is not None else up + down
            ranked = (sign * ranks, -self.matching, session)
            if len(first) < wanted.limit:
                heapq.heappush(first, ranked)
            else:
                heapq.heappushpop(first, ranked)
        told = []
        for each in slices(_last_first(first), ASKED if wanted.sides else JUDGED):
            if each is None:
                yield
            elif each.state is not State.CLOSED:
                told.append(self._told(each))
        told.reverse()
        return told

    def _rate(self, session: Session) -> tuple[float, float]:
        assert self._rates is not None
        return self._rates.rate(session, progress(session), self._now())

    def _add(self, session: Session, up: float, down: float) -> None:
        """It moves so much."""
        sums = self._sums.setdefault(_goes(session), [0, 0.0, 0.0])
        sums[0] += 1
        sums[1] += up
        sums[2] += down

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

    def _told(self, session: Session) -> Told:
        told = of_session(session, self._now())
        if self._wanted.sides:
            told["sides"] = sides_of(session)
        if self._rates is None:
            return told
        up, down = self._rate(session)
        return told | {"rate": {"up": round(up), "down": round(down)}}


def _last_first(heap: list[tuple[float, int, Session]]) -> Iterator[Session]:
    """Sorted as it is asked for: all of it at once would be too long for a slice."""
    while heap:
        yield heapq.heappop(heap)[2]
