"""
Which numbers there are on the board of numbers: the names of its keys.

Workers tell them, each once (``service.ledger``).  What a worker has told is known for
as long as one of those who told it is there, and then for a while: another one will
soon tell the same, and what the first had counted is still part of it.

Not here: the board, and reading it for somebody (``numbers``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from bridge.net.board import Board
from bridge.service.ledger import key_of
from bridge.watch.metrics import METRICS, Kind, Series

KEPT = 120.0
"""Seconds for which a series is kept that nobody has any more."""

MOST = 1_000_000
"""Series at a time: as many as a board has places for."""


class _Held(NamedTuple):
    key: int
    columns: set[int]
    """Whose processes have it."""


class KnownSeries:
    """Of *board*, of which column 0 is ours."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._held: dict[Series, _Held] = {}
        self._left: dict[Series, float] = {}
        """Those that nobody has any more, and since when."""

    def __iter__(self) -> Iterator[Series]:
        return iter(tuple(self._held))

    def hear(self, column: int, message: Mapping[str, Any], now: float) -> None:
        """What the process with *column* tells of what it has."""
        for series in _read(message.get("new")):
            held = self._held.get(series)
            if held is None:
                if len(self._held) >= MOST:
                    continue
                held = _Held(key_of(self._board.key, series), set())
                self._held[series] = held
            held.columns.add(column)
            self._left.pop(series, None)
        for series in _read(message.get("gone")):
            self._drop(series, column, now)

    def lost(self, column: int, now: float) -> None:
        """Its process has ended."""
        for series in tuple(self._held):
            self._drop(series, column, now)

    def forget(self, now: float) -> None:
        """
        What nobody has had for long; what the dead have counted of it, too.

        Not what is of a front, farm or server that is still there: that something has
        happened to it once stays true, whoever counted it.
        """
        for series, since in tuple(self._left.items()):
            if now - since >= KEPT and not self._is_held(_owner(series)):
                del self._left[series]
                self._board.column(0).put(self._held.pop(series).key, 0)

    def _is_held(self, series: Series) -> bool:
        held = self._held.get(series)
        return held is not None and bool(held.columns)

    def total(self, series: Series) -> int:
        """Of all columns together."""
        held = self._held.get(series)
        return self._board.total(held.key) if held is not None else 0

    def read(self, column: int, series: Series) -> int:
        """Of one; 0: it has none."""
        held = self._held.get(series)
        return self._board.read(column, held.key) if held is not None else 0

    def _drop(self, series: Series, column: int, now: float) -> None:
        held = self._held.get(series)
        if held is not None and column in held.columns:
            held.columns.remove(column)
            if not held.columns:
                self._left[series] = now


def _owner(series: Series) -> Series:
    """What is told of whatever *series* is of, for as long as that is there."""
    name, *labels = series
    whose = METRICS[str(name)].labels
    if whose[:2] == ("farm", "server"):
        return ("server_up", *labels[:2])
    if whose[:1] == ("farm",):
        return ("farm_servers", labels[0])
    if whose[:1] == ("front",):
        return ("sessions_accepted", labels[0])
    return series


def _read(told: object) -> Iterator[Series]:
    """Those of them that this version knows: the other may be a newer one."""
    if not isinstance(told, Iterable):
        return
    for each in told:
        name, *labels = each
        metric = METRICS.get(name)
        parts = 1 if metric is not None and metric.kind is Kind.HISTOGRAM else 0
        if metric is not None and len(labels) == len(metric.labels) + parts:
            yield tuple(each)
