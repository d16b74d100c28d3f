"""
The screen of ``bridgectl top``, drawn with rich.

Here: what stands on which line, and colours.  All that comes of the gateway is put into
``Text`` as it is, never parsed as markup, after ``tables.clean`` has taken out what a
terminal obeys.  Not here: which columns there is room for (``top_layout``), keys
(``top_chosen``), the terminal (``top_terminal``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from bridge.control.sessions_command import session_lines
from bridge.control.tables import clean, counted, size, time
from bridge.control.top_chosen import Chosen, Mode
from bridge.control.top_columns import Column, per_second
from bridge.control.top_layout import GAP, Fitted, fitted, shares, spark, window
from bridge.control.top_looks import Seen
from bridge.control.top_views import SESSIONS, VIEWS, Table, shown_columns

Told = Mapping[str, Any]

TONES = {
    "": "",
    "good": "green",
    "bad": "bold red",
    "slow": "yellow",
    "cool": "cyan",
    "quiet": "dim",
    "loud": "bold",
}
"""How a cell that is meant so is written: the terminal's own colours."""

_BAR = "bold white on blue"
_HEAD = "bold cyan"
_SORTED = "bold cyan underline"
_CHOSEN = "reverse"
_KEY = "bold cyan"

_HISTORY = 24
"""Bars of what was moved."""


@dataclass(frozen=True)
class Shown:
    """What there is to draw."""

    seen: Seen
    chosen: Chosen
    moved: Sequence[float] = ()
    """Bytes a second of the looks before, the last one last."""
    trouble: str = ""
    """Why there is no newer look."""
    behind: float = 0.0
    """For how many seconds there has been none."""
    pending: bool = False
    """One is under way."""


def screen(shown: Shown, width: int, height: int) -> list[Text]:
    """*height* lines at most, of *width* cells each."""
    chosen = shown.chosen
    top = [_title(shown, width), _tabs(chosen, width), _about(shown)]
    room = height - len(top) - 1
    if chosen.mode is Mode.HELP:
        body = list(_help())
    elif chosen.mode is Mode.SESSION or chosen.session:
        body = list(_session(shown.seen.session))
    else:
        body = list(_tables(shown, width, room))
    if shown.trouble:
        for line in body:
            line.stylize("dim")
    body = body[:room]
    body += [Text()] * (room - len(body))
    lines = [*top, *body, _foot(chosen, width)]
    for line in lines:
        line.no_wrap = True
        line.truncate(width, overflow="ellipsis")
    return lines[:height]


# Above


def _title(shown: Shown, width: int) -> Text:
    status, rate = shown.seen.status, shown.seen.rate
    up = max((each["seconds"] for each in status["workers"]), default=0.0)
    parts = [
        f"bridge {clean(status['version'])}",
        f"{status['sessions']}/{status['most']} sessions",
        f"↑ {_per_second(rate['up'])}  ↓ {_per_second(rate['down'])}",
        "" if rate["sessions"] is None else f"{per_second(rate['sessions'])} new/s",
        f"up {time(up)}",
        counted(len(status["workers"]), "worker"),
    ]
    if status["draining"]:
        parts.insert(1, "DRAINING")
    text = ""
    for part in filter(None, parts):
        if cell_len(text) + cell_len(part) + 4 > width:
            break
        text += f"  {part}" if text else f" {part}"
    bars = spark(shown.moved[-_HISTORY:]).rjust(_HISTORY)
    gap = width - cell_len(text) - _HISTORY - 1
    text += " " * max(0, gap) + bars if gap > 2 and shown.moved else ""
    return Text(set_cell_size(text, width), style=_BAR)


def _per_second(value: float | None) -> str:
    return "-" if value is None else f"{size(value)}/s"


def _tabs(chosen: Chosen, width: int) -> Text:
    line = Text(" ")
    for number, view in enumerate(VIEWS, 1):
        now = view is chosen.view
        line.append(f" {number} ", _KEY if not now else f"{_KEY} reverse")
        line.append(f"{view.name} ", "reverse bold" if now else "")
    every = "paused" if chosen.paused else f"every {chosen.interval:g} s"
    gap = width - line.cell_len - len(every) - 1
    if gap > 0:
        line.append(" " * gap)
        line.append(every, "black on yellow" if chosen.paused else "dim")
    return line


def _about(shown: Shown) -> Text:
    """What is listed below, or why it is old."""
    if shown.trouble:
        age = f" seen {time(shown.behind)} ago, trying again: "
        return Text.assemble((age, "red"), (clean(shown.trouble), "bold red"))
    chosen, seen = shown.chosen, shown.seen
    if chosen.session:
        return Text(" both sides of one session, as the kernel knows them", "dim")
    table = chosen.view.table
    rows = chosen.rows(table, seen)
    by, reverse = chosen.sort(table)
    line = Text(f" {len(rows)}", "dim")
    if table is SESSIONS and len(rows) < seen.total:
        line.append(f" of {seen.total}")
    line.append(f" {table.title.lower()} by {by.name}")
    line.append(", the other way round" if reverse else "")
    if chosen.typed and chosen.mode is not Mode.TYPING:
        line.append("  filter ", "dim")
        line.append(f" {clean(chosen.typed)} ", "black on cyan")
        line.append("  Esc clears it", "dim")
    return line


# The tables


def _tables(shown: Shown, width: int, room: int) -> Iterator[Text]:
    chosen, tables = shown.chosen, shown.chosen.view.tables
    warnings = list(_warnings(shown.seen.warnings)) if len(tables) > 1 else []
    yield from warnings
    room -= len(warnings)
    rows = [chosen.rows(table, shown.seen) for table in tables]
    between = 1 if room >= 18 else 0
    lines = room - len(tables) - between * (len(tables) - 1)
    for table, some, share in zip(
        tables, rows, shares([len(each) for each in rows], lines), strict=True
    ):
        if table is not tables[0] and between:
            yield Text()
        yield from _table(chosen, table, some, width, share)
        if not some:
            yield Text(" ..." if shown.pending else " none", "dim")


WARNINGS = 3
"""Lines of them."""


def _warnings(found: Sequence[str]) -> Iterator[Text]:
    for each in found[:WARNINGS]:
        yield Text(f" {each}", "yellow")
    if len(found) > WARNINGS:
        more = f" and {len(found) - WARNINGS} more: bridgectl path has them all"
        yield Text(more, "yellow")


def _table(
    chosen: Chosen, table: Table, rows: Sequence[Told], width: int, lines: int
) -> Iterator[Text]:
    last = table is chosen.view.table
    place = chosen.place(rows) if last else 0
    first = window(len(rows), place, lines)
    some = rows[first : first + lines]
    more = len(rows) - len(some)
    if more and not last:
        some, more = some[:-1], more + 1
    columns = fitted(shown_columns(table, rows), some, width - 2, cell_len)
    yield _head(columns, *chosen.sort(table))
    for number, row in enumerate(some):
        line = _row(columns, row, number)
        if last and first + number == place:
            line.plain = line.plain.ljust(width)
            line.stylize(_CHOSEN)
        yield line
    if more and not last:
        yield Text(f" and {more} more", "dim")


def _head(columns: Sequence[Fitted], by: Column, reverse: bool) -> Text:
    line = Text(" ")
    mark = "▼" if by.number is not reverse else "▲"
    for each in columns:
        here = each.column.name == by.name
        fill = each.width - cell_len(each.column.name)
        if each.column.number:
            line.append(" " * fill)
        line.append(each.column.name, _SORTED if here else _HEAD)
        line.append(mark if here else " ", _HEAD)
        line.append(" " * (GAP - 1 + (0 if each.column.number else fill)))
    line.rstrip()
    return line


def _row(columns: Sequence[Fitted], row: Told, number: int) -> Text:
    line = Text(" ")
    for each in columns:
        tone = each.column.tone(row) if each.column.tone is not None else ""
        line.append(_set(each.texts[number], each), TONES[tone])
        line.append(" " * GAP if each is not columns[-1] else "")
    return line


def _set(text: str, to: Fitted) -> str:
    """In its place, and cut if it must be."""
    cells = cell_len(text)
    if cells > to.width:
        if not to.column.tail:
            return set_cell_size(text, to.width - 1) + "…"
        while cell_len(text) > to.width - 1:
            text = text[1:]
        return "…" + text + " " * (to.width - 1 - cell_len(text))
    fill = " " * (to.width - cells)
    return fill + text if to.column.number else text + fill


def _session(told: Told | None) -> Iterator[Text]:
    """Of one session."""
    if told is None:
        yield Text(" …", "dim")
        return
    for number, line in enumerate(session_lines(dict(told))):
        head = number == 0 or line.startswith("SIDE")
        yield Text(f" {line}", _HEAD if head else "")


# Below

_HELP = (
    ("1-6 Tab", "overview, fronts, farms, servers, sessions, those that ended"),
    ("↑ ↓ PgUp PgDn", "choose a line; Home and End: the first, the last"),
    ("Enter", "the sessions of a front, farm or server; all of one session"),
    ("s S", "sort by the next column, by the one before"),
    ("i", "the other way round"),
    ("/", "filter: front= farm= server= client= state=, a network, or any word"),
    ("Esc", "without a filter; back"),
    ("d r x", "drain a server, have it ready again, disable it: asks before"),
    ("k", "kill (reset) a session: asks before"),
    ("p", "pause, and go on"),
    ("+ -", "look less often, more often"),
    ("q", "quit"),
)

_KEYS = (
    ("q", "quit"),
    ("?", "help"),
    ("Enter", "open"),
    ("s", "sort"),
    ("i", "invert"),
    ("/", "filter"),
    ("p", "pause"),
)


def _help() -> Iterator[Text]:
    yield Text()
    for keys, what in _HELP:
        yield Text.assemble("  ", (keys.ljust(15), _KEY), what)
    yield Text()
    yield Text("  ↑ is from clients to servers, ↓ is back.", "dim")
    yield Text("  a/b: the client's connection, and the server's.", "dim")


def _foot(chosen: Chosen, width: int) -> Text:
    if chosen.mode is Mode.ASKING and chosen.order is not None:
        return Text.assemble(
            (f" {chosen.order.question} ", "bold black on yellow"),
            ("  y", _KEY),
            " yes, others no",
        )
    if chosen.mode is Mode.TYPING:
        return Text.assemble(
            (" filter: ", _KEY), clean(chosen.typed) if chosen.typed else "", ("█", "")
        )
    if chosen.said:
        return Text(
            f" {clean(chosen.said)}", "bold red" if chosen.bad else "bold green"
        )
    if chosen.mode is Mode.HELP:
        return Text(" any key goes back", "dim")
    line = Text(" ")
    orders = [(key, name) for key, name in _ORDERED if name in chosen.view.table.orders]
    for key, name in (*_KEYS[:3], *orders, *_KEYS[3:]):
        if line.cell_len + len(key) + len(name) + 1 > width:
            break
        line.append(key, _KEY)
        line.append(f" {name}  ")
    return line


_ORDERED = (("d", "drain"), ("r", "ready"), ("x", "disable"), ("k", "kill"))
