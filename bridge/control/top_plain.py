"""
``bridgectl top`` where there is no terminal to draw on: once, as plain text.

Pure.  Not here: when it is looked (``top_command``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bridge.control.tables import clean, counted, size, table
from bridge.control.top_columns import Column, known, per_second
from bridge.control.top_looks import Seen
from bridge.control.top_views import (
    FARMS,
    FRONTS,
    SERVERS,
    SESSIONS,
    Table,
    ordered,
    shown_columns,
)

SERVERS_SHOWN = 100
"""Servers that are told of, the unwell ones first."""

SESSIONS_SHOWN = 20


def plain_lines(seen: Seen) -> Iterator[str]:
    """For people, and for awk: a name that has a space in it has another letter."""
    yield _headline(seen)
    yield from seen.warnings
    for each, most in (
        (FRONTS, None),
        (FARMS, None),
        (SERVERS, SERVERS_SHOWN),
        (SESSIONS, SESSIONS_SHOWN),
    ):
        yield ""
        yield from _table(seen, each, most)


def _headline(seen: Seen) -> str:
    status, rate = seen.status, seen.rate
    draining = ", draining" if status["draining"] else ""
    return (
        f"bridge {clean(status['version'])}{draining}, "
        f"{counted(status['sessions'], 'session')} of at most {status['most']}, "
        f"{known(rate['sessions'], per_second)} new/s, "
        f"up {known(rate['up'], size)}/s, down {known(rate['down'], size)}/s"
    )


def _table(seen: Seen, of: Table, most: int | None) -> Iterator[str]:
    rows = ordered(of.rows(seen), of.column(of.sort), False)
    columns = _columns(of, rows)
    yield from table(
        " ".join(_head(each) for each in columns),
        ([each.text(row) for each in columns] for row in rows[:most]),
    )
    count = seen.matching if of is SESSIONS else len(rows)
    if most is not None and count > most:
        yield f"{most} of {count} shown"


def _columns(of: Table, rows: Sequence[object]) -> list[Column]:
    """All, those of texts that may have spaces in them last."""
    columns = shown_columns(of, rows)  # type: ignore[arg-type]
    loose = [each for each in columns if each.name in _LOOSE]
    return [each for each in columns if each not in loose] + loose


_LOOSE = ("LISTENS ON", "FARMS", "ENDINGS", "NOTE", "WHY")


def _head(column: Column) -> str:
    """One word."""
    return column.name.replace(" ", "_") + (">" if column.number else "")
