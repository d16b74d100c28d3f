"""
An event of the gateway's own log as a value, and as a line: text or JSON.

Here: what of an event is told, and that nothing in it can raise, forge a line or move a
cursor.  Not here: which events are told (``log``), or how a journal wants them
(``journal_entry``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any, NamedTuple, TypeAlias

from twisted.logger import LogEvent, LogLevel, formatEvent

from bridge.watch.phrases import stamp

Field: TypeAlias = str | int | float | bool | None

LONGEST = 8192
"""Characters of one field; beyond them it is cut.  The message has its words anyway."""

_HUGE = 1 << 63
"""Numbers that few readers of JSON take."""

_SHOWN = {
    code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code != 10
}

RESERVED = frozenset({"time", "level", "where", "worker", "message", "traceback"})
"""What every JSON object may have of its own: no field of an event is called so."""

_LEGACY = RESERVED | {"system", "isError", "failure", "format"}
"""What Twisted adds to events for observers of its older kind."""

_PARTS = ("front", "farm")


class Told(NamedTuple):
    """What there is to tell of an event."""

    when: float
    """Unix seconds."""
    level: LogLevel
    where: str
    """The module's name, as it logs: ``bridge.farm``."""
    message: str
    """One line."""
    traceback: str
    """Of a bug; lines."""
    fields: Mapping[str, Field]
    """What the message was made of, and ``event``, its kind, where it has one."""


def told(event: LogEvent) -> Told:
    """*event*, whatever it is made of.  Never raises."""
    where = _text(event.get("log_namespace", "-"))
    ours = where.startswith("bridge")
    when, level = event.get("log_time"), event.get("log_level")
    return Told(
        when if isinstance(when, float) and 0 <= when < 1e11 else 0.0,
        LogLevel.info if level is None else level,
        where,
        _message(event).replace("\n", "\\n").translate(_SHOWN),
        _traceback(event).translate(_SHOWN),
        _fields(event) if ours else {},
    )


def _message(event: LogEvent) -> str:
    """What cannot be formatted, Twisted tells of by itself."""
    try:
        return formatEvent(event)
    except Exception:
        return "an event that cannot be told"


def _traceback(event: LogEvent) -> str:
    failure = event.get("log_failure")
    if failure is None:
        return ""
    try:
        return str(failure.getTraceback()).rstrip("\n")
    except Exception:
        return "a traceback that cannot be told"


def _fields(event: LogEvent) -> dict[str, Field]:
    found: dict[str, Field] = {
        name: _field(value)
        for name, value in event.items()
        if not name.startswith("log_") and name not in _LEGACY
    }
    # Where a part is told of by its kind and name in one, it can be asked for by both.
    subject = found.get("subject", found.get("owner"))
    if isinstance(subject, str):
        kind, _, name = subject.partition(" ")
        if kind in _PARTS and name:
            found.setdefault(kind, name)
    return found


def _field(value: Any) -> Field:
    if value is None or (isinstance(value, int) and abs(value) < _HUGE):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    return _text(value)


def _text(value: object) -> str:
    try:
        text = str(value)
    except Exception:
        return "what cannot be told"
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def sentence(event: Told, mark: str) -> str:
    """
    Its message, as people read it: behind *mark*, which names the process, and where it
    is not ours, behind whose it is.
    """
    theirs = "" if event.where.startswith("bridge") else f"{event.where}: "
    return f"{mark}{theirs}{event.message}"


def text_line(event: Told, mark: str) -> str:
    """As text; with a traceback it is several lines."""
    below = f"\n{event.traceback}" if event.traceback else ""
    head = f"{stamp(event.when)} {event.level.name:<5} {sentence(event, mark)}"
    return f"{head}{below}\n"


def json_line(event: Told, worker: int | None) -> str:
    """As an object on one line, of ASCII, which every encoding and terminal has."""
    found: dict[str, Field] = {
        "time": stamp(event.when),
        "level": event.level.name,
        "where": event.where,
    }
    if worker is not None:
        found["worker"] = worker
    found["message"] = event.message
    found.update(event.fields)
    if event.traceback:
        found["traceback"] = event.traceback
    return json.dumps(found).replace("\x7f", "\\u007f") + "\n"
