"""
Who may be chosen: what all balances have in common.

Here: the servers and weights of a balance, less those that are full.  Not here: any
reason to prefer one server.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from bridge.farm.server import Server


class Candidates(ABC):
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
        if server.free:
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
        if server.free:
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
