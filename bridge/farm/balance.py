"""
Which server gets the next session: what a balance is, and the one that a name means.

Pure: no clock, and no randomness but what is handed in.  Not here: whether a server
is to get sessions at all (``state``); those that are not, are not in a balance.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from bridge.farm.maglev import ByKey, SourceHash
from bridge.farm.ranked import First, LeastConnections, RoundRobin
from bridge.farm.server import Server
from bridge.farm.state import TRAFFIC
from bridge.farm.two_choices import TwoChoices


class Choosing(Protocol):
    """A way to choose between servers, in O(log n) or better."""

    def moved(self, server: Server) -> None:
        """
        *server*'s ``active`` is another than before.

        To be told of every change, also of the one that a choice brings about.  A
        server that is not there any more may be named: its sessions still end.
        """

    def choose(self, key: int, skip: Collection[Server]) -> Server | None:
        """
        A server with room that is not in *skip*; None if there is none.

        *key* is the client's (see ``maglev.client_key``); only ``source_hash`` looks
        at it.
        """


class Balance(Choosing, Protocol):
    """The same, with the servers and weights that it chooses between."""

    def add(self, server: Server, weight: float) -> None:
        """
        *server* may be chosen from now on, as often as *weight* says.

        Raises ValueError if it is there, or if the weight is not positive.
        """

    def remove(self, server: Server) -> None:
        """*server* is not chosen any more.  Raises KeyError if it is not there."""

    def reweigh(self, server: Server, weight: float) -> None:
        """*server* has another weight.  Raises as ``add`` and ``remove`` do."""

    def prepare(self) -> bool:
        """
        After changes: do a few milliseconds' worth of what choices will need.

        Whether there is more to do.  A choice does not need it, but may be another.
        """


class Tiers:
    """Two balances made by *make*: backups get what the others cannot take."""

    def __init__(self, make: Callable[[], Balance]) -> None:
        self._others = make()
        self._backups = make()

    def add(self, server: Server, weight: float) -> None:
        self._tier(server).add(server, weight)

    def remove(self, server: Server) -> None:
        self._tier(server).remove(server)

    def reweigh(self, server: Server, weight: float) -> None:
        self._tier(server).reweigh(server, weight)

    def prepare(self) -> bool:
        return self._others.prepare() or self._backups.prepare()

    def moved(self, server: Server) -> None:
        self._tier(server).moved(server)

    def choose(self, key: int, skip: Collection[Server]) -> Server | None:
        server = self._others.choose(key, skip)
        return self._backups.choose(key, skip) if server is None else server

    def _tier(self, server: Server) -> Balance:
        return self._backups if server.backup else self._others


NAMES = ("round_robin", "least_connections", "two_choices", "first", "source_hash")
"""As a farm's ``balance`` has them."""


def build(
    name: str,
    *,
    random: Callable[[], float],
    servers: Iterable[Server] = (),
    brief: bool = False,
) -> Balance:
    """
    The balance called *name*, over those of *servers* that are in traffic.

    *random* gives numbers in [0, 1).  *brief*: it is to change often and not to last.
    Raises KeyError for a name not in ``NAMES``.
    """
    makers: dict[str, Callable[[], Balance]] = {
        "round_robin": RoundRobin,
        "least_connections": LeastConnections,
        "two_choices": lambda: TwoChoices(random),
        "first": First,
        "source_hash": ByKey if brief else SourceHash,
    }
    balance = Tiers(makers[name])
    for server in servers:
        if server.state in TRAFFIC:
            balance.add(server, server.weight)
    return balance
