"""
Who writes which column of the board: the supervisor's book of them.

Not here: the board (``net.board``).
"""

from __future__ import annotations

import errno

from bridge.net.board import Board

MOST = 256
"""Workers at a time, those of generations that retire among them.  A column that nobody
has touched takes no memory."""

SLOTS = 1 << 17
"""Pairs of key and number in a column: for 16,384 sources and servers at a time none of
which has a full bucket, see ``net.board``."""


class Columns:
    """Of a board of their own, in which column 0 is the supervisor's."""

    def __init__(self) -> None:
        self.board = Board.create(columns=MOST + 1, slots=SLOTS)
        self.fd = self.board.fd
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
        self._free.append(column)

    def close(self) -> None:
        """Let go of the board."""
        self.board.close()
