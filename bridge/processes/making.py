"""
What generations are made with: the means that the gateway keeps for all of them.

Here: the board, the hub and what checks servers for workers, none of which there is
while the gateway is one process.  Not here: when a generation is made (``supervisor``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bridge.config.reader import Document
from bridge.farm.lookup import system_lookup
from bridge.net.pump import Pump
from bridge.processes import said
from bridge.processes.columns import Columns
from bridge.processes.forked import Forked
from bridge.processes.generation import Generation, workers_of
from bridge.processes.known_series import KnownSeries
from bridge.processes.means import Means
from bridge.processes.own import Own
from bridge.processes.past import Past
from bridge.processes.snapshot import LogPlan
from bridge.service.certificates import Certificates
from bridge.service.checkers import Checkers
from bridge.service.gateway import Gateway
from bridge.service.hub import Hub, Peer
from bridge.service.ledger import OwnLedger
from bridge.service.logs import Logs
from bridge.service.own_listeners import OwnListeners
from bridge.service.posting import Send
from bridge.service.published import Published
from bridge.service.sockets import Plan, Sockets
from bridge.watch.repeated import Repeated


class Making:
    """On *reactor*.  *log* says where workers log what is of a level and above."""

    def __init__(
        self, reactor: Any, sockets: Sockets, logs: Logs, log: Callable[[str], LogPlan]
    ) -> None:
        self._reactor = reactor
        self._sockets = sockets
        self._logs = logs
        self._log = log
        self._shared: _Shared | None = None
        self._checking: dict[int, _Checking] = {}
        self.past = Past()
        self.ledgers: list[OwnLedger] = []
        """Of the process itself, where it has served or does."""

    def own(self, document: Document) -> Own:
        """Raises ListenError, CertificateError, OSError."""
        listeners = OwnListeners(document.config, self._sockets)
        gateway = Gateway(document.config, self._reactor, listeners, self._logs)
        gateway.privilegedStartService()
        ledger = OwnLedger()
        self.ledgers.append(ledger)
        return Own(document, gateway, ledger, self.past)

    def forked(
        self, number: int, document: Document, plan: Plan, before: Generation | None
    ) -> Forked:
        """Raises CertificateError, OSError."""
        shared = self._shared = self._shared or _Shared(self._reactor)
        if isinstance(before, Own):
            shared.learn(before)
        prepared = shared.hub.prepare(document.config)
        checking = _Checking(number, document, shared)
        made = Forked(
            number,
            document,
            plan.sockets,
            workers_of(document.config),
            Means(
                self._reactor,
                shared.columns,
                checking.join,
                prepared,
                self._log(self._level(document, before)),
                self.past,
                said.tell,
            ),
        )
        self._checking[number] = checking
        made.ended.addCallback(lambda _: self._checking.pop(number).stop())
        return made

    @property
    def known(self) -> KnownSeries | None:
        """The numbers of workers; None: there have been none."""
        return None if self._shared is None else self._shared.columns.known

    def _level(self, document: Document, before: Generation | None) -> str:
        """What the file says, if it has changed its word; else what is in force."""
        said = document.config.log.level
        if before is None or before.document.config.log.level == said:
            return self._logs.level
        return said

    def took_over(self, generation: Generation, before: Generation | None) -> None:
        self._logs.level = self._level(generation.document, before)
        self._logs.form = generation.document.config.log.format
        if self._shared is None:
            return
        if isinstance(before, Own):  # what was ordered while workers started
            self._shared.hub.prime(before.gateway.farms.snapshot())
        self._shared.hub.keep(generation.document.config)

    def reload_files(self) -> None:
        """Read the certificates again that servers are shown by checks."""
        for checking in self._checking.values():
            checking.certificates.reload()

    def stop(self) -> None:
        shared, self._shared = self._shared, None
        if shared is not None:
            shared.stop()


class _Shared:
    """What all forked generations have in common, from the first of them on."""

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor
        self.columns = Columns()
        self.hub = Hub(reactor, lambda: system_lookup(reactor))
        self.pump = Pump(reactor)
        self.failures = Repeated(reactor)
        self._published: Published | None = None

    def learn(self, own: Own) -> None:
        """
        What workers have to know of the process that was alone until now: how its
        servers are, and what it still has of theirs, for as long as that is so.
        """
        self.hub.prime(own.gateway.farms.snapshot())
        if self._published is None:
            column = self.columns.board.column(0)
            published = Published(column, self.reactor, own.gateway.counts)
            published.begin()
            own.ended.addCallback(lambda _: published.stop())
            self._published = published

    def stop(self) -> None:
        self.hub.stop()
        self.failures.stop()
        self.pump.stop()
        self.columns.close()


class _Checking:
    """What checks the servers of one generation's configuration."""

    def __init__(self, number: int, document: Document, shared: _Shared) -> None:
        config = document.config
        self._hub = shared.hub
        self.certificates = Certificates(config, fronts=False)
        self._checkers = Checkers(
            config, shared.pump, self.certificates.farms, shared.failures, number
        )
        self.certificates.start(shared.reactor)

    def join(self, send: Send) -> Peer:
        """A new worker."""
        return self._hub.join(send, self._checkers)

    def stop(self) -> None:
        self.certificates.stop()
