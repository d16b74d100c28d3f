"""
Lines of the access log as syslog messages, by RFC 5424.

Here: what a message is made of.  Not here: how it is sent (``datagrams``), or what
becomes of it while nobody takes it (``outlet``).
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

FACILITIES = {"user": 1, "daemon": 3} | {f"local{n}": 16 + n for n in range(8)}
"""Those that a program may have (section 6.2.1), by the names of syslog.conf(5)."""

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


class Syslog:
    """
    What gives *outlet* each line with the header of a message from the program *app*.

    *facility* is a name of FACILITIES; *now* is in UTC.  A line is a message:
    its time is that at which it was given, however long it may have to wait.
    """

    def __init__(
        self, outlet: _Outlet, facility: str, app: str, now: Callable[[], datetime]
    ) -> None:
        self._outlet = outlet
        self.name = outlet.name
        self._priority = FACILITIES[facility] * 8 + _INFORMATIONAL
        self._app = app
        self._now = now

    def put(self, text: str) -> None:
        """Take *text*, which is whole lines."""
        head = self._head()
        lines = text.split("\n")
        lines.pop()  # what comes after the last end of a line: nothing
        self._outlet.put("".join(f"{head}{_marked(line)}\n" for line in lines))

    def _head(self) -> str:
        """
        Priority, version, time, host, program, process, kind of message and structured
        data, of which there is none: the fields of a session are in its line.
        """
        return (
            f"<{self._priority}>{_VERSION} {self._now():%Y-%m-%dT%H:%M:%S.%f}Z "
            f"{host_name()} {self._app} {os.getpid()} {_MESSAGE_ID} {_NIL} "
        )


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
