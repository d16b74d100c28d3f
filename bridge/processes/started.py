"""
How a start ends, told to everybody who waits for that: the terminal or script that
started twistd, and systemd.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from twisted.application.service import MultiService
from twisted.logger import Logger

from bridge.net.certificates import CertificateError
from bridge.net.passwords import PasswordError
from bridge.service.listening import ListenError
from bridge.service.notify import Notify
from bridge.service.parting import Parting

EX_FAILED = 1
"""The status of a process that could not start."""


class Started(MultiService):
    """The services of the process that *twistd*, by its options, is."""

    _log = Logger()

    def __init__(self, twistd: Any) -> None:
        super().__init__()
        self._twistd = twistd
        self._parting = None if twistd.get("nodaemon", True) else Parting()
        self.keep_signals: Callable[[], None] = lambda: None
        """Called as the start begins."""

    def privilegedStartService(self) -> None:
        self.keep_signals()
        self._or_leave(super().privilegedStartService)

    def startService(self) -> None:
        self._or_leave(super().startService)

    def accepts(self) -> None:
        """The gateway runs: whoever waits for that may go."""
        if self._parting is not None:
            self._parting.over()

    def give_up(self, reactor: Any, why: str) -> None:
        """It cannot start, as turns out when the reactor runs."""
        self._failed(why)
        leave = partial(os._exit, EX_FAILED)  # twistd itself would exit with 0
        reactor.addSystemEventTrigger("after", "shutdown", leave)
        reactor.stop()

    def _or_leave(self, start: Callable[[], object]) -> None:
        try:
            start()
        except (
            CertificateError,
            PasswordError,
        ) as error:  # it was good when the options were read
            self._failed(f"{error.file}: {error}")
        except (ListenError, OSError) as error:
            self._failed(str(error))
        else:
            return
        raise SystemExit(EX_FAILED)

    def _failed(self, why: str) -> None:
        if self._twistd.get("pidfile"):  # twistd leaves it behind
            with suppress(OSError):
                os.unlink(self._twistd["pidfile"])
        message = f"twistd bridge: {why}"
        if self._parting is not None:
            self._log.critical("{why}", event="start_failed", why=why)
            self._parting.failed(message)
        else:
            # The real one: once twistd logs, sys.stderr is part of the log.
            print(message, file=sys.__stderr__)


class Told:
    """The supervisor's word for both."""

    def __init__(self, notify: Notify, started: Started) -> None:
        self._notify = notify
        self._started = started
        self._first = True

    def ready(self, status: Callable[[], str]) -> None:
        self._notify.ready()
        if self._first:
            self._first = False
            self._notify.begin(status)
            self._started.accepts()

    def reloading(self) -> None:
        self._notify.reloading()

    def stopping(self, within: float) -> None:
        self._notify.stopping(within)
