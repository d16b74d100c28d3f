"""
The servers behind a map, known as they are used.

Each is a farm of its own with one server, and so has a farm's queue, state and checks.
What nobody uses costs nothing, however much the map has; what nobody uses any more is
forgotten after a while, and of that there is never more than MOST_IDLE.

Not here: which address stands for which server (``net.mapping``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.farm.farm import Farm, Policy
from bridge.farm.shared import SharedFarm
from bridge.net.deadlines import Deadlines
from bridge.net.mapping import Refusal

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from bridge.farm.origin import Origin
    from bridge.farm.rules import Rules
    from bridge.farm.server import Server
    from bridge.net.mapping import Destination, Map

KEPT = 60.0
"""Seconds for which a server is known, and checked, after its last session."""

MOST_IDLE = 1024
"""
Servers without a session that are known at a time.

With the default check every two seconds they are asked 512 times a second at most,
whatever clients come up with.
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """What all servers of one map have in common."""

    name: str
    policy: Policy
    rules: Rules
    clock: IReactorTime
    origin: Origin
    server: Callable[[Destination], Server]
    """Makes one."""


class OneServer(Farm):
    """The server at *where*, as a farm."""

    def __init__(
        self, kind: Kind, where: Destination, rests: Callable[[OneServer], None]
    ) -> None:
        """*rests* is told when it has no session any more."""
        super().__init__(kind.name, kind.policy, kind.rules, kind.clock, kind.origin)
        self.where = where
        self._rests = rests
        self.add(kind.server(where))

    def depart(self) -> None:
        super().depart()
        if not self.active:
            self._rests(self)


class OneShared(OneServer, SharedFarm):
    """The same where other processes give its places, too."""

    @property
    def part(self) -> tuple[str | int, ...]:
        return self.where


class Mapped:
    """All of them, of one *kind*, at the addresses that *where_to* leads to."""

    def __init__(self, where_to: Map, kind: Kind) -> None:
        self.kind = kind
        self.refused: Counter[Refusal] = Counter()
        """How many sessions were led nowhere, and why."""
        self._where_to = where_to
        self._known: dict[Destination, OneServer] = {}
        self._one = OneServer if kind.policy.claims is None else OneShared
        self._idle: Deadlines[OneServer] = Deadlines(kind.clock, KEPT, self._forget)

    def find(self, front: str, port: int) -> Farm | Refusal:
        """
        The farm of the server that *port* of *front*, an IP address, stands for.

        A session arrives there at once, or it is never forgotten.
        """
        try:
            where = self._where_to.destination(front, port)
        except ValueError:  # a unix socket
            where = Refusal.UNMAPPED
        if isinstance(where, Refusal):
            self.refused[where] += 1
            return where
        farm = self._known.get(where)
        if farm is None:
            farm = self._known[where] = self._one(self.kind, where, self._rests)
        else:
            self._idle.pop(farm, None)
        return farm

    def _rests(self, farm: OneServer) -> None:
        """Nobody is there."""
        idle = self._idle
        if len(idle) >= MOST_IDLE:
            oldest, _ = idle.popitem(last=False)
            self._forget(oldest)
        idle[farm] = self.kind.clock.seconds() + idle.seconds
        if not idle.armed:
            idle.arm()

    def _forget(self, farm: OneServer) -> None:
        del self._known[farm.where]
        farm.close()

    def __iter__(self) -> Iterator[Farm]:
        """Those that are known now."""
        return iter(self._known.values())

    def __len__(self) -> int:
        return len(self._known)

    def close(self) -> None:
        """No checks and no timers any more."""
        self._idle.close()
        for farm in self._known.values():
            farm.close()
