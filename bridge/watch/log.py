"""
The gateway's own log: one line an event, nothing in it that a terminal obeys.

Here: which events are told, by ``log.level``, and in which of its forms (``event``).
Twisted's text observer passes escape sequences through and has no level.  How a line is
written without waiting for its reader is in ``outlet``; to systemd's journal events go
with all of their fields (``journal``).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
)
from zope.interface import implementer

from bridge.watch.event import Told, json_line, sentence, text_line, told
from bridge.watch.journal import Journal
from bridge.watch.journal_entry import entry
from bridge.watch.levels import LEVELS
from bridge.watch.outlet import Outlet

Form: TypeAlias = Literal["text", "json"]

LEVEL = {name: LogLevel.lookupByName(name) for name in LEVELS}


@implementer(ILogObserver)
class Log:
    """
    What of the log's events is written, and how.  Nothing is, until ``open``.

    *worker*: the number of the process, where several log.
    """

    def __init__(self, worker: int | None = None) -> None:
        self._predicate = LogLevelFilterPredicate()
        self.level = "info"
        self.form: Form = "text"
        self.outlet: Outlet | None = None
        self.path: str | None = None
        """Where it is a file: its name."""
        self._journal: Journal | None = None
        self._worker = worker
        self.mark = "" if worker is None else f"worker {worker}: "
        """What each line of text begins with, after its level."""

    @property
    def level(self) -> str:
        """The least important that is told; another one counts at once."""
        return self._level

    @level.setter
    def level(self, level: str) -> None:
        self._level = level
        # Of Twisted's own messages only those that matter: that some factory of its web
        # server was started is no news to whoever runs a gateway.
        others = LogLevel.info if level == "debug" else LogLevel.warn
        self._predicate.setLogLevelForNamespace("", others)
        self._predicate.setLogLevelForNamespace("bridge", LEVEL[level])

    def open(self, outlet: Outlet, journal: Journal | None = None) -> None:
        """
        Log to *outlet*; where that ends in a *journal*, to it, and to the outlet only
        what that does not take.
        """
        self.outlet = outlet
        self._journal = journal

    def observer(self) -> ILogObserver:
        """An observer of everything of ``level`` and above."""
        return FilteringLogObserver(self, [self._predicate])

    def __call__(self, event: LogEvent) -> None:
        found = told(event)
        if self._journal is not None and self._journal.take(self._entry(found)):
            return
        if self.outlet is not None:
            self.outlet.put(self._line(found))

    def _line(self, event: Told) -> str:
        if self.form == "json":
            return json_line(event, self._worker)
        return text_line(event, self.mark)

    def _entry(self, event: Told) -> bytes:
        """The journal has time and level of its own: people read the rest."""
        message = sentence(event, self.mark)
        if self.form == "json":
            message = json_line(event, self._worker).rstrip("\n")
        elif event.traceback:
            message += f"\n{event.traceback}"
        return entry(event, message, self._worker)
