"""
A connected socket as a Twisted transport, watched by the pump.

Here: what a Twisted protocol expects of its transport, over an edge-triggered
descriptor.  Not here: how bytes pass once two streams are joined (``splice``), what a
protocol wrote and the kernel has not taken (``write_buffer``), how a connection comes
to be (``port``, ``dial``).

A stream lives in one of two modes.  At first it is *read by its protocol*, like any
Twisted transport.  After ``join`` it is *spliced*: readiness goes to the two
directions it is part of, and the protocol hears no more of it.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, ClassVar

from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IAddress,
    IConsumer,
    IHalfCloseableProtocol,
    IProducer,
    IProtocol,
    IPushProducer,
    ITCPTransport,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from bridge.net import sockopt
from bridge.net.pump import ERR, IN, OUT, PRI, RDHUP, Pump
from bridge.net.sockaddr import Socket, SocketAddress, public_address
from bridge.net.tcpinfo import unacknowledged
from bridge.net.unread import Unread
from bridge.net.write_buffer import Then, WriteBuffer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bridge.net.direction import Direction

READ_SIZE = 65536
"""Bytes for one ``dataReceived``, as in Twisted (abstract.FileDescriptor)."""

READS = 16
"""``dataReceived`` calls before others get their turn: 1 MiB, as for a splice."""

_READABLE = IN | PRI
"""A lone urgent byte is readable too, and not always called so (tcp_poll)."""

_RARE = RDHUP | PRI | ERR
_FIN = IN | OUT | RDHUP
"""The usual one of the rare: a FIN, and nothing that needs a closer look."""


def join(front: Stream, back: Stream, up: Direction, down: Direction) -> None:
    """
    Let bytes bypass the protocols from now on: *up* moves them from *front* to *back*,
    *down* the other way.
    """
    up.ended, down.ended = front.ended, back.ended
    up.urgent, down.urgent = front.urgent, back.urgent
    up.piecemeal, down.piecemeal = front.piecemeal, back.piecemeal
    front.outward = back.inward = up
    back.outward = front.inward = down
    front.protocol = back.protocol = None


@implementer(ITCPTransport, IConsumer, IPushProducer)
class Stream:
    """
    A transport over *sock*, which is connected and does not block.

    The stream owns the socket.  *peer* is its other end, as the kernel says it.
    Nothing is read before ``open``.
    """

    __slots__ = (
        "_buffer", "_reason", "disconnecting", "ended", "fd", "hastened", "inward",
        "outward", "paused", "peer", "protocol", "pump", "readable", "socket", "urgent",
    )  # fmt: skip

    secure: ClassVar[bool] = False
    """Whether its bytes are TLS records (``tls``): no splice then."""

    def __init__(self, pump: Pump, sock: Socket, peer: SocketAddress) -> None:
        self.pump = pump
        self.socket = sock
        self.fd = sock.fileno()
        """-1 when closed."""
        self.peer = peer
        self.protocol: IProtocol | None = None
        self.outward: Direction | None = None
        """The direction that reads from this socket, once joined."""
        self.inward: Direction | None = None
        """The direction that writes to it."""
        self.readable = False
        """There may be bytes: an edge was seen, and "would block" not since."""
        self.ended = False
        """The other end's FIN has arrived; bytes may be queued before it."""
        self.urgent = False
        """The other end sent urgent data, and not all of it is known to be read."""
        self.hastened = False
        """Its window was probed more often than the kernel does by itself."""
        self.paused = False
        self.disconnecting = False
        self._buffer: WriteBuffer | None = None
        self._reason: Failure | None = None  # of a loss not told yet

    @property
    def piecemeal(self) -> bool:
        """
        A read may stop short of what there is, so that only "would block" proves the
        socket empty.

        At an urgent mark (tcp_recvmsg, net/ipv4/tcp.c); and on a unix socket behind
        each message that descriptors were passed with (unix_stream_read_generic,
        net/unix/af_unix.c), which are nobody's here, so that the kernel drops them.
        """
        return self.urgent or not isinstance(self.peer, tuple)

    def open(self, protocol: IProtocol) -> None:
        """Make this the transport of *protocol*."""
        self.protocol = protocol
        protocol.makeConnection(self)

    # The pump calls these

    def ready(self, events: int) -> None:
        """Pass an epoll mask on to the two directions, or to the protocol."""
        outward = self.outward
        if outward is None:
            self._ready_unjoined(events)
            return
        if events & _RARE:
            if events == _FIN:
                outward.ended = True
            else:
                self._rare(events, outward)
        if events & _READABLE:
            outward.move()
        if events & OUT:
            inward = self.inward  # None if the session ended within the last lines
            if inward is not None and inward.held:
                inward.move()

    def _rare(self, events: int, outward: Direction) -> None:
        if events & PRI:
            self.keep_urgent_inline()
            outward.urgent = outward.piecemeal = True
        if events & (RDHUP | ERR):
            outward.ended = True
        if events & ERR:
            outward.fail(self)

    def keep_urgent_inline(self) -> None:
        if not self.urgent:
            self.urgent = True
            sockopt.set_urgent_inline(self.socket)  # as ours are already, from birth

    def _ready_unjoined(self, events: int) -> None:
        if events & PRI:
            self.keep_urgent_inline()
        if events & RDHUP:
            self.ended = True
        if events & ERR:
            self._lose(Failure(ConnectionLost()))
            return
        if events & _READABLE:
            self.readable = True
            if not self.paused:
                self._read()
        if events & OUT and self._buffer is not None and self.fd >= 0:
            self._buffer.flush()

    def run(self) -> None:
        """What was put off with ``Pump.again``."""
        if self._reason is not None:
            self._lose(self._reason)
            return
        if self._buffer is not None:
            self._buffer.flush()
        if self.readable:
            self._read()

    def crashed(self) -> None:
        if self.outward is not None:
            self.outward.crashed()
        elif self.fd >= 0:
            self.abortConnection()

    # Joining, and the end

    def end(self) -> None:
        """Send a FIN.  The other direction stays open."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:  # reset meanwhile; the pump reports that, if it matters
            pass

    def hurry(self) -> None:
        """
        Send what was held back for a FIN to go with it, which does not come after all.

        The kernel would, too, but 200 ms later (TCP_CORK in tcp(7)).
        """
        try:
            sockopt.set_nodelay(self.socket, True)
        except OSError:  # a unix socket, which holds nothing back; or a reset
            pass

    def let_syn_go(self) -> None:
        """
        Connect although there is nothing to send.

        After a ``connect`` with TCP_FASTOPEN_CONNECT the SYN waits for the first bytes,
        and if the other end is the one to speak first, for ever.
        """
        try:
            self.socket.send(b"")
        except OSError:  # the pump reports it
            pass

    def close(self) -> None:
        """Close, and let the kernel deliver what it still has.  Tells nobody."""
        if self.fd >= 0:
            self.fd = -1
            self.outward = self.inward = self.protocol = None
            if self.hastened and unacknowledged(self.socket):
                Unread(self.pump, self.socket)
            else:
                self.pump.close(self.socket)

    def abort(self) -> None:
        """Close with a RST, at once.  Tells nobody."""
        if self.fd >= 0:
            self.hastened = False
            try:
                sockopt.reset_on_close(self.socket)
            except OSError:  # nothing is left that could be reset
                pass
            Stream.close(self)  # and not with a farewell, which TLS would send

    # Telling the protocol

    def lose_later(self, reason: Failure) -> None:
        """Tell of the loss after the caller has returned; the first reason stays."""
        if self._reason is None and self.fd >= 0:
            self._reason = reason
            self.pump.again(self)

    def _lose(self, reason: Failure) -> None:
        """
        The connection is over: tell producer and protocol, then close.

        In this order, so that whoever is told can still ask the socket what it knew.
        """
        protocol, self.protocol = self.protocol, None
        if self.fd < 0 or protocol is None:
            return
        self._reason = reason  # nothing is written any more
        if self._buffer is not None:
            self._buffer.lost()
        protocol.connectionLost(reason)
        if reason.check(ConnectionDone):
            self.close()
        else:
            self.abort()

    def tell_write_ended(self) -> None:
        half = IHalfCloseableProtocol(self.protocol, None)
        if half is not None:
            half.writeConnectionLost()

    # Reading for the protocol

    def _read(self) -> None:
        for _ in range(READS):
            if self.paused or self.disconnecting or self.outward or not self.protocol:
                return
            try:
                data = self._receive()
            except BlockingIOError:
                self.readable = False
                return
            except OSError:
                self._lose(Failure(ConnectionLost()))
                return
            if not data:
                self.readable = False
                self._read_ended()
                return
            self.protocol.dataReceived(data)
        self.pump.again(self)

    def _receive(self) -> bytes:
        """What there is, nothing at the end.  Raises OSError."""
        return self.socket.recv(READ_SIZE)

    def send(self, data: bytes | bytearray) -> int:
        """How many bytes of *data* were taken.  Raises OSError."""
        return self.socket.send(data)

    def _read_ended(self) -> None:
        half = IHalfCloseableProtocol(self.protocol, None)
        if half is None:
            self._lose(Failure(ConnectionDone()))
        else:
            half.readConnectionLost()

    # IPushProducer

    def pauseProducing(self) -> None:
        self.paused = True

    def resumeProducing(self) -> None:
        self.paused = False
        if self.readable and self.fd >= 0:
            self.pump.again(self)  # not from within the caller: that may be a write

    def stopProducing(self) -> None:
        self.loseConnection()

    # IConsumer and ITransport

    def _outgoing(self) -> WriteBuffer:
        if self._buffer is None:
            self._buffer = WriteBuffer(self)
        return self._buffer

    def write(self, data: bytes) -> None:
        if self.fd >= 0 and self._reason is None:
            self._outgoing().write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        if self.fd < 0:
            producer.stopProducing()
        else:
            self._outgoing().register(producer, streaming)

    def unregisterProducer(self) -> None:
        if self._buffer is not None:
            self._buffer.unregister()

    def loseConnection(self) -> None:
        """Close when all is written and no producer is registered any more."""
        if self.fd >= 0 and not self.disconnecting:
            self.disconnecting = True
            self._outgoing().finish(Then.CLOSE)

    def loseWriteConnection(self) -> None:
        """Send a FIN when all is written."""
        if self.fd >= 0:
            self._outgoing().finish(Then.FIN)

    def abortConnection(self) -> None:
        """Close with a RST; the protocol is told after the caller has returned."""
        self.disconnecting = True
        self.lose_later(Failure(ConnectionAborted()))

    def getHost(self) -> IAddress:  # type: ignore[override]
        """The address the other end connected to (or that we dialed from)."""
        return public_address(self.socket.getsockname())

    def getPeer(self) -> IAddress:  # type: ignore[override]
        return public_address(self.peer)

    def getHandle(self) -> Socket:
        return self.socket

    def getTcpNoDelay(self) -> bool:
        return bool(self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    def setTcpNoDelay(self, enabled: bool) -> None:
        sockopt.set_nodelay(self.socket, enabled)

    def getTcpKeepAlive(self) -> bool:
        return bool(self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))

    def setTcpKeepAlive(self, enabled: bool) -> None:
        sockopt.set_keepalive(self.socket, enabled)
