"""
What generations are made with: the means that the gateway keeps for all of them.

Here: the board, the hub and what checks servers for workers, none of which there is
while the gateway is one process.  Not here: when a generation is made (``supervisor``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bridge.config.reader import Document
from bridge.processes import said
from bridge.processes.columns import Columns
from bridge.processes.forked import Forked
from bridge.processes.generation import Generation, workers_of
from bridge.processes.means import Means
from bridge.processes.own import Own
from bridge.processes.snapshot import LogPlan
from bridge.service.gateway import Gateway
from bridge.service.logs import Logs
from bridge.service.own_listeners import OwnListeners
from bridge.service.sockets import Plan, Sockets


class Making:
    """On *reactor*.  *log* says where workers' logs go when one is made."""

    def __init__(
        self, reactor: Any, sockets: Sockets, logs: Logs, log: Callable[[], LogPlan]
    ) -> None:
        self._reactor = reactor
        self._sockets = sockets
        self._logs = logs
        self._log = log
        self._columns: Columns | None = None

    def own(self, document: Document) -> Own:
        """Raises ListenError, CertificateError, OSError."""
        listeners = OwnListeners(document.config, self._sockets)
        gateway = Gateway(document.config, self._reactor, listeners, self._logs)
        gateway.privilegedStartService()
        return Own(document, gateway)

    def forked(
        self, number: int, document: Document, plan: Plan, before: Generation | None
    ) -> Forked:
        """Raises CertificateError, OSError."""
        if self._columns is None:
            self._columns = Columns()
        workers = workers_of(document.config)
        means = Means(self._reactor, self._columns, None, self._log(), said.tell)
        return Forked(number, document, plan.sockets, workers, means)

    def took_over(self, generation: Generation) -> None: ...

    def reload_files(self) -> None:
        """Read the certificates again that servers are shown by checks."""

    def stop(self) -> None:
        columns, self._columns = self._columns, None
        if columns is not None:
            columns.close()
