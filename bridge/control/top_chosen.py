"""
What the operator in front of ``bridgectl top`` has chosen, and what a key changes.

Pure: keys in, and out comes an order, or that it is over.  Not here: how it looks
(``top_screen``), and who carries it out (``top_live``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from bridge.control.tables import clean, counted
from bridge.control.top_columns import Column
from bridge.control.top_filter import Filter, narrowed
from bridge.control.top_looks import LISTED, Seen, Wanted
from bridge.control.top_views import (
    ENDINGS,
    FARMS,
    SERVERS,
    SESSIONS,
    SORTED_THERE,
    VIEWS,
    Table,
    View,
    ordered,
    shown_columns,
)

Told = Mapping[str, Any]

SLOWEST, QUICKEST = 60.0, 0.5
"""Seconds between two looks, as keys set them."""

_PAGE = 10
"""Lines that a page key moves by."""

MOST_TYPED = 200

_ORDERS = {"d": "drain", "r": "ready", "x": "disable", "k": "kill"}


class Mode(Enum):
    """What a key means."""

    TABLE = auto()
    TYPING = auto()
    """It is a character of the filter."""
    ASKING = auto()
    """It is the answer to whether an order is meant."""
    HELP = auto()
    SESSION = auto()
    """All of one session is looked at."""


class Quit:
    """It is over."""


@dataclass(frozen=True)
class Order:
    """What the gateway is to do."""

    command: str
    args: Mapping[str, str]
    question: str


@dataclass
class Chosen:
    """All of it."""

    interval: float = 1.0
    """Seconds between two looks."""
    view: View = VIEWS[0]
    mode: Mode = Mode.TABLE
    paused: bool = False
    typed: str = ""
    """The filter; what is being typed, while it is."""
    filter: Filter = field(default_factory=Filter)
    order: Order | None = None
    session: str = ""
    """The one that is looked at."""
    said: str = ""
    """What has come of the last key, on one line."""
    bad: bool = False
    """That is an error."""
    _sorts: dict[str, tuple[str, bool]] = field(default_factory=dict)
    _before: str = ""
    """The filter before it was typed at."""
    _key: tuple[Any, ...] | None = None
    _place: int = 0

    # What is shown

    def wanted(self, lines: int) -> Wanted:
        """What to ask for, for a screen of so many *lines*."""
        tables = self.view.tables
        by, reverse = self.sort(SESSIONS)
        there = SORTED_THERE.get(by.name)
        return Wanted(
            servers=SERVERS in tables,
            sessions=SESSIONS in tables and not self.session,
            sums=FARMS in tables or SERVERS in tables,
            endings=ENDINGS in tables,
            path=len(tables) > 1,
            session=self.session,
            only=self.filter.only if SESSIONS in tables else {},
            sort=there or "rate",
            reverse=reverse and there is not None,
            limit=max(LISTED, min(lines, 10 * LISTED)),
        )

    def sort(self, table: Table) -> tuple[Column, bool]:
        """By which column, and whether the other way round."""
        name, reverse = self._sorts.get(table.title, (table.sort, False))
        return table.column(name), reverse

    def rows(self, table: Table, seen: Seen) -> list[Told]:
        """In their order; those that the filter leaves."""
        rows = table.rows(seen)
        if table is self.view.table:
            rows = self.filter.rows(rows, table.columns, asked=table is SESSIONS)
        return ordered(rows, *self.sort(table))

    def place(self, rows: Sequence[Told]) -> int:
        """Which of the last table's *rows* is chosen; 0 of none."""
        table = self.view.table
        for place, each in enumerate(rows):
            if table.key(each) == self._key:
                return place
        return max(0, min(self._place, len(rows) - 1))

    # What is told

    def say(self, text: str, bad: bool = False) -> None:
        self.said, self.bad = text, bad

    def refused(self, why: str) -> bool:
        """
        The gateway cannot tell what is wanted: whether that is because there is no such
        session any more, or nothing that could be filtered by.
        """
        if self.session:
            self.ended(f"session {clean(self.session)} has ended")
        elif self.filter.only:
            self._filter_by("")
            self.say(why, bad=True)
        else:
            return False
        return True

    def ended(self, why: str) -> None:
        """The session that is looked at is not there any more."""
        self.session, self.mode = "", Mode.TABLE
        self.say(why)

    # What a key does

    def press(self, key: str, seen: Seen) -> Order | Quit | None:
        """*key*, as ``top_keys`` calls it, in front of what is *seen*."""
        self.say("")
        if self.mode is Mode.TYPING:
            self._type(key)
            return None
        if self.mode is Mode.ASKING:
            return self._answer(key)
        if self.mode is Mode.HELP:
            self.mode = Mode.SESSION if self.session else Mode.TABLE
            return None
        if key in ("q", "end_of_input"):
            return Quit()
        if self._common(key):
            return None
        if self.mode is Mode.SESSION:
            if key in ("escape", "backspace", "enter", "left"):
                self.ended("")
            elif key == "k":
                self._ask_kill(self.session)
            return None
        self._in_table(key, self.rows(self.view.table, seen))
        return None

    def _common(self, key: str) -> bool:
        """Whether it is one of those that mean the same everywhere."""
        if key in ("p", " "):
            self.paused = not self.paused
        elif key in ("?", "h"):
            self.mode = Mode.HELP
        elif key == "+":
            self.interval = min(SLOWEST, self.interval * 2)
        elif key == "-":
            self.interval = max(QUICKEST, self.interval / 2)
        elif key.isdecimal() and 1 <= int(key) <= len(VIEWS):
            self._look_at(VIEWS[int(key) - 1])
        elif key in ("tab", "back_tab"):
            step = 1 if key == "tab" else -1
            self._look_at(VIEWS[(VIEWS.index(self.view) + step) % len(VIEWS)])
        else:
            return False
        return True

    def _look_at(self, view: View) -> None:
        self.view, self.session, self.mode = view, "", Mode.TABLE
        self._key, self._place = None, 0

    def _in_table(self, key: str, rows: Sequence[Told]) -> None:
        moves = {
            "up": -1,
            "down": 1,
            "page_up": -_PAGE,
            "page_down": _PAGE,
            "home": -len(rows),
            "end": len(rows),
        }
        if key in moves:
            self._move(self.place(rows) + moves[key], rows)
        elif key in ("s", "S"):
            self._sort_by(1 if key == "s" else -1, rows)
        elif key == "i":
            by, reverse = self.sort(self.view.table)
            self._sorts[self.view.table.title] = by.name, not reverse
        elif key == "/":
            self.mode, self._before = Mode.TYPING, self.typed
        elif key == "escape":
            self._filter_by("")
        elif key in _ORDERS:
            self._ask(_ORDERS[key], rows)
        elif key == "enter" and rows:
            self._open(rows[self.place(rows)])

    def _move(self, place: int, rows: Sequence[Told]) -> None:
        self._place = max(0, min(place, len(rows) - 1))
        self._key = self.view.table.key(rows[self._place]) if rows else None

    def _sort_by(self, step: int, rows: Sequence[Told]) -> None:
        table = self.view.table
        names = [each.name for each in shown_columns(table, rows)]
        now = self.sort(table)[0].name
        place = names.index(now) if now in names else 0
        self._sorts[table.title] = names[(place + step) % len(names)], False
        self._key, self._place = None, 0

    def _open(self, row: Told) -> None:
        """What is behind a line."""
        table = self.view.table
        if table is SESSIONS:
            self.session, self.mode = row["session"], Mode.SESSION
        elif table.narrows:
            self._look_at(next(each for each in VIEWS if each.tables == (SESSIONS,)))
            self._filter_by(narrowed(row, table.narrows))

    # The filter

    def _type(self, key: str) -> None:
        if key == "enter":
            self._filter_by(self.typed)
        elif key == "escape":
            self._filter_by(self._before)
        elif key == "backspace":
            self.typed = self.typed[:-1]
        elif key == "erase":
            self.typed = ""
        elif len(key) == 1 and len(self.typed) < MOST_TYPED:
            self.typed += key

    def _filter_by(self, text: str) -> None:
        self.typed, self.mode = text.strip(), Mode.TABLE
        self.filter = Filter.of(self.typed)
        self._key, self._place = None, 0

    # Orders

    def _ask(self, command: str, rows: Sequence[Told]) -> None:
        table = self.view.table
        if command not in table.orders:
            whose = "sessions: see 5" if command == "kill" else "servers: see 4"
            self.say(f"{command} is for {whose}", bad=True)
        elif not rows:
            self.say(f"nothing to {command} here", bad=True)
        elif command == "kill":
            self._ask_kill(rows[self.place(rows)]["session"])
        else:
            self._ask_of_server(command, rows[self.place(rows)])

    def _ask_kill(self, session: str) -> None:
        self.mode = Mode.ASKING
        self.order = Order(
            "kill", {"session": session}, f"Reset session {clean(session)}?"
        )

    def _ask_of_server(self, command: str, server: Told) -> None:
        self.mode = Mode.ASKING
        name, farm = server["server"], server["farm"]
        has = counted(server["sessions"], "session")
        self.order = Order(
            command,
            {"server": name, "farm": farm},
            f"{command.capitalize()} server {clean(name)} of farm {clean(farm)} "
            f"({clean(server['state'])}, {has})?",
        )

    def _answer(self, key: str) -> Order | None:
        order, self.order = self.order, None
        self.mode = Mode.SESSION if self.session else Mode.TABLE
        if key in ("y", "Y"):
            return order
        self.say("not done")
        return None
