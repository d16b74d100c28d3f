"""
Who writes which column of the boards: the supervisor's book of them.

There are two, so that what is told as metrics takes no places from what limits are
about.  A process has the same column of both.  Not here: a board (``net.board``), and
what the numbers are called (``known_series``).
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable

from bridge.net.board import Board
from bridge.processes.known_series import KnownSeries
from bridge.processes.link import Message
from bridge.watch.metrics import Series

MOST = 256
"""Workers at a time, those of generations that retire among them.  A column that nobody
has touched takes no memory."""

NUMBERS = 1 << 19
"""The same of numbers: for a few for each of 10,000 servers."""

SLOTS = 1 << 17
"""Pairs of key and number in a column: for 16,384 sources and servers at a time none of
which has a full bucket, see ``net.board``."""


class Columns:
    """Of boards of their own, in which column 0 is the supervisor's."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self.board = Board.create(columns=MOST + 1, slots=SLOTS)
        self._numbers = Board.create(columns=MOST + 1, slots=NUMBERS)
        self.known = KnownSeries(self._numbers)
        self.fds = self.board.fd, self._numbers.fd
        self._free = list(range(MOST, 0, -1))

    @property
    def left(self) -> int:
        """How many nobody has."""
        return len(self._free)

    def take(self) -> int:
        """One that nobody has.  Raises OSError: there is none."""
        if not self._free:
            why = f"{MOST} workers are the most, with those that retire"
            raise OSError(errno.ENOSPC, why)
        return self._free.pop()

    def give(self, column: int) -> None:
        """Whose it was is gone: what it counted is counted no more."""
        self.board.clear(column)
        self._numbers.clear(column)
        self.known.lost(column, self._now())
        self._free.append(column)

    def close(self) -> None:
        """Let go of the boards."""
        self.board.close()
        self._numbers.close()

    # Numbers

    def hear(self, column: int, message: Message) -> None:
        """Whose it is tells which it has there."""
        self.known.hear(column, message, self._now())

    def read(self, column: int, series: Series) -> int:
        """One of them."""
        return self.known.read(column, series)
