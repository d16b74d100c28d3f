"""
Sockets that were opened for us: systemd's socket activation (sd_listen_fds(3)).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from bridge.net.sockaddr import describe

FIRST = 3
"""SD_LISTEN_FDS_START: where the passed descriptors begin."""


ENVIRONMENT = Path("/proc/self/environ")

_VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


def as_started(environment: Mapping[str, str]) -> Mapping[str, str]:
    """
    *environment*, with what it said of sockets when this process was started.

    Twisted takes it out as it loads its own plugins, which it does at every start where
    it could not write a cache of them (``twisted.python.systemd``).
    """
    try:
        began = ENVIRONMENT.read_bytes().decode("utf-8", "surrogateescape")
    except OSError:  # no /proc
        return environment
    pairs = (entry.partition("=") for entry in began.split("\0"))
    said = {name: value for name, _, value in pairs if name in _VARIABLES}
    return {**said, **environment}


def systemd_sockets(
    environment: Mapping[str, str], pid: int
) -> dict[str, list[socket.socket]]:
    """
    The passed sockets by their names (FileDescriptorName=, "unknown" where unnamed).

    Empty when the variables are missing or meant for another process than *pid*:
    they are inherited by children that were not meant.  What is no socket is closed.
    """
    sockets: dict[str, list[socket.socket]] = {}
    for offset, name in enumerate(_names(environment, pid) or ()):
        fd = FIRST + offset
        try:
            sock = socket.socket(fileno=fd)
        except OSError:
            with suppress(OSError):  # not even a descriptor
                os.close(fd)
        else:
            sock.set_inheritable(False)
            sockets.setdefault(name, []).append(sock)
    return sockets


def close_rest(sockets: Mapping[str, list[socket.socket]], used: set[str]) -> list[str]:
    """
    Close those that nobody *used*: clients that connect there would never be served.

    What they were, each ``name (where)``.
    """
    rest = []
    for name in sockets.keys() - used:
        for sock in sockets[name]:
            rest.append(f"{name} ({describe(sock.getsockname())})")
            sock.close()
    return sorted(rest)


def socket_names(environment: Mapping[str, str], pid: int) -> frozenset[str] | None:
    """The names of the passed sockets, none of which is touched; None: see above."""
    names = _names(environment, pid)
    return None if names is None else frozenset(names)


def _names(environment: Mapping[str, str], pid: int) -> list[str] | None:
    if environment.get("LISTEN_PID") != str(pid):
        return None
    count = int(environment.get("LISTEN_FDS", "0"))
    names = environment.get("LISTEN_FDNAMES", "").split(":")
    return [(names[n] if n < len(names) else "") or "unknown" for n in range(count)]
