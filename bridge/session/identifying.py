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

from bridge.session.flow import Event
from bridge.session.peeking import Peeking
from bridge.wire.proxy_header import MAX_HEADER, HeaderReader, as_written, read_header
from bridge.wire.proxy_tlv import ProxyError
from bridge.wire.proxy_value import ProxyHeader

if TYPE_CHECKING:
    from bridge.session.opening import Opening

MUCH = 1024
"""Bytes of a header that is not all there yet, of which so many are taken."""

_CUT = "the connection ended before its PROXY header did"


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


class Identifying(Peeking[ProxyHeader]):
    """The stage of TO_IDENTIFY.  Its time is ``open``, which no byte prolongs."""

    __slots__ = ("_opening", "_reader")

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening.opened.front)
        self._opening = opening
        self._reader: HeaderReader | None = None
        """Has what was taken already, where peeking does not show all there is."""

    def give_up(self) -> None:
        """Nobody may be silent here: a sender has the first word."""

    def cancel(self) -> None:
        """Who closes the stream ends it."""

    def _find(self) -> ProxyHeader | None:
        if self._reader is None and not self._stream.urgent:
            return self._peek()
        return self._take()

    def _missed(self, error: ValueError) -> None:
        self._opening.refuse(Event.BAD_HEADER, f"PROXY header: {error}")

    def _broken(self, error: OSError) -> None:
        self._opening.opened.broken(self._stream, error)

    def _found(self, header: ProxyHeader) -> None:
        """Whether the one may come in for whom the peer speaks."""
        opening = self._opening
        opened, terms = opening.opened, opening.terms
        event = Event.ADMITTED
        if not header.local:  # else it speaks for itself: a sender may, and checks us
            opened.identity = kept(header, terms.passed)
            # It has its place among the connections already.
            event = terms.admission.ask(opened, terms.house.seconds())
        opening.identified(event)

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
        opening = self._opening
        if header.version == opening.terms.resent and as_written(header, data):
            opening.opened.ahead = header.length
            stream.readable = True
            return header
        left = header.length
        while left:  # once, unless an urgent mark has come into it since
            left -= len(stream.socket.recv(left))
        # What arrives from now on is told of; what was there already has been.
        stream.readable = len(data) > header.length or len(data) == MAX_HEADER
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
