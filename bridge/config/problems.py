"""Where something stands in a file, what is wrong there, and how that is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the document's root: ``("fronts", "web", "listen", 0)``."""


_WAY = 7
"""Names that a circle shows, the first and the last among them."""

_AROUND = 100
"""Characters of a line that are shown on either side of an error."""


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
    line_text: str = ""
    """Around the column, where the line is very long."""
    text_begin: int = 0
    """Characters of the line before that."""

    def __str__(self) -> str:
        """Place and message, then the text and a caret below the column."""
        path = f"{self.path}: " if self.path else ""
        head = f"{self.file}:{self.line}:{self.column}: {path}{self.message}"
        if not self.line_text:
            return head
        before = self.line_text[: self.column - 1 - self.text_begin]
        margin = "".join(c if c == "\t" else " " for c in before)
        return f"{head}\n    {self.line_text}\n    {margin}^"


class ConfigError(ValueError):
    """
    The operator's configuration is wrong.  Its text is every problem, in order.

    *draft*: what could be read of it all the same, so that more can be found wrong.
    """

    def __init__(self, problems: Iterable[Problem], draft: Draft | None = None) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        self.draft = draft
        super().__init__("\n".join(map(str, self.problems)))


def dotted(path: Sequence[str | int]) -> str:
    """
    A path as people write it.

    >>> dotted(("fronts", "web", "listen", 0))
    'fronts.web.listen[0]'
    """
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
            continue
        key = step if len(step) <= _AROUND else f"{step[:_AROUND]}..."
        text += f".{key}" if text else key
    return text


def circle(names: Sequence[str]) -> str:
    """
    A way through *names* and back to its first, shortened where it is long.

    >>> circle(["a", "b"])
    'a -> b -> a'
    """
    way = [*names, names[0]]
    if len(way) > _WAY:
        left = f"({len(way) - _WAY + 1:,} more)"
        way = [*way[: _WAY - 3], left, *way[-2:]]
    return " -> ".join(way)


@dataclass(frozen=True, slots=True)
class Flaw:
    """A problem before it is told: with the path in steps and without the text."""

    spot: Spot
    path: Path
    message: str


@dataclass(frozen=True)
class Draft:
    """A configuration as plain values, with all that is known to be wrong with it."""

    values: Any
    places: Mapping[Path, Place]
    texts: Mapping[str, Sequence[str]]
    """The lines of each file, by its name."""
    folder: FilePath
    """Where relative paths begin."""
    flaws: Sequence[Flaw] = ()
    problems: Sequence[Problem] = ()
    """What is wrong in files of networks that it names."""


def place_of(places: Mapping[Path, Place], path: Path) -> Place:
    """The place of *path*, or of the nearest thing around it that the text has."""
    while path not in places and path:
        path = path[:-1]
    return places[path]


def told(flaws: Iterable[Flaw], texts: Mapping[str, Sequence[str]]) -> list[Problem]:
    """
    The problems in order of file and place, one for each path and place.

    *texts* are the lines of each file; its order is the order of the files.  Of
    several flaws at one path and place the first counts: the others follow from it.
    """
    order = {file: number for number, file in enumerate(texts)}
    first: dict[tuple[Path, Spot], Flaw] = {}
    for flaw in flaws:
        first.setdefault((flaw.path, flaw.spot), flaw)
    ranked = sorted(
        first.values(), key=lambda f: (order[f.spot.file], f.spot.line, f.spot.column)
    )
    return [_problem(flaw, texts[flaw.spot.file]) for flaw in ranked]


def _problem(flaw: Flaw, lines: Sequence[str]) -> Problem:
    at = flaw.spot
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    # What a program wrote may be one line of a megabyte, with an error in every word.
    begin = max(0, at.column - _AROUND) if len(line) > 2 * _AROUND else 0
    shown = line[begin : begin + 2 * _AROUND]
    # The text goes to a terminal: an escape sequence in the file must not.
    clean = "".join(c if c.isprintable() or c == "\t" else "?" for c in shown)
    message = "".join(c if c.isprintable() else "?" for c in flaw.message)
    return Problem(
        at.file, at.line, at.column, dotted(flaw.path), message, clean, begin
    )
