"""
The gateway's own log: one line an event, nothing in it that a terminal obeys.

Twisted's text observer passes escape sequences through and has no level; this one
filters by ``log.level`` and shows control characters as what they are.  How a line is
written without waiting for its reader is in ``outlet``.
"""

from __future__ import annotations

from datetime import UTC, datetime

from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
    eventAsText,
)
from zope.interface import implementer

from bridge.watch.outlet import Outlet

LEVELS = {
    "debug": LogLevel.debug,
    "info": LogLevel.info,
    "warn": LogLevel.warn,
    "error": LogLevel.error,
}

_SHOWN = {
    code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code != 10
}


@implementer(ILogObserver)
class Log:
    """What of the log's events is written, and how.  Nothing is, until ``open``."""

    def __init__(self) -> None:
        self._predicate = LogLevelFilterPredicate()
        self.level = "info"
        self.outlet: Outlet | None = None
        self.path: str | None = None
        """Where it is a file: its name."""
        self.mark = ""
        """What each line begins with, after its level: where several processes log."""

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
        self._predicate.setLogLevelForNamespace("bridge", LEVELS[level])

    def open(self, outlet: Outlet) -> None:
        """Log to *outlet*."""
        self.outlet = outlet

    def observer(self) -> ILogObserver:
        """An observer of everything of ``level`` and above."""
        return FilteringLogObserver(self, [self._predicate])

    def __call__(self, event: LogEvent) -> None:
        text = eventAsText(event, includeTimestamp=False, includeSystem=False)
        if "log_failure" not in event:
            text = text.replace("\n", "\\n")
        level = event.get("log_level", LogLevel.info)
        where = event.get("log_namespace", "-")
        if not where.startswith("bridge"):
            text = f"{where}: {text}"
        line = f"{_when(event)} {level.name:<5} {self.mark}{text}".translate(_SHOWN)
        if self.outlet is not None:
            self.outlet.put(line + "\n")


def _when(event: LogEvent) -> str:
    """RFC 3339, UTC, milliseconds."""
    when = datetime.fromtimestamp(event.get("log_time", 0.0), UTC)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03}Z"
