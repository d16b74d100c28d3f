"""
A client's first message, looked at and left where it is.

Here: how a ClientHello is read without taking it: its bytes stay in the kernel, for the
server or for our own handshake.  Not here: what it says (``wire.client_hello``), and
what follows from that (``opening``).
"""

from __future__ import annotations

from socket import MSG_PEEK
from typing import TYPE_CHECKING, Protocol

from bridge.net import sockopt
from bridge.session.peeking import Peeking
from bridge.wire.client_hello import MAX_BYTES, ClientHello, HelloError, HelloReader

if TYPE_CHECKING:
    from bridge.net.stream import Stream


class Greeted(Protocol):
    """Who waits for a hello.  Hears of it once, and not after the stream was closed."""

    def greeted(self, stream: Stream, hello: ClientHello) -> None:
        """It is there, whole; and so are its bytes, unread."""

    def ungreeted(self, stream: Stream, error: ValueError) -> None:
        """There is none, and there will be none; whatever came is unread."""

    def broken(self, stream: Stream, error: OSError) -> None:
        """Nor that: the connection was reset, or timed out."""


class Greeting(Peeking[ClientHello]):
    """See ``Peeking``; *greeted* may hear from within ``begin``."""

    __slots__ = ("_greeted", "_onward", "_reader", "seen")

    def __init__(self, stream: Stream, greeted: Greeted) -> None:
        super().__init__(stream)
        self._greeted = greeted
        self._reader = HelloReader()
        self.seen = 0
        """Bytes that have come so far."""
        self._onward = False  # the kernel knows what was seen

    def give_up(self) -> None:
        """Look no more."""
        self._give_back()

    def _find(self) -> ClientHello | None:
        hello = self._reader.feed(data := self._peek())
        while hello is None and self._onward and data:
            hello = self._reader.feed(data := self._peek())
        # A FIN is seen as nothing at all, or as nothing more.
        if hello is None and (not data or self._stream.ended):
            raise HelloError("the client ended before its ClientHello did")
        return hello

    def _found(self, found: ClientHello) -> None:
        self._stream.readable = True  # the edge of what waits has been seen here
        self._greeted.greeted(self._stream, found)

    def _missed(self, error: ValueError) -> None:
        self._stream.readable = True
        self._greeted.ungreeted(self._stream, error)

    def _broken(self, error: OSError) -> None:
        self._greeted.broken(self._stream, error)

    def _peek(self) -> bytes:
        """
        What was not seen yet; nothing at the end.  Raises OSError.

        A peek stops at an urgent mark, and the next one begins where the first did
        (tcp_recvmsg, net/ipv4/tcp.c), unless the kernel is told from where to go on.
        """
        sock = self._stream.socket
        if self._stream.urgent and not self._onward:
            try:
                sockopt.peek_from(sock, self.seen)
            except OSError:
                raise HelloError("urgent data in the ClientHello") from None
            self._onward = True
        data = sock.recv(MAX_BYTES + 1, MSG_PEEK)
        if not self._onward:
            if len(data) == self.seen and data and not self._stream.ended:
                raise BlockingIOError  # woken for what was seen already
            data = data[self.seen :]
        self.seen += len(data)
        return data
