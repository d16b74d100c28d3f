"""
The figures that the pages show: ``docs/figures.json``, a row with what it was made on.

A run writes the rows that it has measured and leaves the others, each of which keeps
its own date, versions and number of rounds: so none is told to be of another run.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.report import EARLIER, Summary, machine, medians

TREE = Path(__file__).parent.parent


@dataclass(frozen=True)
class Made:
    """When, of what, on what and how often a row was measured."""

    date: str
    commit: str
    machine: str
    versions: dict[str, str]
    rounds: int
    seconds: int

    def __str__(self) -> str:
        with_what = ", ".join(f"{name} {x}" for name, x in self.versions.items())
        return (
            f"{self.date}, commit {self.commit}: {medians(self.rounds, self.seconds)};"
            f" {self.machine}; {with_what}"
        )


@dataclass(frozen=True)
class Entry:
    """One row of the benchmark, as it was last measured."""

    made: Made
    told: Summary


Record = dict[str, Entry]
"""By the names of rows."""


def made(versions: dict[str, str], rounds: int, seconds: int) -> Made:
    """By a run that begins now."""
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return Made(today, commit(), machine(), versions, rounds, seconds)


def commit(tree: Path = TREE) -> str:
    """The one that *tree*'s gateway is of, and whether it has been changed since."""
    try:
        name = _git(tree, "rev-parse", "--short", "HEAD")
        changed = _git(tree, "status", "--porcelain", "--", "bridge")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{name}, changed" if changed else name


def _git(tree: Path, *words: str) -> str:
    ran = subprocess.run(
        ["git", "-C", str(tree), *words], capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


def entry(made: Made, told: Summary) -> Entry:
    """Without another checkout's figures, which mean nothing to who reads a page."""
    kept: Summary = {}
    for name, figures in told.items():
        if name in EARLIER:
            continue
        kept[name] = {
            key: {
                "median": figure["median"],
                "of": {y: x for y, x in figure["of"].items() if y not in EARLIER},
            }
            for key, figure in figures.items()
        }
    return Entry(made, kept)


def load(file: Path) -> Record:
    """What *file* has; nothing if there is none."""
    if not file.exists():
        return {}
    return {
        row: Entry(Made(**kept["made"]), kept["told"])
        for row, kept in json.loads(file.read_text()).items()
    }


def store(file: Path, record: Record) -> None:
    """A line for each contender, so that what has changed can be read."""
    rows = [f' "{row}": {{\n{_kept(each)}\n }}' for row, each in record.items()]
    file.write_text("{\n" + ",\n".join(rows) + "\n}\n")


def _kept(each: Entry) -> str:
    contenders = ",\n".join(
        f"   {json.dumps(name)}: {json.dumps(figures)}"
        for name, figures in each.told.items()
    )
    made = json.dumps(asdict(each.made))
    return f'  "made": {made},\n  "told": {{\n{contenders}\n  }}'


def runs(entries: Iterable[Entry]) -> list[Made]:
    """Of which *entries* are, each once."""
    found: list[Made] = []
    for each in entries:
        if each.made not in found:
            found.append(each.made)
    return found
