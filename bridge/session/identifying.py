"""
Who the client is, where its peer speaks for others: the stage of TO_IDENTIFY.

Here: how a PROXY header is read off the stream, to its last byte and no further, so
that whatever follows (TLS, a ClientHello to be looked at, the client's own bytes) is
found in the kernel as if there had been none.  Not here: what a header says
(``wire.proxy_header``), of whom it is believed (``front``), and what follows from it
(``session``).
"""

from __future__ import annotations

from socket import MSG_PEEK
from typing import TYPE_CHECKING

from bridge.net.marks import URGENT, WAITING
from bridge.net.pump import IN, OUT
from bridge.session.flow import Event
from bridge.session.peeking import Peeking
from bridge.session.rare import Said
from bridge.wire.proxy_header import (
    MAX_HEADER,
    HeaderReader,
    as_written,
    read_header,
    usual,
)
from bridge.wire.proxy_tlv import ProxyError
from bridge.wire.proxy_value import ProxyHeader

if TYPE_CHECKING:
    from bridge.net.stream import Stream
    from bridge.session.opening import Opened

GLANCE = 64
"""Bytes that are looked at first: two addresses, and whether more follows."""

MUCH = 1024
"""Bytes of a header that is not all there yet, of which so many are taken."""

_CUT = "the connection ended before its PROXY header did"

_ADMITTED = Event.ADMITTED
_RARE = ~(IN | OUT)


def kept(header: ProxyHeader, passed: frozenset[int]) -> ProxyHeader | None:
    """
    What a session keeps of *header*, which is not LOCAL: whom it names, and the fields
    of the types in *passed*, which servers are told again.  None: nothing, the peer is
    the client.
    """
    if not header.tlvs:
        return header if header.source is not None else None
    fields = tuple(one for one in header.tlvs if one[0] in passed)
    if header.source is None and not fields:
        return None
    return ProxyHeader(header.source, header.destination, fields)


def identify(opened: Opened, waiting: Identifying | None = None) -> None:
    """
    Begin the stage; or go on, with who is *waiting*.

    Mostly a header is there, whole and as most are, and then this is all: it is known
    where it ends, and what it says is read when that is asked.
    """
    front, terms = opened.front, opened.terms
    try:
        data = front.socket.recv(GLANCE, MSG_PEEK)
        length = usual(data)
        ahead = length and terms.resent == 2
        if length and not ahead:
            _drop(front, length, len(data) > length)
    except BlockingIOError:
        if waiting is None:
            opened.at = Identifying(opened)
        return
    except OSError as error:
        opened.broken(front, error)
        return
    if not length:
        if waiting is None:
            opened.at = waiting = Identifying(opened)
        waiting.look()
        return
    if waiting is not None:
        front.pump.hand_over(front.fd, front)
    if ahead:
        front.marks |= WAITING
    opened.rare = Said("", None, length if ahead else 0, "", data[:length])
    opened.handle(terms.stages[0] if terms.admission.anyone else _judged(opened))


def _drop(front: Stream, length: int, more: bool) -> None:
    """
    Off the stream, so many bytes that are there; *more* are there behind them.

    What arrives from now on is told of; what was there already has been.
    """
    while length:  # once, unless an urgent mark has come into it since
        length -= len(front.socket.recv(length))
    front.readable = more


def _judged(opened: Opened) -> Event:
    """What follows, or why the one may not come in for whom the peer speaks."""
    terms = opened.terms
    # It has its place among the connections already.
    event = terms.admission.ask(opened, terms.house.seconds())
    return terms.stages[0] if event is _ADMITTED else event


class Identifying(Peeking[ProxyHeader]):
    """Waits for a header.  Its time is ``open``, which no byte prolongs."""

    __slots__ = ("_opened", "_reader")

    def __init__(self, opened: Opened) -> None:
        stream = opened.front
        super().__init__(stream)
        self._waits = True
        self._opened = opened
        self._reader: HeaderReader | None = None
        """Has what was taken already, where peeking does not show all there is."""
        stream.pump.hand_over(stream.fd, self)

    def look(self) -> None:
        """At what is there already."""
        self._look()

    def cancel(self) -> None:
        """Who closes the stream ends it."""

    def ready(self, events: int) -> None:
        stream = self._stream
        if events & _RARE or self._reader is not None or stream.marks & URGENT:
            super().ready(events)
        elif events & IN:
            stream.marks |= WAITING
            identify(self._opened, self)

    def _find(self) -> ProxyHeader | None:
        if self._reader is None and not self._stream.marks & URGENT:
            return self._peek()
        return self._take()

    def _missed(self, error: ValueError) -> None:
        self._opened.reason = f"PROXY header: {error}"
        self._opened.handle(Event.BAD_HEADER)

    def _broken(self, error: OSError) -> None:
        self._opened.broken(self._stream, error)

    def _found(self, header: ProxyHeader) -> None:
        opened = self._opened
        if header.local:  # it speaks for itself: a sender may, and checks us
            opened.handle(opened.terms.stages[0])
            return
        opened.identity = kept(header, opened.terms.passed)
        opened.handle(_judged(opened))

    def _peek(self) -> ProxyHeader | None:
        """
        The header once it is whole, and off the stream, unless it is to go on as it is.

        Raises OSError.
        """
        stream = self._stream
        data = stream.socket.recv(MAX_HEADER, MSG_PEEK)
        header = read_header(data)
        if header is None:
            if not data or stream.ended:  # a FIN is not seen in what is peeked at
                raise ProxyError(_CUT)
            # What is looked at fills the receive buffer, which may have room for less
            # than all of it: then no more would come.
            return None if len(data) < MUCH else self._take()
        resent = self._opened.terms.resent
        if header.version == resent and as_written(header, data):
            self._opened.ahead = header.length
            stream.readable = True
        else:
            more = len(data) > header.length or len(data) == MAX_HEADER
            _drop(stream, header.length, more)
        return header

    def _take(self) -> ProxyHeader | None:
        """
        The same, byte for byte as they are sure to belong to it.

        A peek stops at an urgent mark and begins again before it, where recv(2) goes on
        behind it (tcp_recvmsg, net/ipv4/tcp.c).  Raises OSError.
        """
        if self._reader is None:
            self._reader = HeaderReader()
        while True:
            data = self._stream.socket.recv(self._reader.wants)
            if not data:
                raise ProxyError(_CUT)
            header = self._reader.feed(data)
            if header is not None:
                self._stream.readable = True  # perhaps: nobody has looked
                return header
