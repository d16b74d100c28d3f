"""
The pages that the record is shown in: ``docs/figures.md``, and a table in README.md.

Both are made of the record by nothing else, so a test can hold them to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import aims, logged, pages, record, secure
from bench.record import Entry, Made, Record
from bench.report import Told, number, table_of
from bench.rows import ROWS

FILE, PAGE, README, PLACE = "figures.json", "figures.md", "README.md", "bench: figures"

INTRODUCTION = """\
# Figures

Written by `make bench` from `figures.json`, which it writes, too: do not change either
by hand. [performance.md](performance.md) tells what is compared, and how. Each table is
of one run, in which contenders took turns within every round: ratios of one table are
to be trusted more than differences between two.
"""
AIMED = """
## Aims

Of the figures in the column *figure*, of others' in the same rounds (of several, of the
best). What is missed by any Python is missed.
"""


@dataclass(frozen=True)
class Line:
    """One figure of README.md's: whose, from which row, and how it is told."""

    what: str
    row: str
    column: str
    unit: str
    digits: int = 0
    who: tuple[str, str, str] = ("bridge", "haproxy", "floor")
    """The gateway, HAProxy and the least that a relay can cost; "": there is none."""
    scale: float = 1.0


SILENT = (logged.NONE, logged.QUIET, logged.FLOOR)
TOLD_TEXT = (logged.TEXT, logged.HAPROXY, "")
TOLD_JSON = (logged.JSON, logged.HAPROXY, "")
TLS = (secure.BRIDGE, secure.HAPROXY, "")

LINES = (
    Line("one flow to the server", "up1", "rate", "Gb/s", 1),
    Line("its CPU per GB", "up1", "cpu", "s", 2),
    Line("one flow to the client", "down1", "rate", "Gb/s", 1),
    Line("its CPU per GB", "down1", "cpu", "s", 2),
    Line("CPU per small request, kept alive", "small", "cpu", "µs", 1),
    Line("CPU per connection, no log", "logs", "cpu", "µs", who=SILENT),
    Line("… with a line of text in the log", "logs", "cpu", "µs", who=TOLD_TEXT),
    Line("… with a line of JSON", "logs", "cpu", "µs", who=TOLD_JSON),
    Line("CPU per object of 1 MB", "objects", "cpu", "µs"),
    Line("p99 of small requests beside a bulk flow", "mixed", "p99", "ms", 1),
    Line("memory per idle session", "idle", "memory", "kB", 1),
    Line("CPU per small request over TLS", "tls_small", "cpu", "µs", 1, TLS),
    Line("CPU per 1 MB over TLS", "tls_objects", "cpu", "ms", 2, TLS, 1 / 1000),
    Line(
        "CPU per TLS handshake, with a request", "tls_full", "cpu", "ms", 2, TLS, 0.001
    ),
)


def write(folder: Path, kept: Record) -> None:
    """*folder*'s two files, and the table in README.md beside it."""
    record.store(folder / FILE, kept)
    (folder / PAGE).write_text(page(kept))
    pages.write(folder.parent / README, PLACE, readme(kept))


def page(kept: Record) -> str:
    """The whole of PAGE."""
    runs = record.runs(kept[row] for row in ROWS if row in kept)
    numbered = [f"{number}. {made}" for number, made in enumerate(runs, 1)]
    lines = [INTRODUCTION, "## Runs", "", *numbered, AIMED, *aims.table(kept), ""]
    lines += ["## Tables", ""]
    for name, row in ROWS.items():
        if name in kept:
            title, *table = table_of(row, kept[name].told)
            run = f"Row `{name}`, run {runs.index(kept[name].made) + 1}."
            lines += [title, "", run, *table, ""]
    return "\n".join(lines)


def readme(kept: Record) -> list[str]:
    """The table of README.md, and when it was measured; lines not measured left out."""
    there = [line for line in LINES if line.row in kept]
    measured = [aims.by_pythons(kept[line.row], line.who[0]) for line in there]
    pythons = list(dict.fromkeys(python for by in measured for python in by))
    head = [f"Python {python}" for python in pythons]
    lines = [
        f"| bridge by | {' | '.join([*head, 'HAProxy', 'floor'])} |",
        "|---" + "|---:" * (len(pythons) + 2) + "|",
    ]
    for line, by in zip(there, measured, strict=True):
        cells = list(_cells(line, kept[line.row], [by.get(x) for x in pythons]))
        lines.append(f"| {line.what} | " + " | ".join(cells) + " |")
    return [*lines, "", *_dated(record.runs(kept[line.row] for line in there))]


def _cells(
    line: Line, entry: Entry, ours: list[dict[str, Told] | None]
) -> Iterator[str]:
    _, haproxy, floor = line.who
    for figures in ours:
        if figures is None:
            yield ""
            continue
        ratio = figures[line.column]["of"].get(haproxy)
        compared = f" ({number(ratio, 2)})" if ratio is not None else ""
        yield _told(line, figures[line.column]) + compared
    for name in (haproxy, floor):
        yield _told(line, entry.told[name][line.column]) if name in entry.told else ""


def _told(line: Line, told: Told) -> str:
    median = told["median"]
    if median is None:
        return "-"
    return f"{number(median * line.scale, line.digits)} {line.unit}"


def _dated(runs: list[Made]) -> Iterator[str]:
    """In brackets what stands beside a figure, and of which runs the table is."""
    yield "In brackets: of HAProxy's figure, in the same rounds. Measured"
    for number_, made in enumerate(runs, 1):
        versions = made.versions
        last = "." if number_ == len(runs) else ";"
        yield (
            f"{made.date} in {made.rounds} rounds, HAProxy"
            f" {versions['haproxy']}, commit {made.commit}{last}"
        )
