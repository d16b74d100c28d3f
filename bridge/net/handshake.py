"""
The beginning of a TLS stream: from the first byte to the first record.

Here: ``Handshake``, for the front and for the back; when there is something to hand to
OpenSSL, and when that is too much.  Not here: what follows once it is through
(``tls``), and whom to believe (``security``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from OpenSSL import SSL

from bridge.net.marks import CLOSED, ENDED, PIECEMEAL
from bridge.net.pump import ERR, IN, PRI
from bridge.net.seal import PIECE
from bridge.net.security import TLSError
from bridge.net.tls import Phase

if TYPE_CHECKING:
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

_SHAKING = Phase.SHAKING


class Waiting(Protocol):
    """Who waits for a handshake.  Hears of it once, and not after ``close``."""

    def secured(self, stream: TLSStream) -> None:
        """It is through."""

    def unsecured(self, stream: TLSStream, error: TLSError) -> None:
        """It failed; an alert may be on its way, so *stream* is to be closed."""


class Handshake:
    """
    Has *stream*'s socket until it is through or has failed; then *waiting* hears of it.

    The same for the side that begins and the one that answers: the stream knows.
    """

    __slots__ = ("_fd", "_stream", "_taken", "_waiting")

    def __init__(self, stream: TLSStream, waiting: Waiting) -> None:
        self._stream = stream
        self._fd = stream.fd
        self._taken = 0
        self._waiting: Waiting | None = waiting

    def begin(self) -> None:
        """*waiting* may be told from within this call."""
        stream = self._stream
        stream.pump.hand_over(self._fd, self)
        if stream.security.accepts:
            self.run()
        else:  # clients have the first word
            self._step()

    # The pump calls these

    def ready(self, events: int) -> None:
        self._stream.ready(events)  # which remembers, and sends what had no room
        if events & ERR:
            self._stream.marks |= ENDED  # what came before is read: an alert says why
        if events & (IN | PRI | ERR):
            self.run()
        if events & ERR:
            if self._waiting is not None:  # nothing has come of that
                self._fail("connection reset by peer")
            else:
                self._stream.pump.tell(self._stream.fd, ERR)

    def run(self) -> None:
        """Take what has arrived, unless the stream was closed meanwhile."""
        stream = self._stream
        if stream.marks & CLOSED or stream.phase is not _SHAKING or not self._waiting:
            return
        for _ in range(ROUNDS):
            size = self._hear()
            if not size or not self._step(size):
                return
            if stream.drained and not stream.marks & ENDED:
                return
        stream.pump.again(self)

    def crashed(self) -> None:
        """A bug of ours, in here or in what followed from it."""
        if self._waiting is not None:
            self._fail("a bug of the gateway")
        else:
            self._stream.crashed()

    def _hear(self) -> int:
        """Read what has arrived: how much.  0 when there is nothing, or it is over."""
        stream = self._stream
        try:
            size = stream.socket.recv_into(stream.seal.channel.wire, PIECE)
        except BlockingIOError:
            return 0
        except OSError as error:
            self._fail((error.strerror or "reset").lower())
            return 0
        if not size:
            self._fail("the connection ended during the handshake")
            return 0
        self._taken += size
        if self._taken > MOST:
            self._fail(f"the handshake is longer than {MOST} bytes")
            return 0
        # What comes later is told, which takes this back: ``ready``.
        stream.drained = size < PIECE and not stream.marks & PIECEMEAL
        return size

    def _step(self, size: int = 0) -> bool:
        """
        Let OpenSSL say what it can to *size* bytes that were read.  False when it is
        done, or has given up.
        """
        stream = self._stream
        try:
            done = stream.seal.shake(size)
        except SSL.Error as error:
            stream.speak()  # an alert
            self._fail(stream.why(error))
            return False
        if not done:
            stream.speak()
            return True
        reason = stream.shaken()
        if reason:
            self._fail(reason)
        else:
            waiting = self._over()
            if waiting is not None:
                waiting.secured(stream)
        return False

    def _fail(self, reason: str) -> None:
        """Give up, and tell who waits."""
        waiting = self._over()
        if waiting is not None:
            waiting.unsecured(self._stream, TLSError(reason))

    def _over(self) -> Waiting | None:
        """From now on the stream has its socket."""
        waiting, self._waiting = self._waiting, None
        stream = self._stream
        if waiting is not None and not stream.marks & CLOSED:
            stream.pump.hand_over(self._fd, stream)
        return waiting
