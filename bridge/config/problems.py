"""Where something stands in a file, what is wrong there, and how that is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the document's root: ``("fronts", "web", "listen", 0)``."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file; line and column count from 1, the column in characters."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands and where its key does; an item of a list has no key."""

    value: Spot
    key: Spot

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the configuration: what, where, and what would be right."""

    file: str
    line: int
    column: int
    path: str
    """``fronts.web.listen[1]``; empty for what concerns the text as a whole."""
    message: str
    source_line: str = ""

    def __str__(self) -> str:
        """The line, then the source and a caret below the column."""
        path = f"{self.path}: " if self.path else ""
        head = f"{self.file}:{self.line}:{self.column}: {path}{self.message}"
        if not self.source_line:
            return head
        before = self.source_line[: self.column - 1]
        margin = "".join(c if c == "\t" else " " for c in before)
        return f"{head}\n    {self.source_line}\n    {margin}^"


class ConfigError(ValueError):
    """The operator's configuration is wrong.  Its text is every problem, in order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def dotted(path: Sequence[str | int]) -> str:
    """
    A path as people write it.

    >>> dotted(("fronts", "web", "listen", 0))
    'fronts.web.listen[0]'
    """
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


@dataclass(frozen=True, slots=True)
class Flaw:
    """A problem before it is told: with the path in steps and without the source."""

    spot: Spot
    path: Path
    message: str


def place_of(places: Mapping[Path, Place], path: Path) -> Place:
    """The place of *path*, or of the nearest thing around it that the text has."""
    while path not in places and path:
        path = path[:-1]
    return places[path]


def told(flaws: Iterable[Flaw], sources: Mapping[str, Sequence[str]]) -> list[Problem]:
    """
    The problems in order of file and place, one for each path and place.

    *sources* are the lines of each file; its order is the order of the files.  Of
    several flaws at one path and place the first counts: the others follow from it.
    """
    order = {file: number for number, file in enumerate(sources)}
    first: dict[tuple[Path, Spot], Flaw] = {}
    for flaw in flaws:
        first.setdefault((flaw.path, flaw.spot), flaw)
    ranked = sorted(
        first.values(), key=lambda f: (order[f.spot.file], f.spot.line, f.spot.column)
    )
    return [_problem(flaw, sources[flaw.spot.file]) for flaw in ranked]


def _problem(flaw: Flaw, lines: Sequence[str]) -> Problem:
    at = flaw.spot
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    # The text goes to a terminal: an escape sequence in the file must not.
    clean = "".join(c if c.isprintable() or c == "\t" else "?" for c in line)
    message = "".join(c if c.isprintable() else "?" for c in flaw.message)
    return Problem(at.file, at.line, at.column, dotted(flaw.path), message, clean)
