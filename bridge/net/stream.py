"""
A connected socket as a Twisted transport, watched by the pump.

Here: what a Twisted protocol expects of its transport, over an edge-triggered
descriptor.  Not here: what such a descriptor is without protocol (``connected``), what
a protocol wrote and the kernel has not taken (``write_buffer``), how a connection comes
to be (``port``, ``dial``).

A stream lives in one of two modes.  At first it is *read by its protocol*, like any
Twisted transport.  While it is *joined* (``direction``), readiness goes to the
directions it is an end of, and the protocol hears nothing.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

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
from bridge.net.connected import READABLE, Connected
from bridge.net.marks import CLOSED, CLOSING, ENDED, PAUSED, WAITING, Mark
from bridge.net.pump import ERR, OUT, PRI, RDHUP, Pump
from bridge.net.sockaddr import Peer, Socket, public_address
from bridge.net.write_buffer import Then, WriteBuffer

if TYPE_CHECKING:
    from collections.abc import Iterable

READ_SIZE = 65536
"""Bytes for one ``dataReceived``, as in Twisted (abstract.FileDescriptor)."""

READS = 16
"""``dataReceived`` calls before others get their turn: 1 MiB, as for a splice."""


@implementer(ITCPTransport, IConsumer, IPushProducer)
class Stream(Connected):
    """
    A transport over *sock*, which is connected and does not block.

    The stream owns the socket.  *peer* is its other end.
    Nothing is read before ``open``.
    """

    __slots__ = ("_buffer",)

    def __init__(self, pump: Pump, sock: Socket, peer: Peer) -> None:
        Connected.__init__(self, pump, sock, peer)
        self._buffer: WriteBuffer | None = None

    readable, paused = Mark(WAITING), Mark(PAUSED)
    disconnecting = Mark(CLOSING)

    def open(self, protocol: IProtocol) -> None:
        """Make this the transport of *protocol*."""
        self.protocol = protocol
        protocol.makeConnection(self)

    # The pump calls these

    def _ready_alone(self, events: int) -> None:
        if events & PRI:
            self.keep_urgent_inline()
        if events & RDHUP:
            self.marks |= ENDED
        if events & ERR:
            self._lose(Failure(ConnectionLost()))
            return
        if events & READABLE:
            self.marks |= WAITING
            if not self.marks & PAUSED:
                self._read()
        if events & OUT:
            if self._buffer is not None and not self.marks & CLOSED:
                self._buffer.flush()
            if self.inward is not None and self.inward.held:
                self.inward.move()

    def _room(self) -> None:
        if self._buffer is not None:
            self._buffer.flush()

    def run(self) -> None:
        """What was put off with ``Pump.again``."""
        reason = self.lost
        if reason is not None:
            if not isinstance(reason, Failure):  # what a direction met
                reason = Failure(ConnectionLost())
            self._lose(reason)
            return
        if self._buffer is not None:
            self._buffer.flush()
        if self.readable:
            self._read()

    def crashed(self) -> None:
        if self.outward is None and not self.marks & CLOSED:
            self.abortConnection()
        else:
            Connected.crashed(self)

    # Telling the protocol

    def lose_later(self, reason: Failure) -> None:
        """Tell of the loss after the caller has returned; the first reason stays."""
        if self.lost is None and not self.marks & CLOSED:
            self.lost = reason
            self.pump.again(self)

    def _lose(self, reason: Failure) -> None:
        """
        The connection is over: tell producer and protocol, then close.

        In this order, so that whoever is told can still ask the socket what it knew.
        """
        protocol, self.protocol = self.protocol, None
        if self.marks & CLOSED or protocol is None:
            return
        self.lost = reason  # nothing is written any more
        if self._buffer is not None:
            self._buffer.lost()
        protocol.connectionLost(reason)
        if reason.check(ConnectionDone):
            self.close()
        else:
            self.abort()

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
        if self.marks & (WAITING | CLOSED) == WAITING:
            self.pump.again(self)  # not from within the caller: that may be a write

    def stopProducing(self) -> None:
        self.loseConnection()

    # IConsumer and ITransport

    def _outgoing(self) -> WriteBuffer:
        if self._buffer is None:
            self._buffer = WriteBuffer(self)
        return self._buffer

    def write(self, data: bytes) -> None:
        if self.lost is None and not self.marks & CLOSED:
            self._outgoing().write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        if self.marks & CLOSED:
            producer.stopProducing()
        else:
            self._outgoing().register(producer, streaming)

    def unregisterProducer(self) -> None:
        if self._buffer is not None:
            self._buffer.unregister()

    def loseConnection(self) -> None:
        """Close when all is written and no producer is registered any more."""
        if not self.marks & (CLOSED | CLOSING):
            self.disconnecting = True
            self._outgoing().finish(Then.CLOSE)

    def loseWriteConnection(self) -> None:
        """Send a FIN when all is written."""
        if not self.marks & CLOSED:
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
