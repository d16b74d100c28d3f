"""
An event as an entry of systemd's journal, in its native protocol (systemd's
documentation, JOURNAL_NATIVE_PROTOCOL): fields with names, any bytes in their values.

Not here: how it gets there (``journal``).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from twisted.logger import LogLevel

from bridge.watch.event import Told

IDENTIFIER = "bridge"
"""What ``journalctl -t`` asks for."""

_PRIORITY = {
    LogLevel.debug: 7,
    LogLevel.info: 6,
    LogLevel.warn: 4,
    LogLevel.error: 3,
    LogLevel.critical: 2,
}
"""syslog(3)."""

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,56}")
"""With BRIDGE_ before it, of the 64 characters that journald takes."""


def entry(event: Told, message: str, worker: int | None) -> bytes:
    """*event*, told by *message*, of a *worker* or of a process that is none."""
    return b"".join(_field(*each) for each in _fields(event, message, worker))


def _fields(event: Told, message: str, worker: int | None) -> Iterator[tuple[str, str]]:
    yield "MESSAGE", message
    yield "PRIORITY", str(_PRIORITY.get(event.level, 6))
    yield "SYSLOG_IDENTIFIER", IDENTIFIER
    yield "BRIDGE_WHERE", event.where
    if worker is not None:
        yield "BRIDGE_WORKER", str(worker)
    for name, value in event.fields.items():
        name = name.upper()
        if value is not None and _NAME.fullmatch(name):
            yield f"BRIDGE_{name}", str(value)


def _field(name: str, value: str) -> bytes:
    """
    By its length where it has lines, so that no value can end early and begin another
    field.
    """
    data = value.encode("utf-8", "backslashreplace")
    if b"\n" not in data:
        return b"%b=%b\n" % (name.encode(), data)
    return b"%b\n%b%b\n" % (name.encode(), struct.pack("<Q", len(data)), data)
