"""
Records to lines, in batches.

Rendering waits for the batch: the same code a hundred times in a row costs half of what
it costs once between other things.  Not here: how lines are written (``outlet``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

T = TypeVar("T")

DELAY = 0.1
"""Seconds a line may wait for company: one write for all that end meanwhile."""

BATCH = 64
"""
Lines after which they are written without waiting for the time to pass.  Sessions wait
meanwhile: 0.4 ms for so many objects of JSON; and more gain nothing.
"""


class Sink(Protocol):
    """Where whole lines go: an ``Outlet``, or a log's events."""

    name: str

    def put(self, text: str) -> None:
        """Take *text*, which is whole lines."""


class Lines(Generic[T]):
    """Collects records, and gives them to *sink* in batches as *render* has them."""

    def __init__(
        self,
        clock: IReactorTime,
        sink: Sink,
        render: Callable[[list[T]], str],
    ) -> None:
        self._clock = clock
        self._sink = sink
        self._render = render
        self._records: list[T] = []
        self._timer: IDelayedCall | None = None

    def add(self, record: T) -> None:
        self._records.append(record)
        if self._timer is None:
            self._timer = self._clock.callLater(DELAY, self._due)
        elif len(self._records) >= BATCH:
            self.flush()

    def _due(self) -> None:
        self._timer = None
        self.flush()

    def flush(self) -> None:
        """Hand over what there is."""
        if self._records:
            batch, self._records = self._records, []
            self._sink.put(self._render(batch))

    def close(self) -> None:
        self.flush()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Events:
    """For a daemon whose log is not ours (``--syslog``): each line an event of it."""

    name = "the log that twistd writes"

    _log = Logger()

    def put(self, text: str) -> None:
        for line in text.splitlines():
            self._log.info("{line}", line=line)
