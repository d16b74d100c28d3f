"""
Who may be chosen: what all balances have in common.

Here: the servers and weights of a balance, less those that are full, and servers in
the order of a rank that changes.  Not here: any reason to prefer one server.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from heapq import heapify, heappop, heappush

from bridge.farm.server import Server

Entry = tuple[float, float, tuple[int, int], Server]
"""
Rank, rank among those of one rank, place in the order, and whose they are.

The place is the farm's, then a count, since the servers behind one name share theirs:
servers themselves are never compared.
"""

SPARE = 64
"""Outdated entries that are not worth a tidying up, however few servers there are."""


class Roster(ABC):
    """
    The servers of a balance, with their weights.

    A full server leaves until it has room again: then ``choose`` never has to pass
    over the full ones, however many there are.
    """

    def __init__(self) -> None:
        self._weights: dict[Server, float] = {}
        self._full: set[Server] = set()

    def add(self, server: Server, weight: float) -> None:
        """*server* may be chosen from now on.  Raises ValueError if it is there."""
        if server in self._weights:
            raise ValueError(f"{server.name} is there already")
        self._weights[server] = _share(weight)
        if server.room:
            self._enter(server)
        else:
            self._full.add(server)

    def remove(self, server: Server) -> None:
        """*server* is not chosen any more.  Raises KeyError if it is not there."""
        if server in self._full:
            self._full.discard(server)
        elif server in self._weights:
            self._leave(server)
        del self._weights[server]

    def reweigh(self, server: Server, weight: float) -> None:
        """*server*'s share is another.  Raises KeyError if it is not there."""
        before, self._weights[server] = self._weights[server], _share(weight)
        if server not in self._full:
            self._reweighed(server, before)

    def moved(self, server: Server) -> None:
        """*server* has more or fewer sessions than before."""
        if server.room:
            if server in self._full:
                self._full.discard(server)
                self._enter(server)
        elif server in self._weights and server not in self._full:
            self._full.add(server)
            self._leave(server)

    def prepare(self) -> bool:
        """See ``balance.Balance``: most have nothing to prepare."""
        return False

    @abstractmethod
    def _enter(self, server: Server) -> None:
        """*server* is new, or has room again."""

    @abstractmethod
    def _leave(self, server: Server) -> None:
        """*server* goes, or is full.  Its weight is still known."""

    @abstractmethod
    def _reweighed(self, server: Server, before: float) -> None:
        """The weight of *server*, which has room, was *before*."""


def _share(weight: float) -> float:
    if weight <= 0:
        raise ValueError(f"weight {weight} is not positive")
    return weight


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
        entry = self.least_but(skip)
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
