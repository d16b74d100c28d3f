"""
Who gets sessions while no server is up, with ``all_down: try``.

A check may be wrong of all servers at once: it asks for what a database behind them
does not give, or was too impatient for a second.  A farm that refuses everybody then is
an outage that the check has made; a dial that may fail is better than none.

Here: in which order servers are dialed against the word of their checks.  Not here:
when that is done, and who hears of it (``farm``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

from twisted.logger import Logger, LogLevel

from bridge.farm.ranked import First
from bridge.farm.state import State

if TYPE_CHECKING:
    from bridge.farm.balance import Balance
    from bridge.farm.server import Server

_log = Logger(namespace="bridge.farm")

WORTH_TRYING = frozenset({State.DOWN, State.EJECTED})
"""What the gateway itself has found; what an operator has ordered out stays out."""


class Panic:
    """
    A balance over *servers*, which are not empty: those last healthy first.

    Those that went down within *together* seconds of the last one went down with it,
    and share the sessions as *make*'s balance has it: were all given to one, what
    brought the checks down would soon bring that one down too.  The others are behind
    them, the one last healthy first.  What dials find counts for more than that: a
    server that fails one goes to the very end, one that answers comes to the front.
    """

    def __init__(
        self,
        make: Callable[[], Balance],
        servers: Iterable[Server],
        together: float,
    ) -> None:
        self.servers: set[Server] = set()
        self._front = make()
        self._in_front: set[Server] = set()
        self._behind = _LastHealthy()
        listed = list(servers)
        self.first = max(listed, key=lambda server: server.healthy)
        """The one last healthy."""
        self._since = self.first.healthy - together
        for server in listed:
            self.add(server)

    def add(self, server: Server) -> None:
        """*server*, which is not there, may be dialed."""
        self.servers.add(server)
        server.watched = True
        if server.healthy >= self._since:
            self._to_front(server)
        else:
            self._behind.add(server, server.weight)

    def discard(self, server: Server) -> None:
        """It may not any more; nothing, if it is not there."""
        if server in self.servers:
            self.servers.discard(server)
            self._out(server)
            self._behind.failed.pop(server, None)

    def failed(self, server: Server) -> None:
        """A dial of *server* was not answered."""
        if server in self.servers:
            self._out(server)
            self._behind.failures += 1
            self._behind.failed[server] = self._behind.failures
            self._behind.add(server, server.weight)
            server.watched = True

    def answered(self, server: Server) -> None:
        """A dial of *server*, which is ``watched``, was answered."""
        if server in self.servers and server not in self._in_front:
            self._out(server)
            self._behind.failed.pop(server, None)
            self._to_front(server)

    def _to_front(self, server: Server) -> None:
        self._front.add(server, server.weight)
        self._in_front.add(server)

    def _out(self, server: Server) -> None:
        if server in self._in_front:
            self._in_front.discard(server)
            self._front.remove(server)
        else:
            self._behind.remove(server)

    def tell(self, farm: str, aloud: bool) -> None:
        """That it begins."""
        _log.emit(
            LogLevel.error if aloud else LogLevel.debug,
            "farm {farm}: no server is up; sessions are dialed all the same, first to "
            "{first} (all_down: try)",
            event="farm_panic",
            farm=farm,
            first=self.first.name,
        )

    def __bool__(self) -> bool:
        return bool(self.servers)

    # What a balance does

    def moved(self, server: Server) -> None:
        self._front.moved(server)
        self._behind.moved(server)

    def choose(self, key: int, skip: Collection[Server]) -> Server | None:
        server = self._front.choose(key, skip)
        return self._behind.choose(key, skip) if server is None else server


def tell_end(farm: str, standing: int, servers: int, aloud: bool) -> None:
    """That it is over in *farm*."""
    if standing:
        why = f"{standing} of {servers} servers are up again"
        level = LogLevel.info
    else:
        why = "no server is left to be dialed; sessions end as no_server"
        level = LogLevel.error
    level = level if aloud else LogLevel.debug
    _log.emit(level, "farm {farm}: {why}", event="farm_panic_over", farm=farm, why=why)


class _LastHealthy(First):
    """Those whose dials did not fail, the last healthy first; then who failed first."""

    def __init__(self) -> None:
        super().__init__()
        self.failures = 0
        self.failed: dict[Server, int] = {}
        """The number of a server's last failure."""

    def _enter(self, server: Server) -> None:
        rank = float(self.failed.get(server, 0))
        self._order.put((rank, -server.healthy, self._places[server], server))
