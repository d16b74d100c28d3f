"""
A farm that other processes have, too: each gives its sessions places at the servers.

Here: what that changes of a ``Farm``.  A farm of one process is none of these, and
knows nothing of it.  Not here: who has how many (``claims``).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import TYPE_CHECKING

from bridge.farm.farm import Farm, Policy

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from bridge.farm.origin import Origin
    from bridge.farm.rules import Rules
    from bridge.farm.server import Server
    from bridge.farm.spared import Keeper
    from bridge.farm.waiting import Waiting


class SharedFarm(Farm):
    """What *policy* says, with places that are claimed at its ``claims``."""

    def __init__(
        self,
        name: str,
        policy: Policy,
        rules: Rules,
        clock: IReactorTime,
        origin: Origin | None = None,
    ) -> None:
        super().__init__(name, policy, rules, clock, origin)
        assert policy.claims is not None
        self._claims = policy.claims

    def become(self, server: Server, other: Server) -> None:
        before = server.name, server.back, server.most
        moves = before != (other.name, other.back, other.most)
        if moves:
            self._claims.leave(server)
        super().become(server, other)
        if moves and server.most is not None:
            self._claims.enter(self, server)

    def close(self) -> None:
        super().close()
        self._claims.forget(self)

    # Sessions

    def choose(self, key: int = 0, tried: Collection[Server] = ()) -> Server | None:
        while (server := super().choose(key, tried)) is not None:
            if self._keeps(server):
                break
        return server

    def _place_for(self, waiting: Waiting) -> Server | None:
        while (server := super()._place_for(waiting)) is not None:
            if self._keeps(server):
                break
        return server

    def _keeps(self, server: Server) -> bool:
        """Whether the place there is ours; else it is given back, and it is full."""
        if server.most is None or self._claims.take(self, server):
            return True
        server.active -= 1
        server.taken -= 1
        self._chooses.moved(server)
        return False

    def release(self, server: Server) -> None:
        if server.most is not None:
            self._claims.give(server)
        super().release(server)

    def spare(self, place: Hashable, keeper: Keeper) -> bool:
        if self._claims.wanted(self):
            return True
        self._claims.keep(self)
        return super().spare(place, keeper)

    # What its claims ask: see claims.Sharing

    @property
    def part(self) -> tuple[str | int, ...]:
        """Which part of the farm it is; empty: all of it."""
        return ()

    def waited(self, now: float) -> float | None:
        """Seconds that the first in the queue has waited; None: nobody does."""
        first = self._queue.first
        if first is None:
            return None
        return now - (self._queue[first] - self._queue.seconds)

    def freed(self, server: Server) -> None:
        """*server*, which was full, has room."""
        self._chooses.moved(server)
        if self._queue:
            self._serve()

    @property
    def spares(self) -> int:
        """Places that are kept for nothing."""
        return len(self.spared)

    def give_up(self) -> None:
        """Give up one of those."""
        self.spared.reclaim()
