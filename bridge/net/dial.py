"""
One attempt to connect to one server.

Here: a connect(2) that does not block, watched by the pump, and its cancellation.
Not here: which server, how long it may take, or what follows a failure (``session``).
"""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from twisted.internet.error import ConnectError, UserError, getConnectError
from twisted.internet.interfaces import IConnector
from twisted.python.failure import Failure
from zope.interface import implementer

from bridge.net import sockopt
from bridge.net.descriptors import SHORTAGE
from bridge.net.handshake import Handshake
from bridge.net.pump import ERR, IN, OUT, Pump
from bridge.net.sockaddr import Name, Socket, SocketAddress, host_of, public_address
from bridge.net.stream import Stream
from bridge.net.tcpinfo import tcp_info
from bridge.net.tls import TLSStream

if TYPE_CHECKING:
    from twisted.internet.interfaces import IAddress
    from twisted.internet.protocol import ClientFactory

    from bridge.net.security import Security, TLSError


NO_PORT = "source ports exhausted"
"""Why a dial failed that the kernel had no port for: all are in use to that server."""

BUG = "a bug in the gateway"
"""Why a dial failed that met one; the log has its traceback."""

LINGER = 10.0
"""Seconds for a failed handshake's alert.  Whose connection it becomes knows better."""

_OURS = SHORTAGE | {errno.EADDRNOTAVAIL, errno.EAGAIN}  # no source port is left
"""Failures to connect that tell of this host and nothing of the other end."""


class OwnError(ConnectError):
    """
    A dial that came to nothing before it reached for the other end: no descriptor, an
    option or a source address that the kernel refuses, a bug.
    """


def is_ours(error: BaseException | None) -> bool:
    """
    Whether a failed dial says nothing of the server: it would be the same with every
    other one, and none must be called down for it.
    """
    return isinstance(error, OwnError) or getattr(error, "osError", 0) in _OURS


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect to, and the options of the socket that does."""

    family: int
    sockaddr: Name
    options: sockopt.Options
    source: SocketAddress | None = None
    """Our own address to connect from, with port 0; None: the kernel's choice."""
    security: Security | None = None
    """How TLS is spoken there; None: it is not."""
    address: IAddress = field(init=False)
    deferred: bool = field(init=False)
    """The SYN waits for the first bytes (TCP Fast Open, RFC 7413)."""
    rides: bool = field(init=False)
    """
    The handshake's last ACK waits for whoever is told of the connection, who may have
    bytes to send: one packet less, and a server that wakes up once.
    """
    prepared: sockopt.Options = field(init=False, repr=False, compare=False)
    """The options, and those that every dial sets besides."""
    leaving: sockopt.Options = field(init=False, repr=False, compare=False)
    """And that of one which leaves from an address of ours that is said."""

    @property
    def host(self) -> str:
        """The address alone; a unix socket's path."""
        return host_of(self.sockaddr)

    @property
    def port(self) -> int:
        """0 for a unix socket."""
        return self.sockaddr[1] if isinstance(self.sockaddr, tuple) else 0

    def __post_init__(self) -> None:
        names = {option.name for option in self.options}
        deferred = sockopt.TCP_FASTOPEN_CONNECT in names
        tcp = self.family != socket.AF_UNIX
        rides = tcp and not deferred and socket.TCP_QUICKACK not in names
        object.__setattr__(self, "address", public_address(self.sockaddr))
        object.__setattr__(self, "deferred", deferred)
        object.__setattr__(self, "rides", rides)
        prepared = (*self.options, sockopt.URGENT_INLINE)
        if rides:
            prepared += (sockopt.HELD_ACK,)
        object.__setattr__(self, "prepared", prepared)
        object.__setattr__(self, "leaving", (*prepared, sockopt.NO_PORT_YET))

    def answering(self) -> Target:
        """
        The same, with its SYN sent at once.

        With TCP Fast Open "connected" comes before anything was sent, and says nothing
        of the other end.
        """
        if not self.deferred:
            return self
        options = (o for o in self.options if o.name != sockopt.TCP_FASTOPEN_CONNECT)
        return replace(self, options=tuple(options))


class Preface(Protocol):
    """What the other end gets before anything else, TLS included."""

    @property
    def more(self) -> bool:
        """More is there to follow it at once, or else somebody will ``hurry`` it."""

    def over(self, sock: Socket) -> bytes:
        """As it goes over *sock*, which is connected."""


@implementer(IConnector)
class Dial:
    """
    Connects to *target* once ``connect`` is called, and says *preface*; where the
    target has TLS, its handshake is part of it.  It leaves from *source*, with port 0,
    else from the target's own.  *transparent*: that is an address of somebody else.

    Then *factory* hears of it exactly once: ``buildProtocol``, or
    ``clientConnectionFailed``, even from within ``connect``; nothing after
    ``disconnect``.
    """

    __slots__ = (
        "_factory", "_missed", "_preface", "_pump", "_secure", "_socket", "_source",
        "_target", "_transparent", "_unsaid",
    )  # fmt: skip

    def __init__(
        self,
        pump: Pump,
        target: Target,
        factory: ClientFactory,
        source: SocketAddress | None = None,
        *,
        transparent: bool = False,
        preface: Preface | None = None,
    ) -> None:
        self._source = source or target.source
        self._transparent = transparent
        self._pump = pump
        self._target = target
        self._factory = factory
        self._socket: Socket | None = None
        self._secure: TLSStream | None = None
        self._preface = preface
        self._unsaid: bytes | None = None
        """What of it there was no room for yet; None: all of it is to come."""
        self._missed = 0
        """What was told meanwhile, and will not be again."""

    def connect(self) -> None:
        """Send the SYN."""
        target = self._target
        try:
            # Not blocking from birth on: that saves the ioctl of setblocking().
            sock = Socket(target.family, _KIND, 0)
        except OSError as error:  # EMFILE, ENFILE, ENOBUFS, ENOMEM
            self._fail_ours(error)
            return
        self._socket = sock
        try:
            source = self._source
            sockopt.apply(sock, target.prepared if source is None else target.leaving)
            if source is not None:
                self._bind(sock, source)
            code = sock.connect_ex(target.sockaddr)  # the one call without exception
            if code in (0, errno.EINPROGRESS):
                self._pump.watch(sock.fileno(), self)
                return
        except OSError as error:
            self._fail_ours(error)
            return
        if code == errno.EADDRNOTAVAIL:  # the kernel's riddle for this, see ip(7)
            self._fail(OSError(code, NO_PORT))
        else:
            self._fail(OSError(code, os.strerror(code)))

    def _bind(self, sock: Socket, source: SocketAddress) -> None:
        """Leave from there; ``connect`` picks a port, for the whole four-tuple."""
        try:
            if self._transparent:
                sockopt.require_transparent(sock, self._target.family)
            sock.bind(source)
        except OSError as error:
            why = os.strerror(error.errno or 0)
            whose = "a client's address" if self._transparent else host_of(source)
            what = f"cannot leave from {whose}: {why}"
            raise OSError(error.errno, what) from error

    def ready(self, events: int) -> None:
        """The handshake is over, one way or the other."""
        sock = self._socket
        if sock is None:
            return
        if events & ERR and not tcp_info(sock).bytes_acked:
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self._fail(OSError(code, os.strerror(code)))
        elif events & OUT:  # perhaps reset since: then with what came before that
            if self._preface is not None:
                self._missed = events = events | self._missed
                if not self._say(sock, self._preface):
                    return
            self._connected(sock, events)

    def _say(self, sock: Socket, preface: Preface) -> bool:
        """False: the rest when there is room for it; or the dial has failed."""
        if self._unsaid is None:
            self._unsaid = preface.over(sock)
        goes_on = self._target.security is not None or preface.more
        try:
            sent = sock.send(self._unsaid, socket.MSG_MORE if goes_on else 0)
        except BlockingIOError:  # so it is, too, while a deferred SYN is unanswered
            return False
        except OSError as error:
            self._fail(error)
            return False
        self._unsaid = self._unsaid[sent:]
        return not self._unsaid

    def _connected(self, sock: Socket, events: int) -> None:
        self._socket = None
        stream = Stream(self._pump, sock, self._target.sockaddr)
        if self._target.rides:
            self._pump.soon(stream)
        if self._target.security is not None:
            self._handshake(stream, self._target.security, events)
            return
        protocol = self._factory.buildProtocol(self._target.address)
        if protocol is None:
            stream.abort()
            return
        self._pump.hand_over(sock.fileno(), stream)
        stream.open(protocol)
        # The same edge may have told of a server that speaks first, or left at once.
        if events != OUT:
            stream.ready(events & ~OUT)

    def _handshake(self, stream: Stream, security: Security, events: int) -> None:
        self._secure = secure = TLSStream(stream, security, LINGER)
        Handshake(secure, self).begin()
        if events != OUT:
            self._pump.tell(secure.fd, events & ~OUT)

    def secured(self, stream: TLSStream) -> None:
        self._secure = None
        protocol = self._factory.buildProtocol(self._target.address)
        if protocol is None:
            stream.abort()
            return
        stream.open(protocol)
        if stream.fd >= 0:  # a server that speaks first may have done so by now
            stream.ready(IN)

    def unsecured(self, stream: TLSStream, error: TLSError) -> None:
        self._secure = None
        stream.close()
        self._factory.clientConnectionFailed(self, Failure(error))

    def _fail(self, error: OSError) -> None:
        self.disconnect()
        reason = getConnectError(error)
        self._factory.clientConnectionFailed(self, Failure(reason))

    def _fail_ours(self, error: OSError) -> None:
        self.disconnect()
        why = error.strerror or str(error)
        if isinstance(error, sockopt.OptionError):
            why = f"cannot set {why}"
        reason = OwnError(error.errno, why)
        self._factory.clientConnectionFailed(self, Failure(reason))

    def crashed(self) -> None:
        """A bug of ours met this attempt: it has failed."""
        self.disconnect()
        self._factory.clientConnectionFailed(self, Failure(OwnError(None, BUG)))

    def disconnect(self) -> None:
        """
        Give up.  The factory is not told.

        With a reset: the server may have accepted already, and must not take this
        for a client that connected, said nothing and left in good order.
        """
        sock, self._socket = self._socket, None
        if sock is not None:
            sockopt.reset_on_close(sock)
            self._pump.close(sock)
        elif self._secure is not None:
            self._secure.abort()
            self._secure = None

    def stopConnecting(self) -> None:
        """As Twisted has it: an error unless connecting, and the factory is told."""
        if self._socket is None and self._secure is None:
            raise UserError("not connecting")
        self.disconnect()
        self._factory.clientConnectionFailed(self, Failure(UserError()))

    def getDestination(self) -> IAddress:
        return self._target.address


_KIND = socket.SOCK_STREAM | socket.SOCK_NONBLOCK
