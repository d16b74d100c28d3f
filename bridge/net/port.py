"""
Where connections come in: the accept loop over a listening socket.

Here: accepting until there is nothing left or no room.  Not here: making the socket
(``listener``), or who may connect (``session.front``).

Errors of accept(2) fall into three kinds.  Some say only that this one client is
gone already: go on.  Some say that this machine is out of something: pause, say it
once, try again a little later.  Whatever else there is, is a bug: it propagates.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger
from zope.interface import implementer

from bridge.net import sockopt
from bridge.net.address import WILDCARDS
from bridge.net.descriptors import SHORTAGE
from bridge.net.listener import Listener
from bridge.net.pump import IN, Pump
from bridge.net.room import RETRY, Room
from bridge.net.sockaddr import (
    Socket,
    SocketAddress,
    describe,
    packed,
    public_address,
    told,
)
from bridge.net.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import IAddress, IDelayedCall, IProtocolFactory

CLIENT_GONE = frozenset(
    {
        errno.ECONNABORTED, errno.EPERM, errno.EPROTO, errno.EINTR, errno.ENETDOWN,
        errno.ENOPROTOOPT, errno.EHOSTDOWN, errno.ENONET, errno.EHOSTUNREACH,
        errno.EOPNOTSUPP, errno.ENETUNREACH,
    }
)  # fmt: skip
"""
About one connection, not about us.  On Linux accept(2) passes on errors that were
already pending on the new socket, and asks to treat them like EAGAIN.
"""

QUIET = 60.0
"""Seconds in which a shortage is not told again: it comes and goes with sessions."""

ACCEPTS = 64
"""Connections taken before others get their turn."""

BACKLOG = 65535
"""
Connections that may wait to be accepted.

The kernel lowers it to ``net.core.somaxconn`` (4096 since Linux 5.4), so this says
"as many as the host allows".  A full queue drops SYNs, which a client feels as a
second's delay; the queue itself costs nothing until it is used.
"""


@implementer(IListeningPort)
class Port:
    """Accepts from *listener* and gives each connection to *factory*."""

    _log = Logger()

    def __init__(
        self, pump: Pump, listener: Listener, factory: IProtocolFactory, room: Room
    ) -> None:
        self._pump = pump
        self._listener = listener
        self._socket: Socket = listener.socket
        # The C type has accept(2) under this name, and makes no object of it.
        accept: Callable[[], tuple[int, Any]] = listener.socket._accept  # type: ignore[attr-defined]
        self._accept = room.accepts(accept)
        self._factory = factory
        self._room = room
        self._unwatched: Stream | None = None  # accepted, and not in the epoll
        self._retry: IDelayedCall | None = None
        self._complained = -QUIET
        self._listening = False
        self._addressed = getattr(factory, "addressed", True)
        """Whether the factory looks at the address it is given, which takes time."""
        self._socket.setblocking(False)
        self._family = int(self._socket.family)
        self._where = self._socket.getsockname()
        inherited = sockopt.set_urgent_inline(self._socket)
        self._urges = not inherited or self._family == socket.AF_UNIX
        """What an accepted socket is to do with urgent data has to be said to it."""

    def startListening(self) -> None:
        """Listen, and accept.  Raises OSError."""
        self._factory.doStart()
        self._socket.listen(BACKLOG)
        self._pump.watch(self._socket.fileno(), self, IN)
        self._listening = True

    @property
    def key(self) -> str:
        """What its socket is known by over reloads."""
        return self._listener.key

    @property
    def address(self) -> tuple[str, int] | None:
        """
        Where all who are accepted here have come to, as ``told`` tells it.

        None: to any of several, since it listens on all of them, or takes what was for
        others.
        """
        where = self._where
        if not isinstance(where, tuple) or where[0] in WILDCARDS:
            return None
        try:  # of either family (do_ip_getsockopt, net/ipv4/ip_sockglue.c)
            others = self._socket.getsockopt(socket.IPPROTO_IP, sockopt.IP_TRANSPARENT)
        except OSError:  # Multipath TCP
            return None
        return None if others else told(where)

    def stopListening(self) -> None:
        """
        Accept no more.

        Those who wait in the kernel's queue had their handshake; closing would reset
        them, so they are taken first (but not beyond what there is room for).
        """
        try:
            if self._listening:
                self._accept_some(BACKLOG)
        except Exception:  # a bug that is no reason to go on listening
            self._log.failure("{port}: who waits cannot be taken", port=str(self))
        self._leave()

    def hand_over(self) -> None:
        """
        Accept no more, and leave who waits in the queue to others who accept from the
        same socket, by descriptors of their own.
        """
        try:
            if self._unwatched is not None:
                self._take_in(self._unwatched)
        except Exception:  # as above
            self._log.failure("{port}: who came last is given up", port=str(self))
        self._leave()

    def _leave(self) -> None:
        if self._socket.fileno() < 0:
            return
        self._room.waiting.pop(self, None)
        if self._retry is not None and self._retry.active():
            self._retry.cancel()
        if self._unwatched is not None:
            self._unwatched.abort()
            self._unwatched = None
        self._pump.forget(self._socket.fileno())
        self._pump.close(self._socket)
        if self._listening:
            self._factory.doStop()
        self._listening = False

    def getHost(self) -> IAddress:
        return public_address(self._where)

    def ready(self, events: int) -> None:
        """Accept what waits.  The one watcher that is level-triggered."""
        self._accept_some(ACCEPTS)

    def _accept_some(self, most: int) -> None:
        room = self._room
        if self._unwatched is not None and not self._take_in(self._unwatched):
            return
        for _ in range(most):
            if room.taken >= room.most or room.postponed:
                self._pause_until_room()
                return
            try:
                fd, peer = self._accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in SHORTAGE:
                    self._pause_for(error)
                    return
                if error.errno not in CLIENT_GONE:
                    raise
                continue
            if not self._take_in(self._accepted(fd, peer)):
                return

    def _accepted(self, fd: int, peer: SocketAddress) -> Stream:
        sock = Socket(self._family, socket.SOCK_STREAM, 0, fd)
        sock.setblocking(False)
        if self._listener.for_accepted:
            sockopt.apply(sock, self._listener.for_accepted)
        if self._urges:
            sockopt.set_urgent_inline(sock)
        return Stream(self._pump, sock, packed(peer))

    def _take_in(self, stream: Stream) -> bool:
        """Give *stream* its protocol.  False if it, and who comes behind, must wait."""
        self._unwatched = None
        try:
            self._pump.watch(stream.socket.fileno(), stream)
        except OSError as error:
            if error.errno not in SHORTAGE:
                stream.abort()
                raise
            self._unwatched = stream
            self._pause_for(error)
            return False
        address: Any = public_address(stream.peer) if self._addressed else None
        protocol = self._factory.buildProtocol(address)
        if protocol is None:
            stream.abort()
        else:
            stream.open(protocol)
        return True

    def crashed(self) -> None:
        """Our bug hit one connection; the port goes on."""

    # Out of something

    def _pause_until_room(self) -> None:
        self._room.wait(self)
        self._mute()
        self._complain(self._room.full)

    def _pause_for(self, error: OSError) -> None:
        self._mute()
        self._resume_later()
        number = error.errno or 0
        what = " (fs.epoll.max_user_watches)" if number == errno.ENOSPC else ""
        self._complain(f"cannot accept: {os.strerror(number)}{what}")

    def _mute(self) -> None:
        try:
            self._pump.modify(self._socket.fileno(), 0)
        except OSError:  # so it is asked again at once, and says no again
            pass

    def _resume_later(self) -> None:
        if self._retry is None or not self._retry.active():
            self._retry = self._pump.reactor.callLater(RETRY, self.resume)

    def _complain(self, why: str) -> None:
        now = self._pump.reactor.seconds()
        if now - self._complained >= QUIET:
            self._complained = now
            self._log.error(
                "{port}: {why}; new clients wait until there is room",
                event="accept_paused",
                port=str(self),
                why=why,
            )

    def resume(self) -> None:
        if not self._listening:
            return
        try:
            self._pump.modify(self._socket.fileno(), IN)
        except OSError:
            self._resume_later()
        if self._unwatched is not None:  # of whom the kernel tells no more
            self._pump.again(self)

    def run(self) -> None:
        if self._listening:
            self.ready(IN)

    def __str__(self) -> str:
        return describe(self._where)
