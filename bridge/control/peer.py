"""
Who is at the other end of the admin socket, as the kernel says it.

User names come out of /etc/passwd alone: a directory service that is slow, or gone, may
not hold up the gateway.
"""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_UCRED = struct.Struct("=3i")  # pid, uid, gid: unix(7), SO_PEERCRED

_NO_LOGIN = 0xFFFFFFFF
"""Of a process that nobody's login began (pam_loginuid(8))."""

PASSWD = Path("/etc/passwd")
PROC = Path("/proc")


class Peer(NamedTuple):
    """A process, and whose it is."""

    uid: int
    pid: int
    login: int | None = None
    """Who had logged in there, whoever they have become since (sudo); None: nobody."""

    def __str__(self) -> str:
        """``root (uid 0, process 4711, logged in as alice)``"""
        name = _name(self.uid)
        told = f"uid {self.uid}, process {self.pid}"
        if self.login is not None and self.login != self.uid:
            told += f", logged in as {_name(self.login) or f'uid {self.login}'}"
        return f"{name} ({told})" if name else told


def peer_of(sock: socket.socket) -> Peer:
    """Who has connected to *sock*, a unix socket."""
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    pid, uid, _ = _UCRED.unpack(raw)
    return Peer(uid, pid, _login(pid))


def _login(pid: int) -> int | None:
    with suppress(OSError, ValueError):  # it is gone, or the kernel does not say
        uid = int((PROC / str(pid) / "loginuid").read_text())
        return None if uid == _NO_LOGIN else uid
    return None


def _name(uid: int) -> str:
    """Of a user of this host; empty: none of its own."""
    with suppress(OSError):
        for line in PASSWD.read_text(errors="replace").splitlines():
            fields = line.split(":")
            if len(fields) > 2 and fields[2] == str(uid):
                return fields[0]
    return ""
