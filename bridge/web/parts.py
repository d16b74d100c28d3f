"""
What the page shows, in parts, each of which is sent when it is another.  Pure.

A part has a key, such as ``front/web`` or ``server/web/b``, and is JSON.  A thousand
servers that do nothing are so sent once, however often they are looked at.  Not here:
where all this is known from (``looking``), and who is sent it (``streams``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from bridge.control.slices import Steps

Told = Mapping[str, Any]
Parts = dict[str, str]

PIECE = 5
"""Parts that are made in a slice."""

MOST_SERVERS = 5000
"""Those that are shown: a map may know any number."""

UP = ("up", "starting")
"""States of servers that get sessions."""

_text = json.JSONEncoder(separators=(",", ":")).encode

_WHOLE = ("ready", "draining", "why", "config", "generation", "version", "started")


@dataclass(frozen=True)
class Known:
    """All there is to show, as it came."""

    numbers: Told
    """See ``processes.numbers``."""
    plan: Told
    """See ``plan``."""
    servers: Sequence[Told] = ()
    """What the gateway says to ``servers``, and seconds since the epoch when it did."""
    servers_at: float = 0.0
    endings: Sequence[Told] = ()
    warnings: Sequence[str] = ()
    changes: bool = False
    """Whether orders are taken."""
    limits: Told = field(default_factory=dict)
    """See ``limits``."""
    paths: Told = field(default_factory=dict)
    """See ``paths``."""


@dataclass(frozen=True)
class Change:
    """From the parts before to those now."""

    changed: Parts
    gone: Sequence[str] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone)


def parts_of(known: Known) -> Steps[Parts]:
    """In slices."""
    found: Parts = {}
    for count, (key, value) in enumerate(_parts(known), 1):
        found[key] = _text(value)
        if count % PIECE == 0:
            yield
    return found


def change(before: Parts, now: Parts) -> Change:
    """What is to be sent to who has *before*."""
    changed = {key: text for key, text in now.items() if before.get(key) != text}
    return Change(changed, [key for key in before if key not in now])


def encoded(change: Change, row: Sequence[float] | None, *, whole: bool) -> bytes:
    """As one object of JSON on one line; *row* is the newest of the history."""
    parts = ",".join(f"{quoted(key)}:{text}" for key, text in change.changed.items())
    gone = json.dumps(list(change.gone))
    rest = f'"gone":{gone},"row":{json.dumps(row)},"whole":{json.dumps(whole)}'
    return f'{{"parts":{{{parts}}},{rest}}}'.encode()


def _parts(known: Known) -> Iterator[tuple[str, Any]]:
    numbers = known.numbers
    whole = {key: numbers[key] for key in _WHOLE if key in numbers}
    yield "gateway", whole | {"changes": known.changes}
    yield "clock", {"time": numbers["time"], "seconds": numbers["seconds"]}
    yield "plan", known.plan
    yield "limits", known.limits
    yield "paths", known.paths
    for name, front in numbers["fronts"].items():
        yield f"front/{name}", front
    for name, farm in numbers["farms"].items():
        yield f"farm/{name}", {k: v for k, v in farm.items() if k != "servers"}
    yield from islice(_servers(known), MOST_SERVERS)
    for worker in numbers["workers"]:
        yield f"worker/{worker['generation']}.{worker['worker']}", worker
    yield "generations", numbers["generations"]
    yield "certificates", numbers["certificates"]
    yield "logs", numbers["logs"]
    yield "endings", known.endings
    yield "warnings", known.warnings


def _servers(known: Known) -> Iterator[tuple[str, Any]]:
    """
    What is counted of each, and what it is asked for more seldom.

    Two of a farm may bear one name at several addresses; then one tells of both.
    """
    asked: dict[tuple[str, str], Told] = {}
    for each in known.servers:
        asked.setdefault((each["farm"], each["server"]), each)
    for farm, numbers in known.numbers["farms"].items():
        for name, counted in numbers.get("servers", {}).items():
            more = _more(asked.pop((farm, name), None), known.servers_at)
            yield f"server/{farm}/{name}", _server(farm, name, more | dict(counted))
    for (farm, name), told in asked.items():
        more = _more(told, known.servers_at)
        yield f"server/{farm}/{name}", _server(farm, name, more)


def _server(farm: str, name: str, told: Told) -> Told:
    return {"farm": farm, "server": name, **told}


def _more(told: Told | None, at: float) -> dict[str, Any]:
    """Without what is another every second for no reason."""
    if told is None:
        return {}
    keys = ("address", "why", "connections", "weight", "backup", "failing", "check")
    kept = {key: told[key] for key in keys}
    kept |= {"since": round(at - told["seconds"]), "state": told["state"]}
    kept |= {"up": told["state"] in UP, "active": told["sessions"], "dial_failures": {}}
    if "workers" in told:
        kept["workers"] = told["workers"]
    return kept
