"""
One question to DNS servers: over UDP, over TCP where an answer is cut off, to one
server after another until one has answered.

Here: sockets, time-outs, and whose answer counts.  Messages are ``twisted.names``'s.
Its resolver is not used: it drops the zone of a link-local server, gives up at a server
that fails or cannot be reached though there are others, and takes no answer of more
than some 500 addresses.  Not here: what a name's answer means (``lookup``).
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConnector, IDelayedCall, IReadDescriptor
from twisted.internet.protocol import ClientFactory, connectionDone
from twisted.names import dns
from twisted.names.common import ResolverBase
from twisted.protocols.basic import Int16StringReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from bridge.farm.messages import Message, read
from bridge.net.address import Address
from bridge.net.sockaddr import SocketAddress, sockaddr

TCP_TIMEOUT = 5.0
"""Seconds for a whole answer over TCP, from the first SYN on."""

_DATAGRAM = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK

Records = tuple[list[dns.RRHeader], list[dns.RRHeader], list[dns.RRHeader]]


class CutOffError(Exception):
    """No answer was whole: *records* are what there is of one."""

    def __init__(self, why: str, records: list[dns.RRHeader]) -> None:
        super().__init__(why)
        self.records = records


class Resolver(ResolverBase):
    """
    Asks *servers*, as they are at each question, over *reactor*.

    An answer of any other server than the one that is being asked goes unheard: its
    socket is connected, and its number and question have to be right as well.
    """

    def __init__(self, reactor: Any, servers: Callable[[], Sequence[Address]]) -> None:
        super().__init__()
        self._reactor = reactor
        self._servers = servers

    def _lookup(
        self, name: bytes, cls: int, kind: int, timeout: Sequence[float]
    ) -> Deferred[Records]:
        """*timeout* has the seconds of each round; each server is asked in each."""
        query = dns.Query(name, kind, cls)
        asked = _Question(self._reactor, query, self._servers(), timeout)
        asked.next()
        return asked.answer


class _Question:
    """*query*, until a server has answered it or all have failed in all rounds."""

    def __init__(
        self,
        reactor: Any,
        query: dns.Query,
        servers: Sequence[Address],
        rounds: Sequence[float],
    ) -> None:
        self.answer: Deferred[Records] = Deferred(lambda _: self._over())
        self._reactor = reactor
        self._query = query
        self._id = secrets.randbelow(1 << 16)
        self._tries = _tries(servers, rounds)
        self._failed: set[Address] = set()
        """Servers that have answered, and not with what was asked for."""
        self._why: Exception = defer.TimeoutError()
        self._cut: CutOffError | None = None
        self._server = servers[0]
        self._transport: _Datagram | _Stream | None = None
        self._timer: IDelayedCall | None = None

    def next(self) -> None:
        """Ask the next server, if there is any."""
        self._over()
        following = next((t for t in self._tries if t[0] not in self._failed), None)
        if following is None:
            self.answer.errback(self._cut or self._why)
            return
        self._server, seconds = following
        self._timer = self._reactor.callLater(seconds, self.next)
        try:
            self._transport = _Datagram(
                self._reactor, self._server, self._question(), self
            )
        except OSError as error:
            self.failed(error)

    def _question(self) -> bytes:
        message = dns.Message(self._id, recDes=1)
        message.queries = [self._query]
        data: bytes = message.toStr()
        return data

    # What the transport reports

    def received(self, data: bytes) -> None:
        """Bytes that claim to be an answer."""
        if data[:2] != self._id.to_bytes(2, "big"):
            return
        try:
            message = read(data)
        except Exception:  # whatever the decoder makes of bytes that are none
            self.failed(ValueError("the answer cannot be read"))
            return
        if not message.answer or message.queries not in ([], [self._query]):
            return
        if message.rCode not in (dns.OK, dns.ENAME):
            self.failed(self._error(message))
        elif message.whole:
            self._finish(message)
        else:
            self._cut_off(message)

    def failed(self, error: Exception) -> None:
        """This server will not do."""
        self._failed.add(self._server)
        self._why = error
        if self._cut is not None and isinstance(self._transport, _Stream):
            self._cut.args = (f"{_CUT}: {words(error)}",)
        self.next()

    def _error(self, message: Message) -> Exception:
        error: Exception = ResolverBase().exceptionForCode(message.rCode)(message)
        return error

    def _finish(self, message: Message) -> None:
        self._over()
        if message.rCode == dns.ENAME:
            self.answer.errback(self._error(message))
        else:
            self.answer.callback((message.answers, [], []))

    def _cut_off(self, message: Message) -> None:
        """Ask the same server for the whole answer."""
        over_tcp = isinstance(self._transport, _Stream)
        if self._cut is None or len(message.answers) > len(self._cut.records):
            self._cut = CutOffError(_CUT, list(message.answers))
        if over_tcp:
            self.failed(ValueError("cut off over TCP, too"))
            return
        self._over()
        self._timer = self._reactor.callLater(TCP_TIMEOUT, self._tcp_timeout)
        self._transport = _Stream(self._reactor, self._server, self._question(), self)

    def _tcp_timeout(self) -> None:
        self._timer = None
        self.failed(defer.TimeoutError("no answer"))

    def _over(self) -> None:
        transport, self._transport = self._transport, None
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
        if transport is not None:
            transport.close()


_CUT = "the answer was cut off, and TCP brought no whole one"


def _tries(
    servers: Sequence[Address], rounds: Sequence[float]
) -> Iterator[tuple[Address, float]]:
    return ((server, seconds) for seconds in rounds for server in servers)


def words(error: BaseException) -> str:
    """What *error* says, in the kernel's words if it has any."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


# Transports


def sockaddr_of(server: Address) -> SocketAddress:
    """As connect(2) wants it.  A zone may be a number: RFC 4007, section 11.2."""
    if server.scope.isdecimal():
        return server.host, server.port, 0, int(server.scope)
    return sockaddr(server)


@implementer(IReadDescriptor)
class _Datagram:
    """
    UDP.  Raises OSError.

    The socket is connected, so that the kernel tells at once of a port where nobody
    listens, and passes on what comes from there alone.
    """

    def __init__(
        self, reactor: Any, server: Address, data: bytes, asked: _Question
    ) -> None:
        self._reactor = reactor
        self._asked = asked
        family = socket.AF_INET6 if server.family == 6 else socket.AF_INET
        self._socket = socket.socket(family, _DATAGRAM)
        try:
            self._socket.connect(sockaddr_of(server))
            self._socket.send(data)
        except OSError:
            self._socket.close()
            raise
        reactor.addReader(self)

    def fileno(self) -> int:
        return self._socket.fileno()

    def logPrefix(self) -> str:
        return "DNS"

    def doRead(self) -> None:
        try:
            data = self._socket.recv(65535)
        except BlockingIOError:
            return
        except OSError as error:
            self._asked.failed(error)
            return
        self._asked.received(data)

    def connectionLost(self, reason: Failure) -> None:
        """What a reactor makes of an ICMP error, which wakes up nobody who reads."""
        if self._socket.fileno() >= 0:
            code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self.close()
            self._asked.failed(OSError(code, os.strerror(code)))

    def close(self) -> None:
        if self._socket.fileno() >= 0:
            self._reactor.removeReader(self)
            self._socket.close()


class _Stream(ClientFactory):
    """TCP, for one answer."""

    noisy = False

    def __init__(
        self, reactor: Any, server: Address, data: bytes, asked: _Question
    ) -> None:
        self._data = data
        self._asked: _Question | None = asked
        zone = f"%{server.scope}" if server.scope else ""
        self._connector: IConnector = reactor.connectTCP(
            f"{server.host}{zone}", server.port, self, TCP_TIMEOUT
        )

    def buildProtocol(self, addr: object) -> _Answer:
        return _Answer(self, self._data)

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        error: Any = reason.value
        code = getattr(error, "osError", None)
        self.failed(OSError(code, error.args[0]) if code else error)

    def received(self, data: bytes) -> None:
        if self._asked is not None:
            self._asked.received(data)

    def failed(self, error: Exception) -> None:
        asked, self._asked = self._asked, None
        if asked is not None:
            asked.failed(error)

    def close(self) -> None:
        self._asked = None
        self._connector.disconnect()


class _Answer(Int16StringReceiver):
    """A question, and the messages that come back (RFC 1035, section 4.2.2)."""

    def __init__(self, stream: _Stream, data: bytes) -> None:
        self._stream = stream
        self._data = data

    def connectionMade(self) -> None:
        self.sendString(self._data)

    def stringReceived(self, string: bytes) -> None:
        self._stream.received(string)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._stream.failed(ConnectionResetError("the connection was closed"))
