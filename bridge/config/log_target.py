"""
Where the access log goes, as a configuration has it: standard output, a file, or a
syslog daemon.  Nothing here opens any of them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TypeAlias

from bridge.config.scalars import shown
from bridge.net.address import Address, UnixPath

PORT = 514
"""Of syslog by UDP (RFC 5426, section 3.3)."""

_SYSLOG = "syslog:"
_BARE = re.compile(r"\[[^\[\]]*\]|[^:\[\]]+")
"""A host without port."""

Syslog: TypeAlias = UnixPath | Address
"""Where a daemon listens: at a unix socket, or by UDP."""


def log_target(value: object, folder: Path) -> str | None:
    """
    ``-``, the absolute path of a file, what ``syslog_at`` reads, or None for off.

    Relative paths begin in *folder*, like those of ``tls``.  Raises ValueError.
    """
    if value is False or value == "off":
        return None
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError(
            f'{shown(value)} is no target: write "-" for standard output, off, a '
            "file's path, or syslog:/dev/log"
        )
    if value == "-":
        return value
    if value.startswith(_SYSLOG):
        return _told(_daemon(value))
    return os.path.abspath(folder / value)


def syslog_at(target: str | None) -> Syslog | None:
    """
    The daemon that *target* leads to, which ``log_target`` has given; None: it leads to
    none.
    """
    if target is None or not target.startswith(_SYSLOG):
        return None
    return _daemon(target)


def file_of(target: str | None) -> str | None:
    """The file that *target* is; None: it is none."""
    if target in (None, "-") or syslog_at(target) is not None:
        return None
    return target


def _told(daemon: Syslog) -> str:
    where = daemon.path if isinstance(daemon, UnixPath) else str(daemon)
    return f"{_SYSLOG}{where}"


def _daemon(text: str) -> Syslog:
    """
    Read ``syslog:/dev/log``, ``syslog:192.0.2.1:514``, or as others write the same:
    ``syslog:unix:/dev/log``, ``syslog://192.0.2.1``.  Raises ValueError.
    """
    where = text.removeprefix(_SYSLOG)
    try:
        if where.startswith(("unix:/", "///")) or re.match(r"/(?!/)", where):
            path = where.removeprefix("unix:")
            return UnixPath.parse(f"unix:{path.removeprefix('//')}")
        where = where.removeprefix("//")
        daemon = Address.parse(f"{where}:{PORT}" if _BARE.fullmatch(where) else where)
    except ValueError as error:
        right = "write syslog:/dev/log or syslog:192.0.2.1:514"
        raise ValueError(
            f"{shown(text)} leads to no daemon: {error}; {right}"
        ) from None
    if not daemon.port:
        raise ValueError(f"{shown(text)}: by port 0 nobody is reached: write {PORT}")
    return daemon
