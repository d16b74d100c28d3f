"""
The gateway's own log: one line an event, nothing in it that a terminal obeys.

Twisted's text observer passes escape sequences through and has no level; this one
filters by ``log.level`` and shows control characters as what they are.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import IO

from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    eventAsText,
)
from zope.interface import implementer

_own = Logger(namespace="bridge.watch")

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
    """
    The log's stream, and what of it is written.

    Standard output until ``open`` names a file.
    """

    def __init__(self) -> None:
        self.level = "info"
        self._path: str | None = None
        self._stream: IO[str] = sys.stdout

    def open(self, path: str | None) -> None:
        """Log to the file at *path*; None: to standard output.  Raises OSError."""
        self._path = os.path.abspath(path) if path is not None else None
        self._begin()

    def reopen(self) -> None:
        """The file was moved away: begin a new one, or go on with the old."""
        try:
            self._begin()
        except OSError as error:
            _own.error("log: cannot reopen: {why}", why=error.strerror)

    def _begin(self) -> None:
        before = self._stream
        if self._path is None:
            self._stream = sys.stdout
        else:
            self._stream = open(self._path, "a", encoding="utf-8")  # noqa: SIM115
        if before is not sys.stdout:
            before.close()

    def observer(self) -> ILogObserver:
        """
        An observer of everything of ``level`` and above.

        Of Twisted's own messages only those that matter: that some factory of its web
        server was started is no news to whoever runs a gateway.
        """
        others = LogLevel.info if self.level == "debug" else LogLevel.warn
        predicate = LogLevelFilterPredicate(defaultLogLevel=others)
        predicate.setLogLevelForNamespace("bridge", LEVELS[self.level])
        return FilteringLogObserver(self, [predicate])

    def __call__(self, event: LogEvent) -> None:
        text = eventAsText(event, includeTimestamp=False, includeSystem=False)
        if "log_failure" not in event:
            text = text.replace("\n", "\\n")
        level = event.get("log_level", LogLevel.info)
        where = event.get("log_namespace", "-")
        if not where.startswith("bridge"):
            text = f"{where}: {text}"
        line = f"{_when(event)} {level.name:<5} {text}".translate(_SHOWN)
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except OSError:  # a closed terminal or a full disk must not stop the relay
            pass


def _when(event: LogEvent) -> str:
    """RFC 3339, UTC, milliseconds."""
    when = datetime.fromtimestamp(event.get("log_time", 0.0), UTC)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03}Z"
