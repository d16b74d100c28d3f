"""
What the other end of a connection has not read yet, when all else of it is over.

close(2) leaves that to the kernel, which resets a closed connection whose window is
zero as soon as its probes are as far apart as they ever get, although every one is
answered (tcp_probe_timer, net/ipv4/tcp_timer.c): after some five minutes.  Probes that
were hastened (``session.gone``) have got there after a few: such a socket stays open
for as long as the kernel would have waited by itself.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from bridge.net.pump import ERR
from bridge.net.tcpinfo import unacknowledged

if TYPE_CHECKING:
    from bridge.net.pump import Pump
    from bridge.net.sockaddr import Socket

LOOK = 1.0
"""Seconds between two looks at whether all was read."""

PATIENCE = 300.0
"""Seconds without an acknowledged byte.  Who is gone is found sooner by the kernel."""


class Unread:
    """Closes *sock*, which *pump* watches, when its other end has read everything."""

    def __init__(self, pump: Pump, sock: Socket) -> None:
        self._pump = pump
        self._socket = sock
        self._left = unacknowledged(sock)
        self._since = pump.reactor.seconds()
        pump.hand_over(sock.fileno(), self)
        pump.lingering.add(self)
        try:
            sock.shutdown(socket.SHUT_WR)
        except OSError:  # it is over; the pump tells
            pass
        self._timer = pump.reactor.callLater(LOOK, self._look)

    def ready(self, events: int) -> None:
        if events & ERR:
            self.abort()

    def crashed(self) -> None:
        self.abort()

    def _look(self) -> None:
        left, now = unacknowledged(self._socket), self._pump.reactor.seconds()
        if left < self._left:
            self._left, self._since = left, now
        if left and now - self._since < PATIENCE:
            self._timer = self._pump.reactor.callLater(LOOK, self._look)
        else:
            self.abort()

    def abort(self) -> None:
        """Close, without a reset: the kernel may still deliver something."""
        self._pump.lingering.discard(self)
        if self._timer.active():
            self._timer.cancel()
        self._pump.close(self._socket)
