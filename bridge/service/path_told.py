"""
What the paths to the servers carry, told in the log a moment after the start.

It is looked at in a thread of its own, which delays neither the start nor a stop: the
process does not wait for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from bridge.config import Config
from bridge.doctor.arrivals import Arrivals, asked_at_start, at_start
from bridge.doctor.report import Severity

DELAY = 1.0
"""Seconds: the first sessions go first."""

_log = Logger(namespace="bridge.path")


class PathTold(Service):
    """Tells it once, of *config*, if there is a farm that should be asked."""

    def __init__(
        self,
        reactor: Any,
        config: Config,
        look: Callable[[Config], Arrivals] = at_start,
    ) -> None:
        """*reactor* provides IReactorTime and IReactorFromThreads."""
        self._reactor = reactor
        self._config = config
        self._look = look
        self._waiting: IDelayedCall | None = None

    def startService(self) -> None:
        super().startService()
        if asked_at_start(self._config):
            self._waiting = self._reactor.callLater(DELAY, self._begin)

    def stopService(self) -> None:
        super().stopService()
        if self._waiting is not None and self._waiting.active():
            self._waiting.cancel()
        self._waiting = None

    def _begin(self) -> None:
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        try:
            found = self._look(self._config)
        except Exception as error:  # whatever it is: only this is not told
            self._reactor.callFromThread(self._failed, error)
        else:
            self._reactor.callFromThread(self._tell, found)

    def _failed(self, error: Exception) -> None:
        if self.running:
            what = "path: could not be looked at: {error}"
            _log.error(what, event="path_unseen", error=repr(error))

    def _tell(self, found: Arrivals) -> None:
        if not self.running or not found.line:
            return
        _log.info("path: {carried}", event="path", carried=found.line)
        for each in found.findings:
            tell = _log.error if each.severity is Severity.FAIL else _log.warn
            tell("path: {finding}", event="path_finding", finding=str(each))
