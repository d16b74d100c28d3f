"""
A running process's sockets, borrowed: for reading back what is set on them.

The kernel gives duplicates to whoever may trace the process (pidfd_getfd(2)).
"""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

PIDFD_GETFD = 438  # the same on every architecture since Linux 5.6

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Sockets:
    """Those of one session, and the listener it came in by."""

    listener: socket.socket
    front: socket.socket
    back: socket.socket


@contextmanager
def sockets(pid: int) -> Iterator[Sockets]:
    """The sockets of the gateway *pid*, which has one listener and one session."""
    with ExitStack() as stack:
        everyone = [stack.enter_context(made) for made in _duplicates(pid)]
        listeners = [s for s in everyone if _listens(s)]
        others = [s for s in everyone if not _listens(s)]
        (front,) = (s for s in others if s.family == socket.AF_INET6)
        (back,) = (s for s in others if s.family == socket.AF_INET)
        yield Sockets(listeners[0], front, back)


def _duplicates(pid: int) -> Iterator[socket.socket]:
    process = os.pidfd_open(pid)
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            if os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:"):
                yield socket.socket(fileno=_duplicate(process, int(name)))
    finally:
        os.close(process)


def _duplicate(process: int, descriptor: int) -> int:
    made: int = _libc.syscall(PIDFD_GETFD, process, descriptor, 0)
    if made < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return made


def _listens(sock: socket.socket) -> bool:
    return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
