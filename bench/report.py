"""
Rounds of figures into what is kept of them, and that into markdown.

The same text for the same figures.  Not here: where either is written (``record``,
``figures``).
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypedDict

from bench import http, logged, secure, workers
from bench.contenders import BEFORE, ONE
from bench.knowing import UNKNOWING
from bench.loads import Figures
from bench.measure import middle, ratio
from bench.rows import Column, Row
from bench.watching import ELSEWHERE, TWO, UNSEEN

EARLIER = (BEFORE, secure.BEFORE, http.BEFORE, logged.BEFORE)
YARDSTICKS = (
    *("floor", "haproxy", ONE, UNKNOWING, secure.HAPROXY, secure.NGINX),
    *(UNSEEN, ELSEWHERE, UNSEEN + TWO, ELSEWHERE + TWO),
    *(http.HAPROXY, http.NGINX),
    *workers.YARDSTICKS,
    *logged.YARDSTICKS,
    *EARLIER,
)

Rounds = dict[str, list[Figures]]
"""For each contender its figures, round by round; {} where it failed."""


class Told(TypedDict):
    """What is told of one figure of one contender."""

    median: float | None
    of: dict[str, float | None]
    """Of each yardstick's, the median of the rounds' ratios."""


Summary = dict[str, dict[str, Told]]
"""For each contender, by the columns' keys."""


def header(versions: dict[str, str], rounds: int, seconds: int) -> list[str]:
    """On what, with what and how it was measured."""
    return [
        f"- {machine()}",
        "- " + ", ".join(f"{name} {version}" for name, version in versions.items()),
        f"- {medians(rounds, seconds)}; a ratio is the median of the rounds' ratios",
    ]


def machine() -> str:
    return f"kernel {platform.release()}, {_processors()}"


def medians(rounds: int, seconds: int) -> str:
    return f"medians of {rounds} interleaved rounds of {seconds} s"


def summary(row: Row, rounds: Rounds) -> Summary:
    """What is told of *rounds*, and kept: medians, and ratios of yardsticks'."""
    return {
        name: {column.key: _told(column, figures, rounds) for column in row.columns}
        for name, figures in rounds.items()
    }


def _told(column: Column, mine: list[Figures], rounds: Rounds) -> Told:
    own = _values(column, mine)
    yardsticks = [y for y in YARDSTICKS if column.compared and y in rounds]
    of = {y: _short(ratio(own, _values(column, rounds[y]))) for y in yardsticks}
    return {"median": _short(middle(own)), "of": of}


def table(row: Row, rounds: Rounds) -> list[str]:
    """One row of the benchmark as one markdown table, a line for each contender."""
    return table_of(row, summary(row, rounds))


def table_of(row: Row, told: Summary) -> list[str]:
    """The same of what was kept."""
    first = next(iter(told.values()))
    titles = [x for column in row.columns for x in _titles(column, first[column.key])]
    lines = ["| | " + " | ".join(titles) + " |", "|---" + "|---:" * len(titles) + "|"]
    for name, figures in told.items():
        cells = [cell for c in row.columns for cell in _cells(c, figures[c.key])]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return [f"### {row.title}", "", *lines]


def _titles(column: Column, told: Told) -> Iterator[str]:
    yield column.title
    for yardstick in told["of"]:
        yield f"÷ {yardstick}"


def _cells(column: Column, told: Told) -> Iterator[str]:
    yield number(told["median"], column.digits)
    for value in told["of"].values():
        yield number(value, 2)


def _values(column: Column, figures: Sequence[Figures]) -> list[float | None]:
    return [figure.get(column.key) for figure in figures]


def number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _short(value: float | None) -> float | None:
    """To as many digits as are ever told."""
    return None if value is None else float(f"{value:.6g}")


def _processors() -> str:
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{len(names)} x {names[0] if names else platform.machine()}"
