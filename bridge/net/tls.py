"""
A stream whose bytes are TLS records on the wire.

Here: ``TLSStream``, its bytes and its ends.  Not here: its handshake (``handshake``),
how records become plaintext (``seal``), how plaintext gets to the other side
(``relay``), which certificates and rules there are (``security``, and who makes its
context).

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
from enum import Enum, auto
from typing import TYPE_CHECKING

from OpenSSL import SSL

from bridge.net.handshake import Handshake
from bridge.net.pump import ERR, OUT
from bridge.net.seal import SIZE, Seal, reason_of, text, wire
from bridge.net.stream import Stream

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

    from bridge.net.security import Security, Waiting

ROUNDS = 16
"""Reads that need not give a byte of plaintext before others get their turn."""

CUT_OFF = "the connection ended without close_notify"


class Phase(Enum):
    """Where a TLS stream stands."""

    SHAKING = auto()
    """Its handshake is to come, under way, or has failed."""
    OPEN = auto()
    LINGERING = auto()
    """Closed, as far as anybody else is concerned; the last records wait for room."""

    __hash__ = object.__hash__


_SHAKING, _OPEN, _LINGERING = Phase.SHAKING, Phase.OPEN, Phase.LINGERING


class TLSStream(Stream):
    """
    Takes *stream*'s place, socket and protocol over.

    What its other end sends waits until ``handshake`` is through, and then until
    somebody reads, as in any stream.  *linger*: seconds that the last bytes may take
    once it is to be closed.
    """

    __slots__ = (
        "_aside", "_broken", "_handshake", "_heard", "_linger", "_notified", "_rest",
        "_tickets", "_timer", "drained", "half_closes", "parted", "phase", "seal",
        "security",
    )  # fmt: skip

    secure = True

    def __init__(self, stream: Stream, security: Security, linger: float) -> None:
        super().__init__(stream.pump, stream.socket, stream.peer)
        self.protocol = stream.protocol
        self.paused = stream.paused
        self.ended = stream.ended
        self.urgent = stream.urgent
        stream.fd = -1
        self.phase = _SHAKING
        self.security = security
        self.seal = Seal(security.connection())
        self._handshake: Handshake | None = Handshake(self)
        self._linger = linger
        self._timer: IDelayedCall | None = None
        self._rest = b""  # records that the kernel has not taken
        self._tickets = False  # these are only tickets; somebody will soon send more
        self._aside = False  # before the next read there is something else to look at
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
        self.half_closes = False
        """Both directions end for themselves: since TLS 1.3."""
        self.pump.hand_over(self.fd, self)

    @property
    def connection(self) -> SSL.Connection:
        return self.seal.connection

    @property
    def protected(self) -> bool:
        """The handshake is through, and it is not closed."""
        return self.phase is _OPEN

    # The handshake

    def handshake(self, waiting: Waiting) -> None:
        """Begin.  *waiting* is told what comes of it, even from within this call."""
        if self._handshake is not None:
            self._handshake.begin(waiting)

    def shaken(self) -> str:
        """It is through: why the other end is not to be trusted after all; or empty."""
        connection, security = self.seal.connection, self.security
        self.half_closes = connection.get_protocol_version() >= SSL.TLS1_3_VERSION
        if security.accepts and self.half_closes:
            # Nothing but tickets is left to say.  They go with the first bytes, which
            # saves a short session one of its five sends, and those cost most.
            self._rest = wire[: self.seal.take()].tobytes()
            self._tickets = True
        else:
            self.speak()
        reason = security.check(connection) if security.check is not None else ""
        if not reason:
            self.phase = _OPEN
            self.readable = self._aside = True
        return reason

    def forget_handshake(self) -> None:
        """It is over, one way or the other."""
        self._handshake = None

    # The pump calls these

    def ready(self, events: int) -> None:
        if self._rest and events & OUT and not self._tickets:
            self._flush_quietly()
        if self.phase is _OPEN:
            self.drained = False
            Stream.ready(self, events)
        elif self.phase is _LINGERING:
            if events & ERR or not self._rest:
                self._stop_lingering()
                Stream.close(self)
        elif self._handshake is not None:
            self._handshake.ready(events)

    def run(self) -> None:
        if self._handshake is not None:
            self._handshake.go_on()
        elif self.phase is not _LINGERING:
            Stream.run(self)

    def crashed(self) -> None:
        if self._handshake is not None:
            self._handshake.fail("a bug of the gateway")
        else:
            Stream.crashed(self)

    # As one end of a relay, and for the protocol

    def pull(self) -> int:
        """
        Read into ``text``: how many bytes; 0 after a close_notify; -1 when there are
        none now.

        Raises OSError when the connection was reset, cut off, or is not TLS any more.
        """
        seal = self.seal
        if self._aside or seal.stopped:
            self._aside = self._tickets = False
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
            self.speak()  # perhaps they asked for something
        self.drained = False
        return -1

    def _stopped(self) -> int:
        """Nothing more can be read: 0 if that is as it should be."""
        self.speak()  # an alert, perhaps
        if self.seal.failure is not None:
            why = reason_of(self.seal.failure)
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
            made = self.seal.seal(size)
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

    def speak(self, flags: int = 0) -> None:
        """Send what OpenSSL has to say by itself."""
        try:
            while size := self.seal.take():
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
        if self.phase is _OPEN and not self._notified:
            self._notified, self._heard = True, False
            self.seal.shut()
            self.speak(flags)

    def close(self) -> None:
        """Close, once the kernel has taken all there is to say.  Tells nobody."""
        if self.fd < 0 or self.phase is _LINGERING:
            return
        self._notify(socket.MSG_MORE)  # with the FIN, in one segment
        if self.phase is _OPEN:
            self.security.left(self.seal.connection)
        self._handshake = self.outward = self.inward = self.protocol = None
        if self._rest:
            self.phase = _LINGERING
            self.pump.lingering.add(self)
            later = self.pump.reactor.callLater
            self._timer = later(self._linger, self.abort)
        else:
            Stream.close(self)

    def _stop_lingering(self) -> None:
        self.pump.lingering.discard(self)
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def abort(self) -> None:
        """Close with a RST, at once.  Tells nobody."""
        if self.phase is _LINGERING:
            self._stop_lingering()
        self._handshake = None
        Stream.abort(self)
