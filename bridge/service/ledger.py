"""
Where a process writes its numbers: for itself, or for all on a board.

Here: both kinds, which those who count do not tell apart.  Not here: what is counted
(``counted``), and who reads it (``processes.numbers``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from bridge.watch.metrics import Series, is_total

if TYPE_CHECKING:
    from bridge.net.column import Column

PIECE = 1000
"""Series that are told in one message."""


class Ledger(Protocol):
    """Numbers by series."""

    def put(self, series: Series, number: int) -> None:
        """So many, from now on."""

    def drop(self, series: Series) -> None:
        """What it was of is there no more."""

    def flush(self) -> None:
        """All has been put that there is at a time."""


class OwnLedger:
    """Of a process that is asked itself."""

    def __init__(self) -> None:
        self.numbers: dict[Series, int] = {}

    def put(self, series: Series, number: int) -> None:
        self.numbers[series] = number

    def drop(self, series: Series) -> None:
        self.numbers.pop(series, None)

    def flush(self) -> None:
        """It can be read as it is."""

    def read(self, series: Series) -> int:
        """0: it has none."""
        return self.numbers.get(series, 0)

    def end(self) -> None:
        """Its process has ended: what only grows stays, and nothing else."""
        self.numbers = {
            series: number
            for series, number in self.numbers.items()
            if is_total(series)
        }


class BoardLedger:
    """
    In *column* of a board, where keys say nothing: *tell* is told which series there
    are, as a message with those that are ``new`` and those that are ``gone``.
    """

    def __init__(
        self, column: Column, tell: Callable[[Mapping[str, Any]], object]
    ) -> None:
        self._column = column
        self._tell = tell
        self._keys: dict[Series, int] = {}
        self._new: dict[Series, None] = {}
        self._gone: list[Series] = []

    def put(self, series: Series, number: int) -> None:
        key = self._keys.get(series)
        if key is None:
            key = self._keys[series] = key_of(self._column.key, series)
            self._new[series] = None
        self._column.put(key, number)

    def drop(self, series: Series) -> None:
        key = self._keys.pop(series, None)
        if key is not None:
            self._column.put(key, 0)
            if series in self._new:
                del self._new[series]  # nobody has heard of it
            else:
                self._gone.append(series)

    def flush(self) -> None:
        """
        Tell of what is new.  Who dies before that has told leaves numbers that nobody
        knows the names of, until the next one has told of the same.
        """
        new, self._new = tuple(self._new), {}
        gone, self._gone = self._gone, []
        for piece in _pieces(gone):
            self._tell({"new": [], "gone": piece})
        for piece in _pieces(new):
            self._tell({"new": piece, "gone": []})


def key_of(make: Callable[..., int], series: Series) -> int:
    """As ``Board.key`` makes it."""
    name, *labels = series
    return make(name, *labels, total=is_total(series))


def _pieces(series: Sequence[Series]) -> Iterator[Sequence[Series]]:
    for start in range(0, len(series), PIECE):
        yield series[start : start + PIECE]
