"""
Columns that fit a screen: which of them, and how wide.

Pure; *width* tells how many cells of a terminal a text takes.  Not here: what they say
(``top_columns``), and colours (``top_screen``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.control.top_columns import Column

GAP = 2
"""Cells between two columns; the first one has the mark of what is sorted by."""

MUCH = 5
"""What is ``spare`` enough for others to be seen whole."""

BARS = "▁▂▃▄▅▆▇█"

Told = Mapping[str, Any]


@dataclass(frozen=True)
class Fitted:
    """A column, as wide as there is room for."""

    column: Column
    width: int
    texts: tuple[str, ...]
    """What it says of each row."""


def fitted(
    columns: Sequence[Column],
    rows: Iterable[Told],
    room: int,
    width: Callable[[str], int] = len,
) -> list[Fitted]:
    """
    Those of *columns* that *rows* have *room* for.

    Left out are those with the most to ``spare``, while even the least of each is too
    much; then the widest that can do with less are cut.  But before an address is, or
    what else is known by its end, those go that have ``MUCH`` to spare.
    """
    rows = tuple(rows)
    kept = [_whole(each, rows, width) for each in columns]
    _drop(kept, room, MUCH, lambda e: e.width if e.column.tail else _least(e))
    _drop(kept, room, 1, _least)
    return _cut(kept, room)


def _drop(
    kept: list[Fitted], room: int, least: int, needs: Callable[[Fitted], int]
) -> None:
    """Those with *least* to spare or more, most first, while there is no room."""
    while sum(map(needs, kept)) + GAP * (len(kept) - 1) > room:
        spare = max(each.column.spare for each in kept)
        if spare < least or len(kept) == 1:
            return
        del kept[max(n for n, each in enumerate(kept) if each.column.spare == spare)]


def _whole(
    column: Column, rows: tuple[Told, ...], width: Callable[[str], int]
) -> Fitted:
    texts = tuple(column.text(row) for row in rows)
    return Fitted(column, max(map(width, (column.name, *texts))), texts)


def _least(each: Fitted) -> int:
    """Cells that it needs at least."""
    return min(each.width, each.column.least or each.width)


def _cut(kept: list[Fitted], room: int) -> list[Fitted]:
    excess = sum(each.width for each in kept) + GAP * (len(kept) - 1) - room
    while excess > 0:
        widest = max(kept, key=lambda each: each.width - _least(each))
        cut = min(excess, widest.width - _least(widest))
        if cut == 0:
            break
        place = kept.index(widest)
        kept[place] = Fitted(widest.column, widest.width - cut, widest.texts)
        excess -= cut
    return kept


def window(count: int, chosen: int, lines: int) -> int:
    """
    Which of *count* rows is the first on a screen of so many *lines*, so that the
    *chosen* one is there.

    >>> window(10, 0, 4), window(10, 5, 4), window(10, 9, 4), window(2, 1, 4)
    (0, 3, 6, 0)
    """
    return max(0, min(chosen - lines // 2, count - lines))


def shares(counts: Sequence[int], lines: int) -> list[int]:
    """
    How many rows of each of several tables there are lines for: the last one gets what
    the others leave, and these a fifth each at most.

    >>> shares([2, 9, 300], 20), shares([1, 1, 1], 20), shares([5], 3)
    ([2, 4, 14], [1, 1, 18], [3])
    """
    first = [min(count, max(1, lines // 5)) for count in counts[:-1]]
    return [*first, max(1, lines - sum(first))]


def spark(values: Sequence[float]) -> str:
    """
    *values* as bars, the greatest the highest.

    >>> spark([0, 1, 4, 8])
    '▁▁▄█'
    """
    most = max(values, default=0) or 1
    return "".join(BARS[min(7, int(value / most * 7.999))] for value in values)
