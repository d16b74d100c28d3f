"""
One end of a connection: its socket, what it still has to do, and what it has seen.

Driven by an epoll that reports level by level; nothing here waits.
"""

from __future__ import annotations

import fcntl
import select
import socket
import struct
import termios

from tests.e2e.peers import BLOCK, reset

SLOWLY = 700
READ = 1 << 18
INSISTS_ON = 1 << 26
"""Bytes after which even the one who insists must have been told."""

_TWICE = BLOCK * 2


def pattern(offset: int, size: int) -> bytes:
    """The bytes that everyone sends, from *offset* on; no more than one BLOCK."""
    start = offset % len(BLOCK)
    return _TWICE[start : start + min(size, len(BLOCK))]


class End:
    """The end that holds *sock*."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = sock
        self.fd = sock.fileno()
        self.sent = 0
        self.received = 0
        self.intact = True
        self.seen: list[str] = []
        """``fin``, ``reset``, ``closed`` (by itself), in the order they came."""
        self.paused = self.slow = self.ended = self.insists = False
        self._queue: list[list[int]] = []  # pairs: bytes to send, at most at once
        self._ending = self._failed = False

    # What a script says

    def send(self, size: int, at_once: int) -> None:
        self._queue.append([size, at_once])

    def end(self) -> None:
        self._ending = True
        self.push()

    def insist(self) -> None:
        self.insists = True
        self.send(INSISTS_ON, len(BLOCK))

    def close(self, hard: bool = False) -> None:
        self.seen.append("closed")
        self._queue.clear()
        if hard:
            reset(self.socket)
        else:
            self.socket.close()

    # What the script's runner asks

    @property
    def over(self) -> bool:
        """Nothing more can be seen here."""
        if "closed" in self.seen or "reset" in self.seen:
            return True
        return "fin" in self.seen and self.ended

    @property
    def idle(self) -> bool:
        """All that was asked of it is in its socket."""
        return not self._queue and self.ended >= self._ending

    @property
    def mask(self) -> int:
        """What to wait for; errors are always reported."""
        reads = not self.paused and "fin" not in self.seen
        return (select.EPOLLIN if reads else 0) | (
            select.EPOLLOUT if self._queue else 0
        )

    def unread(self) -> int:
        count = fcntl.ioctl(self.fd, termios.FIONREAD, b"\0" * 4)
        size: int = struct.unpack("=i", count)[0]
        return size

    # What the kernel reports

    def ready(self, events: int) -> None:
        if events & select.EPOLLOUT:
            self.push()
        if self.paused or self.over:
            return
        if events & (select.EPOLLERR | select.EPOLLHUP):
            self._broken()
        elif events & select.EPOLLIN:
            self._read()

    def push(self) -> None:
        """Send one piece of what is queued."""
        if self._queue:
            head = self._queue[0]
            try:
                sent = self.socket.send(pattern(self.sent, min(head)))
            except BlockingIOError:
                return
            except (ConnectionResetError, BrokenPipeError):
                self._failed = True
                self._queue.clear()
                if "fin" in self.seen:
                    self.seen.append("reset")
                return
            self.sent += sent
            head[0] -= sent
            if not head[0]:
                self._queue.pop(0)
        if self._ending and not self._queue and not self.ended:
            self.ended = True
            if not self._failed:
                self._shut_down()

    def _shut_down(self) -> None:
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:  # reset meanwhile, which reading will show
            pass

    def _read(self) -> bool:
        """One piece; whether there may be more."""
        try:
            data = self.socket.recv(SLOWLY if self.slow else READ)
        except BlockingIOError:
            return False
        except (ConnectionResetError, BrokenPipeError):
            self.seen.append("reset")
            return False
        if not data:
            # The error of a reset is told once, and sending may have heard it.
            self.seen.append("reset" if self._failed else "fin")
            return False
        for offset in range(0, len(data), len(BLOCK)):
            part = data[offset : offset + len(BLOCK)]
            self.intact &= part == pattern(self.received, len(part))
            self.received += len(part)
        return True

    def _broken(self) -> None:
        """A reset, or both directions have ended: read what is left first."""
        if "fin" not in self.seen:
            while self._read():
                pass
        if "fin" in self.seen and "reset" not in self.seen:
            error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error or self._failed:
                self.seen.append("reset")
                self._queue.clear()
