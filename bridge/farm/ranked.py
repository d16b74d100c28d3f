"""
Balances that rank servers: taken in turn, least loaded, first of the list.

Pure: an order follows from the sessions that were given, and from nothing else.
"""

from __future__ import annotations

from collections.abc import Collection
from heapq import heapify, heappop, heappush
from math import inf

from bridge.farm.candidates import Candidates
from bridge.farm.server import Server

Entry = tuple[float, float, tuple[int, int], Server]
"""
Rank, rank among those of one rank, place in the order, and whose they are.

The place is the farm's, then a count, since the servers behind one name share theirs:
servers themselves are never compared.
"""

SPARE = 64
"""Outdated entries that are not worth a tidying up, however few servers there are."""


class Ranked:
    """
    Servers by rank, the least first.

    A heap in which entries that were replaced stay until they surface, or until they
    outnumber the others: every change is one push.
    """

    __slots__ = ("_current", "_heap")

    def __init__(self) -> None:
        self._heap: list[Entry] = []
        self._current: dict[Server, Entry] = {}

    def put(self, entry: Entry) -> None:
        """Add a server, or replace its entry."""
        self._current[entry[3]] = entry
        heappush(self._heap, entry)
        if len(self._heap) > 2 * len(self._current) + SPARE:
            self._heap = list(self._current.values())
            heapify(self._heap)

    def drop(self, server: Server) -> None:
        """Forget *server*, if it is here."""
        self._current.pop(server, None)

    def take(self, skip: Collection[Server]) -> Entry | None:
        """As ``least_but``, and forget that server."""
        entry = self.least_but(skip) if skip else self.least()
        if entry is not None:
            del self._current[entry[3]]
        return entry

    def __contains__(self, server: Server) -> bool:
        return server in self._current

    def least(self) -> Entry | None:
        """The entry of the least rank."""
        heap, current = self._heap, self._current
        while heap:
            entry = heap[0]
            if current.get(entry[3]) is entry:
                return entry
            heappop(heap)
        return None

    def least_but(self, skip: Collection[Server]) -> Entry | None:
        """
        The entry of the least rank whose server is not in *skip*.

        O(log n) for each of *skip* that had to be passed over.
        """
        passed = []
        while (entry := self.least()) is not None and entry[3] in skip:
            passed.append(heappop(self._heap))
        for each in passed:
            heappush(self._heap, each)
        return entry


class _Listed(Candidates):
    """Servers with a place in the list, which decides when nothing else does."""

    def __init__(self) -> None:
        super().__init__()
        self._places: dict[Server, tuple[int, int]] = {}
        self._count = 0

    def add(self, server: Server, weight: float) -> None:
        self._count += 1
        self._places.setdefault(server, (server.place, self._count))
        super().add(server, weight)

    def remove(self, server: Server) -> None:
        super().remove(server)
        del self._places[server]


class First(_Listed):
    """The first server of the list that has room.  Weights have no effect."""

    def __init__(self) -> None:
        super().__init__()
        self._order = Ranked()

    def choose(self, key: int, skip: Collection[Server]) -> Server | None:
        entry = self._order.least_but(skip)
        return None if entry is None else entry[3]

    def _enter(self, server: Server) -> None:
        self._order.put((0.0, 0.0, self._places[server], server))

    def _leave(self, server: Server) -> None:
        self._order.drop(server)

    def _reweighed(self, server: Server, before: float) -> None:
        pass


class LeastConnections(_Listed):
    """
    The server with the fewest sessions for its weight.

    Those that are level, as all are while there is little to do, take turns by weight.
    """

    def __init__(self) -> None:
        super().__init__()
        self._order = Ranked()
        self._turns: dict[Server, float] = {}
        """Whose turn it is among those that are level: the least."""
        self._now = 0.0
        """The turn that was taken last."""

    def choose(self, key: int, skip: Collection[Server]) -> Server | None:
        entry = self._order.least_but(skip)
        if entry is None:
            return None
        server = entry[3]
        # Turns that were missed are not made up for: they would come as a burst.
        self._now = max(self._now, self._turns[server])
        self._turns[server] = self._now + 1 / self._weights[server]
        return server

    def moved(self, server: Server) -> None:
        super().moved(server)
        if server in self._order:
            self._rank(server)

    def remove(self, server: Server) -> None:
        super().remove(server)
        self._turns.pop(server, None)  # none if it was full from the beginning

    def _rank(self, server: Server) -> None:
        load = server.active / self._weights[server]
        self._order.put((load, self._turns[server], self._places[server], server))

    def _enter(self, server: Server) -> None:
        self._turns.setdefault(server, self._now)
        self._rank(server)

    def _leave(self, server: Server) -> None:
        self._order.drop(server)

    def _reweighed(self, server: Server, before: float) -> None:
        self._rank(server)


class RoundRobin(_Listed):
    """
    Servers in turn, the heavier ones more often and as evenly spaced as can be.

    Every server has turns one after another, each 1/weight long; time goes on by
    1/(sum of weights) a choice.  Of the turns that have begun, the one that ends first
    is taken.  That is WF2Q+ (Bennett and Zhang, 1997), which schedules packets on a
    link; its bound holds here too: while nobody is skipped or full, no server is ever
    a whole session behind its exact share, or ahead of it.

    nginx's smooth round robin compares all servers for every choice; this is O(log n).
    The order is nginx's for equal weights and most small ones (2, 1 or 4, 2, 1).  A
    heavy server among several light ones differs: 5, 1, 1 give ``abaacaa`` and not
    ``aabacaa``, with the two light ones as far apart as they can be.
    """

    def __init__(self) -> None:
        super().__init__()
        self._begun = Ranked()
        """Servers whose turn has begun, by when it ends."""
        self._later = Ranked()
        """The other servers, by when their turn begins."""
        self._begins: dict[Server, float] = {}
        self._due = inf
        """No turn of the others begins before."""
        self._now = 0.0
        self._total = 0.0
        """The weights of all that are in either order."""

    def choose(self, key: int, skip: Collection[Server]) -> Server | None:
        if self._due <= self._now:
            self._begin_turns()
        while (entry := self._begun.take(skip)) is None:
            following = self._later.least()
            if following is None:
                return None
            self._now = following[0]  # whoever is due is skipped, or has left
            self._begin_turns()
        server = entry[3]
        self._now += 1 / self._total
        self._wait(server, self._begins[server] + 1 / self._weights[server])
        return server

    def remove(self, server: Server) -> None:
        super().remove(server)
        self._begins.pop(server, None)  # none if it was full from the beginning

    def _begin_turns(self) -> None:
        """Move those whose turn has begun."""
        while (entry := self._later.least()) is not None and entry[0] <= self._now:
            self._later.drop(entry[3])
            self._begin(entry[3], entry[0])
        self._due = inf if entry is None else entry[0]

    def _begin(self, server: Server, begins: float) -> None:
        ends = begins + 1 / self._weights[server]
        self._begun.put((ends, 0.0, self._places[server], server))

    def _wait(self, server: Server, begins: float) -> None:
        self._begins[server] = begins
        if begins <= self._now:
            self._begin(server, begins)
            return
        self._later.put((begins, 0.0, self._places[server], server))
        self._due = min(self._due, begins)

    def _enter(self, server: Server) -> None:
        self._total += self._weights[server]
        # Turns that were missed are not made up for: they would come as a burst.
        self._wait(server, max(self._begins.get(server, 0.0), self._now))

    def _leave(self, server: Server) -> None:
        self._total -= self._weights[server]
        self._drop(server)

    def _reweighed(self, server: Server, before: float) -> None:
        weight = self._weights[server]
        self._total += weight - before
        begins = self._begins[server]
        if begins > self._now:  # what is left of its turn is as much longer or shorter
            begins = self._now + (begins - self._now) * before / weight
        self._drop(server)
        self._wait(server, begins)

    def _drop(self, server: Server) -> None:
        self._begun.drop(server)
        self._later.drop(server)
