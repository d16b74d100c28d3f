"""A syslog daemon's side of RFC 5424, as strict as its grammar (section 6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

_MESSAGE = re.compile(
    r"<(?P<priority>[0-9]{1,3})>(?P<version>[1-9][0-9]{0,2})"
    r" (?P<time>-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d))"
    r" (?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) (?P<process>[!-~]{1,128})"
    r" (?P<kind>[!-~]{1,32}) -(?: (?P<text>.*))?",
    re.DOTALL,
)
"""With the structured data that we send: none."""


@dataclass(frozen=True)
class Message:
    """One that came."""

    facility: int
    severity: int
    time: datetime
    host: str
    app: str
    process: str
    kind: str
    text: str
    marked: bool
    """By a byte order mark, as UTF-8."""


def read_message(data: bytes) -> Message:
    """Raises AssertionError for what is none."""
    found = _MESSAGE.fullmatch(data.decode())
    assert found and int(found["priority"]) < 192 and found["version"] == "1", data
    text = found["text"] or ""
    marked = text.startswith("\ufeff")
    assert marked or text.isascii(), "UTF-8 without its mark"
    return Message(
        *divmod(int(found["priority"]), 8),
        datetime.fromisoformat(found["time"]),
        found["host"],
        found["app"],
        found["process"],
        found["kind"],
        text.removeprefix("\ufeff"),
        marked,
    )
