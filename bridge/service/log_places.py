"""
Where lines of the logs may go: a file, standard output, a syslog daemon, systemd's
journal; each as what is written to.

Not here: which log goes where (``logs``), or how each is written to (``watch``).
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from bridge.config.log_target import Syslog
from bridge.net.address import UnixPath
from bridge.watch.datagrams import Datagrams
from bridge.watch.journal import Journal, ends_in_journal
from bridge.watch.outlet import Outlet
from bridge.watch.target import File, standard_output

STANDARD_OUTPUT = "standard output"

Owner = tuple[int, int] | None
"""User and group that new files are given to: those that twistd changes to."""


def to_file(path: str, what: str, owner: Owner) -> Outlet:
    """The file at *path*.  Raises OSError if it cannot be opened."""
    file = File(path, owner)
    return Outlet(file, f"{what} {file.path}")


def to_standard_output() -> Outlet:
    encoding = getattr(sys.__stdout__, "encoding", None) or "utf-8"
    return Outlet(standard_output(), STANDARD_OUTPUT, encoding)


def to_daemon(daemon: Syslog, told: str) -> Outlet:
    """
    The syslog daemon there, which is *told* as the configuration has it.  It need not
    be there yet.
    """
    if isinstance(daemon, UnixPath):
        return Outlet(Datagrams(daemon.path), f"access log {told}")
    host = f"{daemon.host}%{daemon.scope}" if daemon.scope else daemon.host
    return Outlet(Datagrams((host, daemon.port)), f"access log {told}")


def journal() -> Journal | None:
    """systemd's, where standard output is led to it."""
    with suppress(OSError):
        if ends_in_journal(os.environ):
            return Journal()
    return None
