"""
A stream whose bytes are TLS records on the wire.

Here: ``TLSStream``, from when its handshake is through to its end.  Not here: the
handshake (``handshake``), its bytes (``sealed``), how they get to the other side
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
  it while the other end takes any bytes; not for an answer, which many never give.
"""

from __future__ import annotations

import socket
from enum import Enum, auto
from typing import TYPE_CHECKING

from OpenSSL import SSL

from bridge.net.marks import ENDED, WAITING
from bridge.net.pump import ERR, OUT, PRI, RDHUP
from bridge.net.sealed import Kept, Sealed
from bridge.net.stream import Stream
from bridge.net.tcpinfo import unacknowledged

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

    from bridge.net.security import Security

LOOKS = 8
"""How often, within ``linger``, a stream that is closed looks what is acknowledged."""


class Phase(Enum):
    """Where a TLS stream stands."""

    SHAKING = auto()
    """Its handshake is to come, under way, or has failed: it is no stream yet."""
    OPEN = auto()
    LINGERING = auto()
    """Closed, as far as anybody else is concerned; the last records wait for room."""

    __hash__ = object.__hash__


_TICKETS, _TOO_MUCH = Kept.TICKETS, Kept.TOO_MUCH
_TLS_1_3 = SSL.TLS1_3_VERSION
_SHAKING, _OPEN, _LINGERING = Phase.SHAKING, Phase.OPEN, Phase.LINGERING


class TLSStream(Sealed):
    """
    A stream from its handshake on, in *stream*'s place.

    What its other end sends waits until a ``Handshake`` is through, and then until
    somebody reads, as in any stream.
    """

    __slots__ = ("_timer", "linger", "phase")

    def __init__(self, stream: Stream, security: Security, linger: float) -> None:
        Sealed.__init__(self, stream, security)
        self.phase = _SHAKING
        self._timer: IDelayedCall | None = None
        self.linger = linger
        """Seconds without an acknowledged byte that it waits once it is closed."""
        self.pump.hand_over(self.socket.fileno(), self)

    @property
    def protected(self) -> bool:
        """The handshake is through, and it is not closed."""
        return self.phase is _OPEN

    def shaken(self) -> str:
        """
        OpenSSL's handshake is through: why the other end is not to be trusted after
        all; empty when it is, and the stream is open.
        """
        seal, security = self.seal, self.security
        self.half_closes = seal.version >= _TLS_1_3
        if security.accepts and self.half_closes:
            # Nothing but tickets is left to say.  They go with the first bytes, which
            # saves a short session one of its five sends, and those cost most.
            self._rest = bytearray(seal.channel.wire[: seal.take()])
            self._kept = _TICKETS
            seal.pending = True
        else:
            self.speak()
        reason = security.check(seal.connection) if security.check is not None else ""
        if not reason:
            self.phase = _OPEN
            self.marks |= WAITING
        return reason

    # The pump calls these

    def ready(self, events: int) -> None:
        kept = self._kept
        if (self._rest or kept is _TOO_MUCH) and events & OUT and kept is not _TICKETS:
            events |= self._flush_quietly()
        self.drained = False
        if self.phase is _OPEN:
            Stream.ready(self, events)
        elif self.phase is _SHAKING:
            if events & RDHUP:
                self.marks |= ENDED
            if events & PRI:
                self.keep_urgent_inline()
        elif events & ERR or not self._rest:
            self._stop_lingering()
            Stream.close(self)

    def run(self) -> None:
        if self.phase is not _LINGERING:
            Stream.run(self)

    def crashed(self) -> None:
        if self.phase is _LINGERING:
            self.abort()
        else:
            Stream.crashed(self)

    # The ends

    def end(self) -> None:
        """Send a close_notify.  The other direction stays open."""
        if self.phase is _OPEN:
            self.notify()

    def close(self) -> None:
        """Close, once the kernel has taken all there is to say.  Tells nobody."""
        if self.fd < 0 or self.phase is _LINGERING:
            return
        if self.phase is _OPEN:
            self.notify(socket.MSG_MORE)  # with the FIN, in one segment
            self.security.left(self.seal.connection)
        self.outward = self.inward = self.protocol = None
        if self._rest:
            self.phase = _LINGERING
            self.pump.hand_over(self.fd, self)  # a handshake may still have it
            self.pump.lingering.add(self)
            self._wait(self._undelivered(), self.pump.reactor.seconds())
        else:
            Stream.close(self)

    def _undelivered(self) -> int:
        return len(self._rest) + unacknowledged(self.socket)

    def _wait(self, left: int, since: float) -> None:
        """*left* bytes are undelivered, *since* that time: wait until fewer are."""
        later = self.pump.reactor.callLater
        self._timer = later(self.linger / LOOKS, self._look, left, since)

    def _look(self, before: int, since: float) -> None:
        """Give the last bytes time for as long as the other end takes any."""
        left, now = self._undelivered(), self.pump.reactor.seconds()
        if left < before:
            self._wait(left, now)
        elif now - since < self.linger:
            self._wait(left, since)
        else:
            self.abort()

    def _stop_lingering(self) -> None:
        self.pump.lingering.discard(self)
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def abort(self) -> None:
        """Close with a RST, at once.  Tells nobody."""
        if self.phase is _LINGERING:
            self._stop_lingering()
        Stream.abort(self)
