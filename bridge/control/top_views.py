"""
What ``bridgectl top`` shows: fronts, farms, servers, sessions and those that ended,
each with its columns, its order and what may be done there.

Pure.  Not here: which of them is looked at (``top_chosen``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.control import top_columns as column
from bridge.control.servers_command import why_of
from bridge.control.sessions_command import client_of
from bridge.control.status_command import note_of
from bridge.control.tables import clean, size
from bridge.control.top_columns import LIMITED, Column
from bridge.control.top_looks import Seen

Told = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """Of things of one kind."""

    title: str
    rows: Callable[[Seen], Sequence[Told]]
    keys: tuple[str, ...]
    """What tells one from another."""
    columns: tuple[Column, ...]
    sort: str
    """The column that it is sorted by at first."""
    orders: tuple[str, ...] = ()
    """What may be ordered of one."""
    narrows: tuple[str, ...] = ()
    """Which of its fields find the sessions that are its."""

    def key(self, told: Told) -> tuple[Any, ...]:
        return tuple(told[key] for key in self.keys)

    def column(self, name: str) -> Column:
        """The one of that *name*, or the one that it is sorted by at first."""
        found = {each.name: each for each in self.columns}
        return found.get(name, found[self.sort])


@dataclass(frozen=True)
class View:
    """What is on the screen at a time: the last table is the one to move in."""

    name: str
    tables: tuple[Table, ...]

    @property
    def table(self) -> Table:
        return self.tables[-1]


_STATES = {
    "up": "good",
    "open": "good",
    "down": "bad",
    "ejected": "bad",
    "queued": "bad",
    "done": "good",
    "disabled": "quiet",
}
"""How states and endings are meant; the others are on their way, or odd."""

_URGENT = {"bad": 0, "slow": 1, "quiet": 2, "good": 3}

_FAILED = ("dial_failed", "no_server", "queue_timeout", "tls_failed", "error")


def _state(told: Told) -> str:
    return _STATES.get(told["state"], "slow")


def _ending(told: Told) -> str:
    if told["ending"] in _FAILED:
        return "bad"
    return _STATES.get(told["ending"], "slow")


def _unwell(told: Told) -> str:
    """By this the servers that need somebody come first."""
    state = told["state"]
    return f"{_URGENT.get(_STATES.get(state, 'slow'), 0)} {state}"


def _standing(told: Told) -> str:
    if not told["servers"] or told["map"]:
        return ""
    if told["panic"] or not told["up"]:
        return "bad"
    return "good" if told["up"] == told["servers"] else "slow"


def _share(told: Told) -> str:
    most = told["connections"]
    return f"{told['sessions']}" if most is None else f"{told['sessions']}/{most}"


_CLIENT = Column(
    "CLIENT",
    lambda told: clean(client_of(told)),
    client_of,
    least=18,
    tail=True,
)

FRONTS = Table(
    "FRONTS",
    lambda seen: seen.fronts,
    ("front",),
    (
        column.text("FRONT", "front", least=8),
        column.listed("LISTENS ON", "listen", spare=4, least=12, tail=True),
        column.count("SESSIONS", "sessions"),
        column.new(),
        column.rate("UP/s", "up"),
        column.rate("DOWN/s", "down"),
        column.count("ACCEPTED", "accepted", spare=3),
        column.moved("UP", "up", spare=5),
        column.moved("DOWN", "down", spare=5),
        column.listed("FARMS", "farms", spare=2, least=8),
        column.tallied("ENDINGS", "endings", spare=6, least=10),
    ),
    "FRONT",
    narrows=("front",),
)

FARMS = Table(
    "FARMS",
    lambda seen: seen.farms,
    ("farm",),
    (
        column.text("FARM", "farm", least=8),
        Column(
            "SERVERS",
            lambda told: f"{told['up']}/{told['servers']}",
            lambda told: told["up"],
            number=True,
            tone=_standing,
        ),
        column.count("SESSIONS", "sessions"),
        Column(
            "WAITING",
            lambda told: str(told["queue"]["waiting"]),
            lambda told: told["queue"]["waiting"],
            number=True,
            tone=lambda told: "slow" if told["queue"]["waiting"] else "quiet",
        ),
        column.new(),
        column.rate("UP/s", "up"),
        column.rate("DOWN/s", "down"),
        Column(
            "NOTE",
            lambda told: note_of(told) or "-",
            note_of,
            2,
            least=6,
            tone=lambda told: "bad" if told["panic"] else "quiet",
        ),
    ),
    "FARM",
    narrows=("farm",),
)

SERVERS = Table(
    "SERVERS",
    lambda seen: seen.servers,
    ("farm", "server", "address"),
    (
        column.text("FARM", "farm", spare=1, least=4),
        column.text("SERVER", "server", least=8),
        Column("STATE", lambda told: clean(told["state"]), _unwell, tone=_state),
        column.age("FOR", lambda told: told["seconds"], spare=3),
        Column("SESSIONS", _share, lambda told: told["sessions"], number=True),
        column.new(spare=2),
        column.rate("UP/s", "up"),
        column.rate("DOWN/s", "down"),
        column.count("WEIGHT", "weight", spare=5),
        column.text("ADDRESS", "address", spare=6, least=12),
        Column("WHY", lambda told: clean(why_of(told)), why_of, 4, least=12),
    ),
    "STATE",
    orders=("drain", "ready", "disable"),
    narrows=("farm", "server"),
)

SESSIONS = Table(
    "SESSIONS",
    lambda seen: seen.sessions,
    ("session",),
    (
        _CLIENT,
        column.text("FRONT", "front", spare=6, least=6),
        column.text("SERVER", "server", spare=1, least=8),
        column.text("STATE", "state", spare=4, tone=_state),
        column.age("AGE", lambda told: told["seconds"]["total"], spare=3),
        Column(
            "RATE",
            lambda told: column.known(_rate(told), size),
            lambda told: _rate(told),
            9,
            number=True,
        ),
        column.rate("UP/s", "up"),
        column.rate("DOWN/s", "down"),
        column.both("RTT ms", "rtt_ms", column.short),
        column.both("MSS", "mss_out", column.whole),
        column.both("RETR", "retransmits", column.whole),
        LIMITED,
        column.moved("UP", "up", spare=7),
        column.moved("DOWN", "down", spare=7),
        column.moved("HELD", "held", spare=5),
        column.text("SESSION", "session", spare=8),
    ),
    "RATE",
    orders=("kill",),
)

ENDINGS = Table(
    "ENDED",
    lambda seen: seen.endings,
    ("session", "time"),
    (
        Column(
            "AT", lambda told: column.at(told["time"]), lambda t: t["time"], number=True
        ),
        _CLIENT,
        column.text("FRONT", "front", spare=3, least=6),
        column.text("SERVER", "server", spare=2, least=8),
        column.text("ENDING", "ending", tone=_ending),
        column.age("LASTED", lambda told: told["seconds"]["total"]),
        column.moved("UP", "up"),
        column.moved("DOWN", "down"),
        LIMITED,
        column.text("SESSION", "session", spare=8),
        column.text("WHY", "reason", spare=5, least=12),
    ),
    "AT",
)


def _rate(told: Told) -> float | None:
    up, down = told["rate"]["up"], told["rate"]["down"]
    return None if up is None or down is None else up + down


VIEWS = (
    View("Overview", (FRONTS, FARMS, SESSIONS)),
    View("Fronts", (FRONTS,)),
    View("Farms", (FARMS,)),
    View("Servers", (SERVERS,)),
    View("Sessions", (SESSIONS,)),
    View("Ended", (ENDINGS,)),
)

SORTED_THERE = {"AGE": "age", "UP": "up", "DOWN": "down", "RATE": "rate"}
"""By which columns a gateway knows the first ones of all its sessions."""


def ordered(rows: Sequence[Told], by: Column, reverse: bool) -> list[Told]:
    """Sorted: numbers from the greatest on, texts from A; or *reverse*."""
    known = [each for each in rows if by.rank(each) is not None]
    rest = [each for each in rows if by.rank(each) is None]
    known.sort(key=by.rank, reverse=by.number is not reverse)  # type: ignore[arg-type]
    return known + rest


def shown_columns(table: Table, rows: Sequence[Told]) -> tuple[Column, ...]:
    """All but those that nothing is told for."""
    if any(each.get("limited_by") for each in rows):
        return table.columns
    return tuple(each for each in table.columns if each is not LIMITED)
