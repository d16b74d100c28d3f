"""Rounds of figures into markdown, the same text for the same figures."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import http, logged, secure, workers
from bench.contenders import BEFORE, ONE
from bench.loads import Figures
from bench.measure import middle, ratio
from bench.rows import Column, Row
from bench.watching import UNSEEN

YARDSTICKS = (
    *("floor", "haproxy", ONE, UNSEEN, secure.HAPROXY, secure.NGINX),
    *(http.HAPROXY, http.NGINX),
    *workers.YARDSTICKS,
    *logged.YARDSTICKS,
    *(BEFORE, secure.BEFORE, http.BEFORE),
)

Rounds = dict[str, list[Figures]]
"""For each contender its figures, round by round; {} where it failed."""


def header(versions: dict[str, str], rounds: int, seconds: int) -> list[str]:
    """On what, with what and how it was measured."""
    return [
        f"- kernel {platform.release()}, {_processors()}",
        "- " + ", ".join(f"{name} {version}" for name, version in versions.items()),
        f"- medians of {rounds} interleaved rounds of {seconds} s; a ratio is the"
        " median of the rounds' ratios",
    ]


def table(row: Row, rounds: Rounds) -> list[str]:
    """One row of the benchmark as one markdown table, a line for each contender."""
    titles = [title for column in row.columns for title in _titles(column, rounds)]
    lines = ["| | " + " | ".join(titles) + " |", "|---" + "|---:" * len(titles) + "|"]
    for name, figures in rounds.items():
        cells = (cell for c in row.columns for cell in _cells(c, figures, rounds))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return [f"### {row.title}", "", *lines]


def _titles(column: Column, rounds: Rounds) -> Iterator[str]:
    yield column.title
    for yardstick in _yardsticks(column, rounds):
        yield f"÷ {yardstick}"


def _cells(column: Column, mine: list[Figures], rounds: Rounds) -> Iterator[str]:
    own = _values(column, mine)
    yield _number(middle(own), column.digits)
    for yardstick in _yardsticks(column, rounds):
        yield _number(ratio(own, _values(column, rounds[yardstick])), 2)


def _yardsticks(column: Column, rounds: Rounds) -> list[str]:
    return [y for y in YARDSTICKS if column.compared and y in rounds]


def _values(column: Column, figures: Sequence[Figures]) -> list[float | None]:
    return [figure.get(column.key) for figure in figures]


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _processors() -> str:
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{len(names)} x {names[0] if names else platform.machine()}"
