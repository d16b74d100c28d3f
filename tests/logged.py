"""What the gateway's log says while a test looks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from twisted.logger import (
    ILogObserver,
    LogEvent,
    formatEvent,
    globalLogPublisher,
)
from zope.interface import implementer


@implementer(ILogObserver)
class Listening:
    """Keeps every event."""

    def __init__(self) -> None:
        self.events: list[LogEvent] = []

    def __call__(self, event: LogEvent) -> None:
        self.events.append(event)

    @property
    def lines(self) -> list[str]:
        """The messages of ours."""
        return [formatEvent(event) for event in self._ours]

    @property
    def levels(self) -> list[str]:
        """How important each of them is."""
        return [event["log_level"].name for event in self._ours]

    @property
    def _ours(self) -> list[LogEvent]:
        return [
            event
            for event in self.events
            if str(event.get("log_namespace", "")).startswith("bridge")
        ]

    @property
    def tracebacks(self) -> int:
        return sum("log_failure" in event for event in self.events)


@contextmanager
def logged() -> Iterator[Listening]:
    """All that is logged within."""
    listening = Listening()
    globalLogPublisher.addObserver(listening)
    try:
        yield listening
    finally:
        globalLogPublisher.removeObserver(listening)
