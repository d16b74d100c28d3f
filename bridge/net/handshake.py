"""
The beginning of a TLS stream: from the first byte to the first record.

Here: when there is something to hand to OpenSSL, and when that is too much.  Not here:
what follows once it is through (``tls``), and whom to believe (``security``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from OpenSSL import SSL

from bridge.net.pump import ERR, IN, PRI, RDHUP
from bridge.net.seal import PIECE, wire
from bridge.net.security import TLSError

if TYPE_CHECKING:
    from bridge.net.security import Waiting
    from bridge.net.tls import TLSStream

ROUNDS = 4
"""
Reads before others get their turn, PIECE bytes each.  One is enough for most
handshakes; cut into fragments of one byte each costs some 3 ms.
"""

MOST = 512 * 1024
"""
Bytes that an end may send in its handshake.  A ClientHello has 131,396 at most and a
chain of certificates 102,400 (OpenSSL); those that are sent have a few thousand.
"""


class Handshake:
    """*stream*'s, until it is through, has failed, or nobody waits for it any more."""

    __slots__ = ("_stream", "_taken", "_waiting")

    def __init__(self, stream: TLSStream) -> None:
        self._stream = stream
        self._taken = 0
        self._waiting: Waiting | None = None

    def begin(self, waiting: Waiting) -> None:
        self._waiting = waiting
        if self._stream.security.accepts:
            self.go_on()
        else:  # clients have the first word
            self._step()

    def ready(self, events: int) -> None:
        """An epoll mask of the stream's."""
        stream = self._stream
        if events & ERR:
            self.fail("connection reset by peer")
            return
        stream.ended |= bool(events & RDHUP)
        if events & PRI:
            stream.keep_urgent_inline()
        if events & (IN | PRI) and self._waiting is not None:
            self.go_on()

    def go_on(self) -> None:
        """Take what has arrived."""
        stream = self._stream
        for _ in range(ROUNDS):
            if not self._hear() or not self._step():
                return
            if stream.drained and not stream.ended and not stream.piecemeal:
                return
        stream.pump.again(stream)

    def _hear(self) -> bool:
        """Feed what has arrived.  False when there is none, or it is over."""
        stream = self._stream
        try:
            size = stream.socket.recv_into(wire, PIECE)
        except BlockingIOError:
            return False
        except OSError as error:
            self.fail((error.strerror or "reset").lower())
            return False
        if not size:
            self.fail("the connection ended during the handshake")
            return False
        self._taken += size
        if self._taken > MOST:
            self.fail(f"the handshake is longer than {MOST} bytes")
            return False
        stream.drained = size < PIECE
        stream.seal.feed(size)
        return True

    def _step(self) -> bool:
        """Let OpenSSL say what it can.  False when it is done, or has given up."""
        stream = self._stream
        try:
            done = stream.seal.shake()
        except SSL.Error as error:
            stream.speak()  # an alert
            self.fail(stream.why(error))
            return False
        if not done:
            stream.speak()
            return True
        reason = stream.shaken()
        if reason:
            self.fail(reason)
        else:
            waiting = self._over()
            if waiting is not None:
                waiting.secured(stream)
        return False

    def fail(self, reason: str) -> None:
        """Give up, and tell who waits."""
        waiting = self._over()
        if waiting is not None:
            waiting.unsecured(self._stream, TLSError(reason))

    def _over(self) -> Waiting | None:
        waiting, self._waiting = self._waiting, None
        self._stream.forget_handshake()
        return waiting
