"""
Places at servers that several processes give, each to its own sessions.

Here: that they never give more than there are, what is known of the others' sessions,
and whether it is their turn (``net.turns``).  Not here: which server is chosen, and who
waits (``farm``, ``shared``); how it is counted (``net.board``).

Nobody sends a message when a place comes free.  While a server is full because of the
others' sessions its number is looked at every LOOK seconds, and while there are places
that are kept for nothing, whether others wait for one; else nothing is looked at.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from twisted.logger import Logger

from bridge.net.turns import LOOK, Turns

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

    from bridge.farm.server import Server
    from bridge.net.column import Column, Tally

AT_ONCE = 256
"""Servers, and farms, that are looked at in one turn of the reactor: some 5 % of the
time where there are more, of which each has its turn."""

GIVEN_UP = 8
"""Places that are given up for others at one look."""


class Sharing(Protocol):
    """A farm whose servers' places others give, too."""

    name: str

    @property
    def part(self) -> tuple[str | int, ...]:
        """Which part of the farm it is; empty: all of it."""

    def waited(self, now: float) -> float | None:
        """Seconds that the first in its queue has waited; None: there is nobody."""

    def freed(self, server: Server) -> None:
        """*server*, which was full, has room."""

    @property
    def spares(self) -> int:
        """Places that are kept for nothing."""

    def give_up(self) -> None:
        """Give up one of those."""


class Claims:
    """Of this process, which has *column*: at the servers of all its farms."""

    _log = Logger(namespace="bridge.farm")

    def __init__(self, column: Column, clock: IReactorTime) -> None:
        self._column = column
        self._clock = clock
        self._turns = Turns(column, clock.seconds)
        self._full: OrderedDict[Server, Sharing] = OrderedDict()
        """Servers that are full because of others' sessions."""
        self._keeping: OrderedDict[Sharing, None] = OrderedDict()
        """Farms with places that are kept for nothing."""
        self._timer: IDelayedCall | None = None

    def take(self, farm: Sharing, server: Server) -> bool:
        """
        Whether *farm* may keep the place that it has just given at *server*, which has
        a limit.  If not it gives none, until it is told that there is one.
        """
        most = server.most
        assert most is not None
        tally = server.tally or self._enter(farm, server, server.active - 1)
        total = tally.claim()
        server.elsewhere = elsewhere = total - server.active
        if total < most:
            return True
        may = total == most and not self._others_first(farm)
        if not may:
            tally.add(-1)
            server.elsewhere = max(elsewhere, most - server.active + 1)  # so it is full
        if server.elsewhere:
            self._full[server] = farm
            self._look_later()
        return may

    def give(self, server: Server) -> None:
        """A place there that was taken is given back."""
        if server.tally is not None:
            server.tally.add(-1)

    def enter(self, farm: Sharing, server: Server) -> None:
        """All its sessions count, from now on."""
        if server.tally is None:
            self._enter(farm, server, server.active)

    def _enter(self, farm: Sharing, server: Server, sessions: int) -> Tally:
        key = self._column.key("server", farm.name, server.name, *server.back)
        server.tally = tally = self._column.tally(key)
        tally.add(sessions)
        return tally

    def leave(self, server: Server) -> None:
        """They do not any more: what it is known by, or its limit, will be another."""
        if server.tally is not None:
            server.tally.add(-server.active)
            server.tally, server.elsewhere = None, 0

    def keep(self, farm: Sharing) -> None:
        """*farm* has places that are kept for nothing."""
        self._keeping[farm] = None
        self._look_later()

    def wanted(self, farm: Sharing) -> bool:
        """Whether others wait for a place at *farm*."""
        return self._turns.longest(self._key(farm)) is not None

    def forget(self, farm: Sharing) -> None:
        """*farm* is over."""
        self._keeping.pop(farm, None)
        for server in [each for each, whose in self._full.items() if whose is farm]:
            del self._full[server]

    def close(self) -> None:
        """Look no more."""
        self._full.clear()
        self._keeping.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _key(self, farm: Sharing) -> int:
        """What is told of its queue by."""
        return self._column.key("waiting", farm.name, *farm.part)

    def _others_first(self, farm: Sharing) -> bool:
        waited = farm.waited(self._clock.seconds())
        return self._turns.others_first(self._key(farm), waited)

    # Looking

    def _look_later(self) -> None:
        if self._timer is None:
            self._timer = self._clock.callLater(LOOK, self._look)

    def _look(self) -> None:
        self._timer = None
        farms: dict[Sharing, None] = {}
        for _ in range(min(AT_ONCE, len(self._full))):
            server, farm = self._full.popitem(last=False)
            farms[farm] = None
            self._surely(self._look_at, server, farm)
        for farm in farms:
            self._turns.tell(self._key(farm), farm.waited(self._clock.seconds()))
        for _ in range(min(AT_ONCE, len(self._keeping))):
            farm, _kept = self._keeping.popitem(last=False)
            self._surely(self._ask_back, farm)
        if self._full or self._keeping:
            self._look_later()

    def _surely(self, step: Callable[..., None], *args: object) -> None:
        try:
            step(*args)
        except Exception:  # a bug of ours, and the others are looked at all the same
            self._log.failure("A bug in the gateway, met by a place that came free")

    def _look_at(self, server: Server, farm: Sharing) -> None:
        total = server.active if server.tally is None else server.tally.total()
        server.elsewhere = total - server.active
        if server.free:
            farm.freed(server)
        else:
            self._full[server] = farm

    def _ask_back(self, farm: Sharing) -> None:
        if not farm.spares:
            return
        self._keeping[farm] = None
        if self.wanted(farm):
            for _ in range(GIVEN_UP):
                farm.give_up()
