"""
What an operator types to see less: ``server=b 2001:db8::/32 GET``.

Pure.  Words of the kind NAME=VALUE, and networks, the gateway finds among all its
sessions; others are looked for in what is shown.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.control.top_columns import Column
from bridge.net.address import parse_network

NAMES = ("front", "farm", "server", "client", "state")
"""What sessions are found by."""

Told = Mapping[str, Any]


@dataclass(frozen=True)
class Filter:
    """What is typed, read."""

    only: Mapping[str, str] = field(default_factory=dict)
    """By one of ``NAMES``."""
    words: tuple[str, ...] = ()
    """Each stands somewhere in what is shown, large or small."""

    @classmethod
    def of(cls, text: str) -> Filter:
        only: dict[str, str] = {}
        words = []
        for word in _words(text):
            name, equals, value = word.partition("=")
            if equals and value and name in NAMES:
                only[name] = value
            elif _is_network(word):
                only["client"] = word
            else:
                words.append(word.casefold())
        return cls(only, tuple(words))

    def rows(
        self, rows: Iterable[Told], columns: Sequence[Column], asked: bool
    ) -> list[Told]:
        """Those that are meant; *asked*: the gateway knows of ``only``."""
        return [each for each in rows if self._has(each, columns, asked)]

    def _has(self, row: Told, columns: Sequence[Column], asked: bool) -> bool:
        if not asked and any(
            row[name] != value for name, value in self.only.items() if name in row
        ):
            return False
        if not self.words:
            return True
        shown = " ".join(each.text(row) for each in columns).casefold()
        return all(word in shown for word in self.words)


def narrowed(row: Told, names: Iterable[str]) -> str:
    """What is typed to find the sessions of *row*, of which *names* say whose."""
    return " ".join(
        shlex.quote(f"{name}={row[name]}") for name in names if row.get(name)
    )


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quote that does not end
        return text.split()


def _is_network(word: str) -> bool:
    if ":" not in word and "." not in word:
        return False
    try:
        parse_network(word)
    except ValueError:
        return False
    return True
