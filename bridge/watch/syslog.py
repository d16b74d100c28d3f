"""
Lines of the access log as syslog messages, by RFC 5424, or in the form of before that.

Here: what a message is made of.  Not here: how it is sent (``datagrams``), or what
becomes of it while nobody takes it (``outlet``).
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from bridge.watch.phrases import month

FACILITIES = {"user": 1, "daemon": 3} | {f"local{n}": 16 + n for n in range(8)}
"""Those that a program may have (section 6.2.1), by the names of syslog.conf(5)."""

Form: TypeAlias = Literal["rfc5424", "rfc3164"]

_INFORMATIONAL = 6
_VERSION = 1
_NIL = "-"
_MESSAGE_ID = "access"
_BOM = "\ufeff"
"""Says that what follows is UTF-8 (section 6.4)."""

_NO_NAME = re.compile(r"[^!-~]")
_LONGEST_HOST = 255


class _Outlet(Protocol):
    name: str

    def put(self, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Header:
    """What every message of a log has before its text."""

    facility: str
    """A name of FACILITIES."""
    app: str
    """The program that it is from."""
    form: Form = "rfc5424"
    remote: bool = False
    """Whether the daemon is elsewhere."""

    @property
    def priority(self) -> int:
        return FACILITIES[self.facility] * 8 + _INFORMATIONAL

    def rfc5424(self, when: datetime) -> str:
        """
        Priority, version, time, host, program, process, kind of message and structured
        data, of which there is none: the fields of a session are in its line.
        """
        return (
            f"<{self.priority}>{_VERSION} {when:%Y-%m-%dT%H:%M:%S.%f}Z "
            f"{host_name()} {self.app} {os.getpid()} {_MESSAGE_ID} {_NIL} "
        )

    def older(self, when: datetime) -> str:
        """
        As syslog(3) has it: without a host, which a daemon of this host knows.  It puts
        its own time there as well, since this one has neither year nor zone.
        """
        date = f"{month(when)} {when.day:2} {when:%H:%M:%S}"
        host = f"{host_name()} " if self.remote else ""
        return f"<{self.priority}>{date} {host}{self.app}[{os.getpid()}]: "


class Syslog:
    """
    What gives *outlet* each line with the header of a message.

    *now* is in UTC.  A line is a message: its time is that at which it was given,
    however long it may have to wait.
    """

    def __init__(
        self, outlet: _Outlet, header: Header, now: Callable[[], datetime]
    ) -> None:
        self._outlet = outlet
        self.name = outlet.name
        self._header = header
        self._now = now

    def put(self, text: str) -> None:
        """Take *text*, which is whole lines."""
        when = self._now()
        old = self._header.form == "rfc3164"
        head = self._header.older(when) if old else self._header.rfc5424(when)
        lines = text.split("\n")
        lines.pop()  # what comes after the last end of a line: nothing
        texts = lines if old else map(_marked, lines)
        self._outlet.put("".join(f"{head}{text}\n" for text in texts))


def host_name() -> str:
    """This host's name, of characters that a header may have."""
    try:
        found = socket.gethostname()
    except OSError:
        return _NIL
    return _NO_NAME.sub("?", found)[:_LONGEST_HOST] or _NIL


def _marked(line: str) -> str:
    """ASCII needs no mark, and daemons that know none would show it."""
    return line if line.isascii() else _BOM + line
