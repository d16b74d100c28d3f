"""
A stream's bytes as TLS records, once its handshake is through.

Here: reading, writing, and what the other end may ask for besides.  Not here: how
records become plaintext (``seal``), and how a stream begins and ends (``tls``).
"""

from __future__ import annotations

import errno
from enum import Enum, auto
from socket import MSG_MORE
from typing import TYPE_CHECKING

from OpenSSL import SSL

from bridge.net.distrust import explained
from bridge.net.marks import CLOSED, ENDED, PAUSED, URGENT
from bridge.net.pump import IN
from bridge.net.seal import ORDINARY, SIZE, TEXT_ROOM, WIRE_ROOM, Seal
from bridge.net.stream import Stream

if TYPE_CHECKING:
    from bridge.net.security import Security

ROUNDS = 16
"""Reads that need not give a byte of plaintext before others get their turn."""

MOST_KEPT = 2 * SIZE
"""
Bytes of records that may wait for the kernel while what the other end sends is still
read.  A relay keeps one chunk; beyond that there are answers to what is no data, and
who does not read them need not be asked for more.
"""

ASIDES, WITHIN, WORTH = 512, 10.0, 4096
"""
So many records without data are a flood, if they come within so many seconds, and less
than so many bytes of data for each have passed meanwhile, either way.  Nobody honest
comes near it: keys are good for gigabytes (RFC 8446, section 5.5), a client that takes
new ones for each MiB has 256 times the data.  Go gives up after 16 in a row
(crypto/tls, maxUselessRecords), however much it has sent between them.
"""

CUT_OFF = "truncated: the connection ended without close_notify"
PARTED = "the connection ended without close_notify, in answer to ours"
FLOOD = "too many TLS records without data"

_NOTHING = bytearray()
"""Is never added to: see ``_put``."""


class Kept(Enum):
    """What the records are that the kernel has not taken, if there are any."""

    RECORDS = auto()
    """They go as soon as there is room."""
    TICKETS = auto()
    """Only tickets, that go with the bytes that somebody will soon send."""
    TOO_MUCH = auto()
    """So many that nothing is read until some of them have gone."""


class Farewell(Enum):
    """How far we are with our own end."""

    UNSAID = auto()
    SAID = auto()
    """We said close_notify, and nothing has come since."""
    OUTLIVED = auto()
    """We said it, and the other end went on."""
    LOST = auto()
    """Sending has met a reset, which the kernel tells only once."""


_RECORDS, _TICKETS, _TOO_MUCH = Kept.RECORDS, Kept.TICKETS, Kept.TOO_MUCH
_UNSAID, _SAID, _LOST = Farewell.UNSAID, Farewell.SAID, Farewell.LOST


class Sealed(Stream):
    """
    Takes *stream*'s place, socket and protocol over.

    Not of itself anything: the base class of ``TLSStream``, so that a stream is one
    object.
    """

    __slots__ = (
        "_counted", "_farewell", "_kept", "_rest", "drained", "fault", "half_closes",
        "seal", "security",
    )  # fmt: skip

    secure = True

    def __init__(self, stream: Stream, security: Security) -> None:
        Stream.__init__(self, stream.pump, stream.socket, stream.known)
        self.protocol = stream.protocol
        self.marks |= stream.marks & (PAUSED | ENDED | URGENT)
        # It refers to all of the session: only the cycle collector would free that.
        stream.marks |= CLOSED
        stream.protocol = None
        self.security = security
        self.seal = Seal(security.connection(), self.pump.channel)
        self._rest = _NOTHING  # records that the kernel has not taken
        self._kept = _RECORDS
        self._counted: tuple[float, int] | None = None  # asides: since when, which byte
        self._farewell = _UNSAID
        self.drained = False
        """The last ``pull`` left nothing in the socket, unless its end."""
        self.fault = ""
        """Why nothing more can be read, if the other end did not say so by itself."""
        self.half_closes = False
        """Both directions end for themselves: since TLS 1.3."""

    @property
    def connection(self) -> SSL.Connection:
        return self.seal.connection

    @property
    def parted(self) -> bool:
        """
        The other end sent a FIN and no close_notify, but it had ours, and nothing had
        come from it since.
        """
        return self.fault is PARTED

    def why(self, error: SSL.Error) -> str:
        """What OpenSSL has met, in words."""
        return explained(error, self.seal.connection, self.security.accepts)

    # Reading

    def pull(self, most: int = TEXT_ROOM) -> int:
        """
        Read into the channel's text: how many bytes, of *most*; 0 after a close_notify;
        -1 when there are none now.

        Raises OSError when the connection was reset, cut off, or is not TLS any more.
        """
        seal = self.seal
        if seal.pending:
            got = self._look_aside(most)
            if got is not None:
                return got
        wire = seal.channel.wire
        for _ in range(ROUNDS):
            try:
                size = self.socket.recv_into(wire, SIZE)
            except BlockingIOError:
                self.drained = True
                return -1
            if not size:
                return self._fin()
            got = seal.unseal(size, most)
            if size - got > ORDINARY:  # perhaps there was something to answer
                self._answer()
            self.drained = size < SIZE and not seal.pending
            if got:
                if self._farewell is _SAID:
                    self._farewell = Farewell.OUTLIVED
                return got
            if seal.pending:
                break
        else:
            self.drained = False
            return -1
        got = self._look_aside(most)
        return -1 if got is None else got

    def _fin(self) -> int:
        """A FIN came without close_notify: 0 where that is an end all the same."""
        if self.security.fin_ends and self._farewell is not _LOST:
            return 0
        raise self._failed(PARTED if self._farewell is _SAID else CUT_OFF)

    def _failed(self, why: str) -> ConnectionResetError:
        self.fault = why
        return ConnectionResetError(errno.ECONNRESET, why)

    def _look_aside(self, most: int) -> int | None:
        """What is there before more is read: as for ``pull``, or None for nothing."""
        seal = self.seal
        if self._kept is _TICKETS:  # the first look: nothing was read yet
            self._kept = _RECORDS
        else:
            if seal.stopped:
                return self._stopped()
            self._answer()
            if seal.asides >= ASIDES:
                self._be_patient()
            if len(self._rest) > MOST_KEPT:
                self._kept, self.drained = _TOO_MUCH, True
                return -1
        got = seal.unseal(0, most)
        if seal.pending:
            self.drained = False
        if got:
            if self._farewell is _SAID:
                self._farewell = Farewell.OUTLIVED
            return got
        if seal.stopped:
            return self._stopped()
        return -1 if seal.pending else None

    def _answer(self) -> None:
        """Say what OpenSSL has to say to what it read."""
        seal, said = self.seal, self.speak()
        if said:
            # One that came alone or last is not counted yet; and several may share a
            # record (TLS 1.2).
            seal.asides += (not seal.pending) + said // 256
            seal.pending = True

    def _be_patient(self) -> None:
        """Raise ConnectionResetError if there have been too many asides by now."""
        now, passed = self.pump.reactor.seconds(), 0
        for direction in (self.outward, self.inward):
            passed += direction.bytes if direction is not None else 0
        before, self._counted = self._counted, (now, passed)
        self.seal.asides = 0
        if before is None:
            return
        if now - before[0] < WITHIN and passed - before[1] < ASIDES * WORTH:
            raise self._failed(FLOOD)

    def _stopped(self) -> int:
        """Nothing more can be read: 0 if that is as it should be."""
        self.speak()  # an alert, perhaps
        if self.seal.failure is not None:
            raise self._failed(self.why(self.seal.failure))
        if not self.half_closes:
            self.notify()
        return 0

    # Writing

    def push(self, size: int, flags: int = 0) -> int:
        """
        Send that many bytes of ``text``: how many, as records, the kernel did not take.

        Those are kept, for ``flush``.  *flags* are send(2)'s.  Raises OSError.
        """
        try:
            made = self.seal.seal(size)
        except SSL.Error as error:
            raise BrokenPipeError(errno.EPIPE, self.why(error)) from None
        return self._put(made, flags)

    def put(self, data: bytes, flags: int = 0) -> int:
        """As ``push``, of *data*."""
        left, size, text = 0, len(data), self.seal.channel.text
        for start in range(0, size, SIZE):
            piece = data[start : start + SIZE]
            text[: len(piece)] = piece
            last = start + SIZE >= size
            left = self.push(len(piece), flags if last else MSG_MORE)
        return left

    def flush(self, flags: int = 0) -> int:
        """Send records that were kept: how many bytes are left.  Raises OSError."""
        if self._kept is _TICKETS:
            self._kept = _RECORDS
        rest = self._rest
        try:
            sent = self.socket.send(rest, flags)
        except BlockingIOError:
            return len(rest)
        if sent == len(rest):
            self._rest = _NOTHING
            return 0
        del rest[:sent]
        return len(rest)

    def _put(self, size: int, flags: int = 0) -> int:
        """Send that much of the wire behind what was kept: how much is kept now."""
        wire = self.seal.channel.wire
        if self._rest:
            self._rest += wire[:size]
            return self.flush(flags)
        try:
            sent = self.socket.send(wire[:size], flags)
        except BlockingIOError:
            sent = 0
        if sent != size:
            self._rest = bytearray(wire[sent:size])
        return size - sent

    def speak(self, flags: int = 0) -> int:
        """Send what OpenSSL has to say by itself: how many bytes that was."""
        said, size = 0, WIRE_ROOM
        try:
            while size == WIRE_ROOM:  # else that was all of it
                size = self.seal.take()
                said += size
                if size:
                    self._put(size, flags)
        except OSError:
            self._farewell = _LOST
        return said

    def _flush_quietly(self) -> int:
        """What else there is to do now, as an epoll mask."""
        try:
            left = self.flush()
        except OSError:
            self._farewell, self._rest, left = _LOST, _NOTHING, 0
        if self._kept is _TOO_MUCH and left <= MOST_KEPT:
            self._kept = _RECORDS
            return IN
        return 0

    def _receive(self) -> bytes:
        while (size := self.pull()) < 0:
            if self.drained:
                raise BlockingIOError
        return self.seal.channel.text[:size].tobytes()

    def send(self, data: bytes | bytearray) -> int:
        if self._rest and self.flush():
            raise BlockingIOError
        done, size, text = 0, len(data), self.seal.channel.text
        with memoryview(data) as view:
            while done < size and not self._rest:
                piece = min(size - done, SIZE)
                text[:piece] = view[done : done + piece]
                self.push(piece)
                done += piece
        return done

    def notify(self, flags: int = 0) -> None:
        """Send a close_notify, if there was none."""
        if self._farewell is _UNSAID:
            self._farewell = _SAID
        elif self._farewell is not _LOST:
            return
        self.seal.shut()
        self.speak(flags)
