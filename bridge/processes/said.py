"""
Events of a worker's log, told by the supervisor: where twistd logs to a place that is
not ours to write to (``--syslog``, ``--logger``).

Not here: logs that are files or standard output, which workers write by themselves.
"""

from __future__ import annotations

import sys

from twisted.logger import ILogObserver, LogEvent, Logger, LogLevel, eventAsText
from zope.interface import implementer

from bridge.processes.link import Link, Message
from bridge.watch.log import LEVEL, Log


@implementer(ILogObserver)
class Said:
    """
    In a worker: hands over *link* what *log* would write.

    A supervisor that does not read gets no more; then it gets the number of lines that
    are missing.
    """

    def __init__(self, link: Link, log: Log) -> None:
        self._link = link
        self._log = log
        self._missing = 0

    def __call__(self, event: LogEvent) -> None:
        level = event.get("log_level", LogLevel.info)
        ours = event.get("log_namespace", "").startswith("bridge")
        least = LEVEL[self._log.level] if ours else LogLevel.warn
        if level < least:
            return
        text = eventAsText(event, includeTimestamp=False, includeSystem=False)
        if not self._link.up:
            print(self._log.mark + text, file=sys.__stderr__)
        elif self._link.full:
            self._missing += 1
        else:
            if self._missing:
                self._say("warn", f"{self._missing} lines are missing here")
                self._missing = 0
            self._say(level.name, text)

    def _say(self, level: str, text: str) -> None:
        self._link.send("said", {"level": level, "text": self._log.mark + text})


_logger = Logger(namespace="bridge.worker")


def tell(message: Message) -> None:
    """In the supervisor: what a worker said is an event of its log."""
    level = LogLevel.lookupByName(message["level"])
    _logger.emit(level, "{text}", text=message["text"])
