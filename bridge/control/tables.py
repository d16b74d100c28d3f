"""
Answers as people read them: columns, sizes, times.

Pure.  Not here: which columns (the commands).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

GAP = "  "

_UNITS = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
_TIMES = ((86_400, "d"), (3_600, "h"), (60, "m"))


def size(count: float) -> str:
    """
    Bytes, in three digits or four.

    >>> size(999), size(10_240), size(1_500_000)
    ('999', '10.0KiB', '1.43MiB')
    """
    for unit, name in _UNITS:
        if count >= unit:
            return f"{_short(count / unit)}{name}"
    return f"{count:.0f}"


def _short(value: float) -> str:
    return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f}"


def time(seconds: float) -> str:
    """
    How long, in its two largest units.

    >>> time(0.25), time(59), time(3_700), time(200_000)
    ('0.2s', '59s', '1h1m', '2d7h')
    """
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    left = round(seconds)
    parts: list[str] = []
    for unit, name in _TIMES:
        count, left = divmod(left, unit)
        if count or parts:
            parts.append(f"{count}{name}")
    return "".join([*parts, f"{left}s"][:2])


def table(head: str, rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """
    Lines of columns, as wide as they must be.

    *head* has the names of the columns; those that end in ``>`` are of numbers, and set
    to the right.  The last column is never filled up.
    """
    names = head.split()
    right = [name.endswith(">") for name in names]
    lines = [[name.rstrip(">") for name in names]]
    lines += [[clean(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(line, widths, right, strict=True)
        )
        yield GAP.join(cells).rstrip()


def clean(value: object) -> str:
    """*value* on one line, with nothing that a terminal obeys; nothing is ``-``."""
    text = "-" if value is None or value == "" else str(value)
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in text
    )


def counted(count: int, what: str) -> str:
    """
    >>> counted(1, "server"), counted(2, "server")
    ('1 server', '2 servers')
    """
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def tally(counts: dict[str, int]) -> str:
    """
    The most first.

    >>> tally({"idle": 1, "done": 7})
    'done 7, idle 1'
    """
    each = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count}" for name, count in each)
