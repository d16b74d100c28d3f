"""
What ``bridgectl top`` asks a gateway, and what moves between two answers.

Bounded, however much there is to see: of sessions the first so many, with the sums of
the others, and servers only where they are looked at.  Not here: when it is asked
(``top_asking``), and how it is shown.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.control.orders import Answer
from bridge.control.path_command import path_warnings

LISTED = 100
"""Sessions that are asked for, or as many as the screen has lines."""

ENDINGS = 100
"""Sessions that ended last, likewise."""

Ask = Callable[..., Answer]
"""A command of the admin socket, and its arguments."""

Told = Mapping[str, Any]

_WAYS = ("up", "down")


@dataclass(frozen=True)
class Wanted:
    """What is looked at."""

    servers: bool = False
    sessions: bool = False
    """The first of them, and what both kernels know of each."""
    sums: bool = False
    """What sessions move, server by server."""
    endings: bool = False
    path: bool = False
    """What is odd with the paths."""
    session: str = ""
    """All that is known of this one."""
    only: Mapping[str, str] = field(default_factory=dict)
    """Of sessions: those with this ``front``, ``farm``, ``server``, ``client``..."""
    sort: str = "rate"
    reverse: bool = False
    limit: int = LISTED


@dataclass(frozen=True)
class Look:
    """What was answered, by command, and *at* which second of the monotonic clock."""

    at: float
    took: float
    """Seconds that the answers took."""
    status: Told
    servers: Sequence[Told] = ()
    sessions: Told = field(default_factory=dict)
    sums: Sequence[Told] = ()
    endings: Sequence[Told] = ()
    session: Told | None = None
    warnings: Sequence[str] = ()
    """Of the paths, a line each."""


def look(
    ask: Ask, wanted: Wanted, seconds: Callable[[], float] = time.monotonic
) -> Look:
    """Look once.  Raises CommandError, as *ask* does."""
    began = seconds()
    status = ask("status")
    at = seconds()
    servers = ask("servers")["servers"] if wanted.servers else ()
    # Of all sessions, whichever of them are listed.
    within = wanted.sums and wanted.sort == "rate" and not wanted.only
    sessions = _sessions(ask, wanted, within) if wanted.sessions else {}
    sums = sessions.get("sums", ())
    if wanted.sums and not (wanted.sessions and within):
        sums = ask("sessions", sort="rate", sums=True, limit=1)["sums"]
    endings = ask("endings", limit=ENDINGS)["endings"] if wanted.endings else ()
    session = None
    if wanted.session:
        session = ask("session", session=wanted.session)["session"]
    warnings = tuple(path_warnings(ask("path"))) if wanted.path else ()
    took = seconds() - began
    return Look(at, took, status, servers, sessions, sums, endings, session, warnings)


def _sessions(ask: Ask, wanted: Wanted, sums: bool) -> Answer:
    return ask(
        "sessions",
        **wanted.only,
        sort=wanted.sort,
        reverse=wanted.reverse or None,
        limit=wanted.limit,
        sides=True,
        sums=sums or None,
    )


@dataclass(frozen=True)
class Seen:
    """A look, in which everything has its ``rate`` {``up``, ``down``, ``sessions``}."""

    at: float
    status: Told
    fronts: Sequence[Told]
    farms: Sequence[Told]
    servers: Sequence[Told]
    sessions: Sequence[Told]
    matching: int
    total: int
    endings: Sequence[Told]
    session: Told | None
    warnings: Sequence[str]
    rate: Told
    """Of all fronts."""

    def as_answer(self) -> Answer:
        """As ``--json`` tells it: that of ``status``, with all that is more."""
        lists = ("fronts", "farms", "servers", "sessions", "matching", "total")
        return {
            **self.status,
            "rate": self.rate,
            "listed": {"matching": self.matching, "total": self.total},
            **{name: getattr(self, name) for name in lists[:4]},
            "warnings": self.warnings,
        }


def seen(now: Look, before: Look | None = None) -> Seen:
    """What *now* is, and what has moved since *before*; a rate not known is None."""
    passed = now.at - before.at if before is not None else 0.0
    earlier = before if before is not None and passed > 0 else None
    fronts = _fronts(now, earlier, passed)
    return Seen(
        now.at,
        now.status,
        fronts,
        _farms(now, earlier, passed),
        _servers(now, earlier, passed),
        _moving(now, earlier, passed),
        now.sessions.get("matching", 0),
        now.sessions.get("total", 0),
        now.endings,
        now.session,
        now.warnings,
        {name: _sum(fronts, name) for name in ("up", "down", "sessions")},
    )


def _since(now: float | None, before: float | None, passed: float) -> float | None:
    """A second; None of what began anew, as after a restart."""
    if now is None or before is None or now < before or passed <= 0:
        return None
    return round((now - before) / passed, 3)


def _fronts(now: Look, before: Look | None, passed: float) -> list[Told]:
    known = _by(before.status["fronts"] if before else (), "front")
    found: list[Told] = []
    for each in now.status["fronts"]:
        earlier = known.get((each["front"],))
        came = _counts(each, earlier, "accepted", passed)
        rate = {**_bytes(each, earlier, passed), "sessions": came}
        found.append({**each, "rate": rate})
    return found


def _farms(now: Look, before: Look | None, passed: float) -> list[Told]:
    known = _by(before.status["farms"] if before else (), "farm")
    moved: Counter[tuple[str | None, str]] = Counter()
    for each in now.sums:
        moved.update({(each["farm"], way): each["rate"][way] for way in _WAYS})
    found: list[Told] = []
    for each in now.status["farms"]:
        name = each["farm"]
        came = _counts(each, known.get((name,)), "arrived", passed)
        rate = {way: moved[name, way] for way in _WAYS}
        found.append({**each, "rate": {**rate, "sessions": came}})
    return found


def _servers(now: Look, before: Look | None, passed: float) -> list[Told]:
    names = ("farm", "server")
    moved = _by(now.sums, *names)
    known = _by(before.servers if before else (), *names, "address")
    found: list[Told] = []
    for each in now.servers:
        who = each["farm"], each["server"]
        rate = moved[who]["rate"] if who in moved else {"up": 0, "down": 0}
        earlier = known.get((*who, each["address"]))
        came = _counts(each, earlier, "taken", passed)
        found.append({**each, "rate": {**rate, "sessions": came}})
    return found


def _moving(now: Look, before: Look | None, passed: float) -> list[Told]:
    """The gateway knows it if it has sorted by that; else two answers do."""
    known = _by(before.sessions.get("sessions", ()) if before else (), "session")
    return [
        {"rate": _bytes(each, known.get((each["session"],)), passed)} | each
        for each in now.sessions.get("sessions", ())
    ]


def _bytes(now: Told, before: Told | None, passed: float) -> dict[str, float | None]:
    return {
        way: _since(now["bytes"][way], before["bytes"][way] if before else None, passed)
        for way in _WAYS
    }


def _counts(
    now: Told, before: Told | None, counter: str, passed: float
) -> float | None:
    earlier = before.get(counter) if before is not None else None
    return _since(now.get(counter), earlier, passed)


def _by(things: Iterable[Told], *keys: str) -> dict[tuple[Any, ...], Told]:
    return {tuple(thing[key] for key in keys): thing for thing in things}


def _sum(things: Iterable[Told], name: str) -> float | None:
    known = [each["rate"][name] for each in things if each["rate"][name] is not None]
    return sum(known) if known else None
