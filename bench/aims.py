"""
What is aimed at, and whether the recorded figures reach it: computed, never written.

The gateway may have been measured by several Pythons: each is compared, and an aim is
only reached if all reach it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench import http, logged, secure, workers
from bench.contenders import FILTERED, HUNDRED, ONE, POOLED, PROXIED, REFUSING
from bench.knowing import KNOWING, UNKNOWING
from bench.record import Entry, Record
from bench.report import Told, number
from bench.rows import ROWS
from bench.watching import UNSEEN, WATCHED


@dataclass(frozen=True)
class Aim:
    """A figure of the gateway's, of others' or (of nobody's) as it is."""

    row: str
    column: str
    who: str
    of: tuple[str, ...]
    """Of whom; of several the best counts."""
    limit: float
    least: bool = False
    """Whether more than *limit* is better, as of throughput."""

    def value(self, told: Told) -> float | None:
        """What is compared with *limit*; None: there was nothing to measure."""
        if not self.of:
            return told["median"]
        ratios = [told["of"].get(name) for name in self.of]
        there = [ratio for ratio in ratios if ratio is not None]
        if not there:
            return None
        return min(there) if self.least else max(there)

    def reached(self, value: float) -> bool:
        """By the figure as it is told, which has two digits."""
        told = round(value, 2)
        return told >= self.limit if self.least else told <= self.limit


TLS, HTTP = (secure.HAPROXY, secure.NGINX), (http.HAPROXY, http.NGINX)
FLOOR, HAPROXY = ("floor",), ("haproxy",)
ONE_TLS, TWO_TLS = workers.ONE + workers.TLS, workers.TWO + workers.TLS

AIMS = (
    Aim("up1", "cpu", "bridge", HAPROXY, 0.90),
    Aim("down1", "cpu", "bridge", HAPROXY, 0.90),
    Aim("up4", "cpu", "bridge", FLOOR, 1.10),
    Aim("down4", "cpu", "bridge", FLOOR, 1.10),
    Aim("up1", "rate", "bridge", FLOOR, 0.97, least=True),
    Aim("down1", "rate", "bridge", FLOOR, 0.97, least=True),
    Aim("up4", "rate", "bridge", FLOOR, 0.97, least=True),
    Aim("down4", "rate", "bridge", FLOOR, 0.97, least=True),
    Aim("small", "cpu", "bridge", HAPROXY, 0.95),
    Aim("logs", "cpu", logged.JSON, (logged.HAPROXY,), 1.10),
    Aim("logs", "cpu", logged.JSON, (logged.QUIET,), 1.10),
    Aim("logs", "cpu", logged.JSON, (logged.FLOOR,), 1.12),
    Aim("logs", "cpu", logged.TEXT, (logged.FLOOR,), 1.08),
    Aim("objects", "cpu", "bridge", HAPROXY, 1.00),
    Aim("mixed", "p99", "bridge", HAPROXY, 1.00),
    Aim("idle", "memory", "bridge", (), 1.00),
    Aim("farm", "cpu", HUNDRED, (ONE,), 1.05),
    Aim("filter", "cpu", FILTERED, (ONE,), 1.03),
    Aim("proxy", "cpu", PROXIED, (ONE,), 1.10),
    Aim("pool", "cpu", POOLED, (ONE,), 1.05),
    Aim("acl", "cpu", REFUSING, (ONE,), 1.05),
    Aim("http_small", "cpu", http.BRIDGE, HTTP, 2.50),
    Aim("http_connect", "cpu", http.BRIDGE, HTTP, 1.50),
    Aim("http_1m", "cpu", http.BRIDGE, HTTP, 1.10),
    Aim("http_100m", "cpu", http.BRIDGE, HTTP, 1.00),
    Aim("tls_full", "cpu", secure.BRIDGE, TLS, 1.10),
    Aim("tls_resumed", "cpu", secure.BRIDGE, TLS, 1.30),
    Aim("tls_small", "cpu", secure.BRIDGE, TLS, 1.60),
    Aim("tls_objects", "cpu", secure.BRIDGE, TLS, 1.00),
    Aim("workers", "rate", workers.TWO, (workers.ONE,), 1.70, least=True),
    Aim("workers", "p99", workers.TWO, (workers.ONE,), 1.00),
    Aim("workers_tls", "rate", TWO_TLS, (ONE_TLS,), 1.70, least=True),
    Aim("workers_tls", "p99", TWO_TLS, (ONE_TLS,), 1.00),
    Aim("page", "cpu", WATCHED, (UNSEEN,), 1.01),
    Aim("page", "p99", WATCHED, (UNSEEN,), 1.05),
    Aim("knowing_connect", "cpu", KNOWING, (UNKNOWING,), 1.01),
    Aim("knowing_small", "cpu", KNOWING, (UNKNOWING,), 1.01),
    Aim("knowing_up", "cpu", KNOWING, (UNKNOWING,), 1.01),
    Aim("knowing_down", "cpu", KNOWING, (UNKNOWING,), 1.01),
)


def by_pythons(entry: Entry, who: str) -> dict[str, dict[str, Told]]:
    """
    The figures of *who* by each Python's name: the one that ran the benchmark, which
    the row's versions have, and others.
    """
    found = {}
    for name, figures in entry.told.items():
        which, _, python = name.partition(", ")
        if name == who:
            found[entry.made.versions["Python"]] = figures
        elif which == who:
            found[python] = figures
    return found


def compared(
    record: Record, aims: Sequence[Aim] = AIMS
) -> list[tuple[Aim, dict[str, float | None]]]:
    """Every aim of a recorded row, and what each Python reached."""
    found = []
    for aim in aims:
        if aim.row in record:
            by = by_pythons(record[aim.row], aim.who)
            values = {x: aim.value(figures[aim.column]) for x, figures in by.items()}
            found.append((aim, values))
    return found


def table(record: Record, aims: Sequence[Aim] = AIMS) -> list[str]:
    """These, beside each other."""
    measured = compared(record, aims)
    pythons = list(dict.fromkeys(python for _, values in measured for python in values))
    head = ["row", "figure", "aim", *(f"Python {x}" for x in pythons), ""]
    lines = [f"| {' | '.join(head)} |", "|---" * 3 + "|---:" * len(pythons) + "|---|"]
    for aim, values in measured:
        cells = [number(values.get(x), 2) for x in pythons]
        told = [f"`{aim.row}`", _figure(aim), _limit(aim), *cells, verdict(aim, values)]
        lines.append("| " + " | ".join(told) + " |")
    return lines


def unmet(record: Record, aims: Sequence[Aim] = AIMS) -> list[str]:
    """A line for each that was missed by any Python, or could not be measured."""
    return [
        f"{aim.row}: {_figure(aim)}, {_limit(aim)}: {told}"
        for aim, values in compared(record, aims)
        if (told := verdict(aim, values)) != "reached"
    ]


def verdict(aim: Aim, values: dict[str, float | None]) -> str:
    """Of all Pythons: one that misses is told of, whatever the others do."""
    told = {x: aim.reached(value) for x, value in values.items() if value is not None}
    if not told:
        return "not measured"
    if len(set(told.values())) == 1:
        return "reached" if all(told.values()) else "missed"
    return "missed by " + ", ".join(x for x, reached in told.items() if not reached)


def _figure(aim: Aim) -> str:
    title = next(c.title for c in ROWS[aim.row].columns if c.key == aim.column)
    return f"{aim.who}: {title}"


def _limit(aim: Aim) -> str:
    sign = "≥" if aim.least else "≤"
    return " ".join(_words(f"{sign} {aim.limit:.2f}", aim.of))


def _words(limit: str, of: tuple[str, ...]) -> Iterator[str]:
    yield limit
    if of:
        yield "of " + " and of ".join(of)
