"""
The supervisor's end of what a nursery says and is told: packets, with descriptors.

Not here: what they mean (``nursery``, ``forked``).
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

PACKET = 65536
"""Bytes of the largest packet."""

MOST = 1000
"""Packets that are heard at a stretch, at the end."""


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends, of which packets arrive whole."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


@implementer(IReadDescriptor)
class Packets:
    """Tells *heard* of each packet, and *over* once the other end is closed."""

    _log = Logger()

    def __init__(
        self,
        reactor: IReactorFDSet,
        sock: socket.socket,
        heard: Callable[[str], None],
        over: Callable[[], None],
    ) -> None:
        self._reactor = reactor
        self._socket: socket.socket | None = sock
        self._heard = heard
        self._over = over
        sock.setblocking(False)
        reactor.addReader(self)

    def send(self, text: str, fds: Sequence[int] = ()) -> bool:
        """Say it, with *fds*.  False: nobody hears it."""
        if self._socket is None:
            return False
        try:
            socket.send_fds(self._socket, [text.encode()], list(fds))
        except OSError:
            return False
        return True

    def drain(self) -> None:
        """Hear what has been said by now."""
        for _ in range(MOST):
            if self._socket is None or not self._hear():
                return

    def close(self) -> None:
        """Neither say nor hear any more."""
        sock, self._socket = self._socket, None
        if sock is not None:
            self._reactor.removeReader(self)
            sock.close()

    # IReadDescriptor

    def fileno(self) -> int:
        return -1 if self._socket is None else self._socket.fileno()

    def doRead(self) -> None:
        self._hear()

    def _hear(self) -> bool:
        """Whether there was something."""
        assert self._socket is not None
        try:
            data = self._socket.recv(PACKET)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        try:
            if data:
                self._heard(data.decode("utf-8", "replace"))
            else:
                self.close()
                self._over()
        except Exception:  # a bug, and no reason for the reactor to forget this
            self._log.failure("A bug in the gateway, met by a packet")
        return bool(data)

    def connectionLost(self, reason: Failure) -> None:
        self.close()

    def logPrefix(self) -> str:
        return "packets"
