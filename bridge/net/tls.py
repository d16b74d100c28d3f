"""
A stream whose bytes are TLS records on the wire.

Here: ``TLSStream``, its handshake and its ends.  Not here: how records become plaintext
(``seal``), how plaintext gets to the other side (``relay``), which certificates and
rules there are (``security``, and who makes its context).

The ends, as RFC 8446 (section 6.1) and RFC 5246 (section 7.2.1) have them:

* ``end`` sends a close_notify and no FIN.  TLS 1.3 closes one direction by it, and the
  other goes on.  A FIN would say nothing more, and to servers that take one for a
  client gone (nginx does) it would say something else.
* A close_notify that arrives is the other end's ``end``.  Under TLS 1.2 it closes both
  directions: it is answered, and what would still be written fails, as if the other
  end had closed its socket.
* A FIN without close_notify cuts the stream off.  Anybody on the path can forge it, so
  it is never passed on as an end: ``pull`` raises, as it does for a reset.  Many answer
  a close_notify with nothing but a FIN (nginx closes idle connections so); ``parted``
  tells that from bytes that are missing.
* ``close`` sends a close_notify, if there was none, and waits for the kernel to take
  it; not for an answer, which many never give.
"""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from OpenSSL import SSL

from bridge.net.pump import ERR, IN, OUT, PRI, RDHUP
from bridge.net.seal import PIECE, SIZE, Seal, reason_of, text, wire
from bridge.net.security import TLSError
from bridge.net.stream import Stream

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

    from bridge.net.security import Security, Waiting

ROUNDS = 16
"""Reads that need not give a byte of plaintext before others get their turn."""

CUT_OFF = "the connection ended without close_notify"


class TLSStream(Stream):
    """
    Takes *stream*'s place, socket and protocol over.

    What its other end sends waits until ``handshake`` is through, and then until
    somebody reads, as in any stream.  *linger*: seconds that the last bytes may take
    once it is to be closed.
    """

    __slots__ = (
        "_broken", "_early", "_heard", "_linger", "_notified", "_rest", "_seal",
        "_security", "_tickets", "_timer", "_waiting", "drained", "half_closes",
        "parted", "protected",
    )  # fmt: skip

    secure = True

    def __init__(self, stream: Stream, security: Security, linger: float) -> None:
        super().__init__(stream.pump, stream.socket, stream.peer)
        self.protocol = stream.protocol
        self.paused = stream.paused
        self.ended = stream.ended
        self.urgent = stream.urgent
        stream.fd = -1
        self._security = security
        self._seal = Seal(security.connection())
        self._linger = linger
        self._waiting: Waiting | None = None
        self._timer: IDelayedCall | None = None
        self._rest = b""  # records that the kernel has not taken
        self._tickets = False  # these are only tickets; somebody will soon send more
        self._early = False  # perhaps bytes came with the end of the handshake
        self._broken = False  # sending has met a reset, told only once
        self._notified = False
        self._heard = False  # anything, since we said close_notify
        self.drained = False
        """The last ``pull`` left nothing in the socket, unless its end."""
        self.parted = False
        """
        The other end sent a FIN and no close_notify, but it had ours, and nothing had
        come from it since.
        """
        self.protected = False
        """The handshake is through."""
        self.half_closes = False
        """Both directions end for themselves: since TLS 1.3."""
        self.pump.hand_over(self.fd, self)

    @property
    def connection(self) -> SSL.Connection:
        return self._seal.connection

    # The handshake

    def handshake(self, waiting: Waiting) -> None:
        """Begin.  *waiting* is told what comes of it, even from within this call."""
        self._waiting = waiting
        if self._security.accepts:
            self._shake()
        else:  # clients have the first word
            self._step()

    def _shake(self) -> None:
        """Go on with what has arrived."""
        for _ in range(ROUNDS):
            if not self._hear() or not self._step():
                return
            if self.drained and not self.ended and not self.urgent:
                return
        self.pump.again(self)

    def _hear(self) -> bool:
        """Feed what has arrived.  False when there is none, or it is over."""
        try:
            size = self.socket.recv_into(wire, PIECE)
        except BlockingIOError:
            return False
        except OSError as error:
            self._unsecured((error.strerror or "reset").lower())
            return False
        if not size:
            self._unsecured("the connection ended during the handshake")
            return False
        self.drained = size < PIECE
        self._seal.feed(size)
        return True

    def _step(self) -> bool:
        """Let OpenSSL say what it can.  False when it is done, or has given up."""
        try:
            done = self._seal.shake()
        except SSL.Error as error:
            self._speak()  # an alert
            self._unsecured(reason_of(error))
            return False
        if done:
            self._shaken()
        else:
            self._speak()
        return not done

    def _shaken(self) -> None:
        connection, security = self._seal.connection, self._security
        self.half_closes = connection.get_protocol_version() >= SSL.TLS1_3_VERSION
        if security.accepts and self.half_closes:
            # Nothing but tickets is left to say.  They go with the first bytes, which
            # saves a short session one of its five sends, and those cost most.
            self._rest = wire[: self._seal.take()].tobytes()
            self._tickets = True
        else:
            self._speak()
        reason = security.check(connection) if security.check is not None else ""
        if reason:
            self._unsecured(reason)
            return
        self.protected = self.readable = self._early = True
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.secured(self)

    def _unsecured(self, reason: str) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.unsecured(self, TLSError(reason))

    # The pump calls these

    def ready(self, events: int) -> None:
        if self._rest and events & OUT and not self._tickets:
            self._flush_quietly()
        if self.protected and self._timer is None:
            self.drained = False
            Stream.ready(self, events)
        elif self._timer is not None:
            self._ready_lingering(events)
        elif events & ERR:
            self._unsecured("connection reset by peer")
        else:
            self.ended |= bool(events & RDHUP)
            if events & PRI:
                self._keep_urgent_inline()
            if events & IN and self._waiting is not None:
                self._shake()

    def run(self) -> None:
        if self._waiting is not None:
            self._shake()
        elif self._timer is None:
            Stream.run(self)

    def crashed(self) -> None:
        if self._waiting is not None:
            self._unsecured("a bug of the gateway")
        else:
            Stream.crashed(self)

    # As one end of a relay, and for the protocol

    def pull(self) -> int:
        """
        Read into ``text``: how many bytes; 0 after a close_notify; -1 when there are
        none now.

        Raises OSError when the connection was reset, cut off, or is not TLS any more.
        """
        seal = self._seal
        if self._early or seal.stopped:
            self._early = self._tickets = False
            got = 0 if seal.stopped else seal.unseal(0)
            if seal.stopped:
                self.drained = False
            if got or seal.stopped:
                return got or self._stopped()
        for _ in range(ROUNDS):
            try:
                size = self.socket.recv_into(wire, SIZE)
            except BlockingIOError:
                self.drained = True
                return -1
            if not size:
                heard = self._heard or self._broken
                self.parted = self._notified and not heard
                raise ConnectionResetError(errno.ECONNRESET, CUT_OFF)
            got = seal.unseal(size)
            self.drained = size < SIZE and not seal.stopped
            if got:
                self._heard = True
                return got
            if seal.stopped:
                return self._stopped()
            self._speak()  # perhaps they asked for something
        self.drained = False
        return -1

    def _stopped(self) -> int:
        """Nothing more can be read: 0 if that is as it should be."""
        self._speak()  # an alert, perhaps
        if self._seal.failure is not None:
            why = reason_of(self._seal.failure)
            raise ConnectionResetError(errno.ECONNRESET, why)
        if not self.half_closes:
            self._notify()
        return 0

    def push(self, size: int, flags: int = 0) -> int:
        """
        Send that many bytes of ``text``: how many, as records, the kernel did not take.

        Those are kept, for ``flush``.  *flags* are send(2)'s.  Raises OSError.
        """
        try:
            made = self._seal.seal(size)
        except SSL.Error as error:
            raise BrokenPipeError(errno.EPIPE, reason_of(error)) from None
        return self._put(made, flags)

    def flush(self, flags: int = 0) -> int:
        """Send records that were kept: how many bytes are left.  Raises OSError."""
        self._tickets = False
        try:
            self._rest = self._rest[self.socket.send(self._rest, flags) :]
        except BlockingIOError:
            pass
        return len(self._rest)

    def _put(self, size: int, flags: int = 0) -> int:
        """Send that much of ``wire`` behind what was kept: how much is kept now."""
        if self._rest:
            self._rest += wire[:size]
            return self.flush(flags)
        try:
            sent = self.socket.send(wire[:size], flags)
        except BlockingIOError:
            sent = 0
        if sent != size:
            self._rest = wire[sent:size].tobytes()
        return size - sent

    def _speak(self, flags: int = 0) -> None:
        """Send what OpenSSL has to say by itself."""
        try:
            while size := self._seal.take():
                self._put(size, flags)
        except OSError:
            self._broken = True

    def _flush_quietly(self) -> None:
        try:
            self.flush()
        except OSError:
            self._broken, self._rest = True, b""

    def _receive(self) -> bytes:
        while (size := self.pull()) < 0:
            if self.drained:
                raise BlockingIOError
        return text[:size].tobytes()

    def send(self, data: bytes | bytearray) -> int:
        if self._rest and self.flush():
            raise BlockingIOError
        done, size = 0, len(data)
        with memoryview(data) as view:
            while done < size and not self._rest:
                piece = min(size - done, SIZE)
                text[:piece] = view[done : done + piece]
                self.push(piece)
                done += piece
        return done

    # The ends

    def end(self) -> None:
        """Send a close_notify.  The other direction stays open."""
        self._notify()

    def _notify(self, flags: int = 0) -> None:
        if self.protected and not self._notified:
            self._notified, self._heard = True, False
            self._seal.shut()
            self._speak(flags)

    def close(self) -> None:
        """Close, once the kernel has taken all there is to say.  Tells nobody."""
        if self.fd < 0 or self._timer is not None:
            return
        self._notify(socket.MSG_MORE)  # with the FIN, in one segment
        if self.protected:
            self._security.left(self._seal.connection)
        self._waiting = self.outward = self.inward = self.protocol = None
        if self._rest:
            later = self.pump.reactor.callLater
            self._timer = later(self._linger, self.abort)
        else:
            Stream.close(self)

    def _ready_lingering(self, events: int) -> None:
        if events & ERR or not self._rest:
            self._stop_lingering()
            Stream.close(self)

    def _stop_lingering(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def abort(self) -> None:
        """Close with a RST, at once.  Tells nobody."""
        self._stop_lingering()
        self._waiting = None
        Stream.abort(self)
