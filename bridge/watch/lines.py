"""
Lines to a file or to standard output, in batches, without ever blocking.

A slow reader of the log (a full disk's journal, a stopped pager) must not stop the
relay: what cannot be written waits, up to a bound, and beyond it is dropped and
counted.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

T = TypeVar("T")

DELAY = 0.1
"""Seconds a line may wait for company: one write for all that end meanwhile."""

BATCH = 512
"""Lines after which they are written without waiting for the time to pass."""

MOST_WAITING = 4 * 1024 * 1024
"""Bytes that may wait for a slow reader."""


class Target(Protocol):
    """Where lines end up."""

    def write(self, data: bytes) -> int:
        """Take some of *data*, without blocking.  How many bytes.  Raises OSError."""

    def reopen(self) -> None:
        """The file was moved away: begin a new one."""

    def close(self) -> None: ...


class File:
    """A regular file, appended to.  Raises OSError if it cannot be opened."""

    def __init__(self, path: str) -> None:
        self._path = os.path.abspath(path)  # twistd changes directory as a daemon
        self._fd = self._open()

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        return os.open(self._path, flags, 0o640)

    def write(self, data: bytes) -> int:
        return os.write(self._fd, data)

    def reopen(self) -> None:
        fresh = self._open()  # if that fails, the old one goes on
        os.close(self._fd)
        self._fd = fresh

    def close(self) -> None:
        os.close(self._fd)


class StandardOutput:
    """
    Whatever descriptor 1 is.  It is shared, so it must not be made non-blocking; but
    poll(2) reports a pipe writable only when PIPE_BUF bytes fit.
    """

    def __init__(self) -> None:
        self._fd = sys.__stdout__.fileno() if sys.__stdout__ else 1
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLOUT)

    def write(self, data: bytes) -> int:
        total = 0
        while total < len(data) and self._poll.poll(0):
            total += os.write(self._fd, data[total : total + select.PIPE_BUF])
        return total

    def reopen(self) -> None:
        """There is nothing to reopen."""

    def close(self) -> None:
        """Not ours to close."""


class Lines(Generic[T]):
    """
    Collects records, and writes them to *target* in batches as *render* has them.

    Rendering waits for the batch as well: the same code a hundred times in a row costs
    half of what it costs once between other things.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        target: Target,
        render: Callable[[list[T]], str],
    ) -> None:
        self._clock = clock
        self._target = target
        self._render = render
        self._records: list[T] = []
        self._waiting = b""
        self._timer: IDelayedCall | None = None
        self._failing = False
        self.dropped = 0
        """Lines that nobody will read."""

    def add(self, record: T) -> None:
        self._records.append(record)
        if self._timer is None:
            self._timer = self._clock.callLater(DELAY, self._due)
        elif len(self._records) >= BATCH:
            self.flush()

    def _due(self) -> None:
        self._timer = None
        self.flush()
        if self._waiting:
            self._timer = self._clock.callLater(DELAY, self._due)

    def flush(self) -> None:
        """Write what may be written now."""
        if self._records:
            batch, self._records = self._records, []
            if len(self._waiting) > MOST_WAITING:
                self._drop(len(batch), "its reader is too slow")
            else:
                self._waiting += self._render(batch).encode("utf-8", "backslashreplace")
        if not self._waiting:
            return
        try:
            self._waiting = self._waiting[self._target.write(self._waiting) :]
        except OSError as error:  # ENOSPC, EIO, EPIPE
            lost, self._waiting = self._waiting.count(b"\n"), b""
            self._drop(lost, error.strerror or "error")
        else:
            self._failing = self._failing and bool(self._waiting)

    def _drop(self, count: int, why: str) -> None:
        self.dropped += count
        if not self._failing:
            self._failing = True
            self._log.error(
                "access log: {why}; lines are dropped until that is over", why=why
            )

    def reopen(self) -> None:
        """After the file was moved away (SIGUSR1)."""
        self.flush()
        try:
            self._target.reopen()
        except OSError as error:
            self._log.error(
                "access log: cannot reopen: {why}; the old file goes on",
                why=error.strerror,
            )

    def close(self) -> None:
        self.flush()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._target.close()
