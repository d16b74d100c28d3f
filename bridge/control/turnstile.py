"""
Connections that are served one at a time, between the turns of sessions.

To Twisted's transports it is a reactor.  A real one serves all that are ready in one
turn: two hundred that ask at once would hold up every session until the last of them.
This one has an epoll of its own, looked at in slices: one event in each.

Not here: when a slice has its turn (``slices``).
"""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IHalfCloseableDescriptor,
    IReactorFDSet,
    IReadDescriptor,
    IWriteDescriptor,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

    from bridge.control.slices import Slices
    from bridge.net.pump import Reactor

IN, OUT, GONE = select.EPOLLIN, select.EPOLLOUT, select.EPOLLHUP | select.EPOLLERR

_log = Logger()


@implementer(IReactorFDSet, IReadDescriptor)
class Turnstile:
    """In front of *reactor*, letting one through in each of *slices*."""

    def __init__(self, reactor: Reactor, slices: Slices) -> None:
        self._reactor = reactor
        self._slices = slices
        self._epoll = select.epoll()
        self._descriptors: dict[int, Any] = {}
        self._wanted: dict[int, int] = {}
        """What each is watched for."""
        self._watched = False
        """The reactor tells of what is ready."""
        self._due = False
        """A slice is to come, which looks by itself."""

    # What transports ask of a reactor

    def addReader(self, reader: IReadDescriptor) -> None:
        self._want(reader, IN)

    def addWriter(self, writer: IWriteDescriptor) -> None:
        self._want(writer, OUT)

    def removeReader(self, reader: IReadDescriptor) -> None:
        self._want(reader, 0, IN)

    def removeWriter(self, writer: IWriteDescriptor) -> None:
        self._want(writer, 0, OUT)

    def removeAll(self) -> list[IReadDescriptor | IWriteDescriptor]:
        raise NotImplementedError

    def getReaders(self) -> list[IReadDescriptor]:
        return [self._descriptors[fd] for fd, mask in self._wanted.items() if mask & IN]

    def getWriters(self) -> list[IWriteDescriptor]:
        return [
            self._descriptors[fd] for fd, mask in self._wanted.items() if mask & OUT
        ]

    def callLater(
        self, delay: float, call: Callable[..., Any], *args: object, **kw: object
    ) -> IDelayedCall:
        return self._reactor.callLater(delay, call, *args, **kw)

    def _want(self, descriptor: Any, more: int, less: int = 0) -> None:
        fd = descriptor.fileno()
        if self._epoll.closed or fd < 0:
            return
        before = self._wanted.get(fd, 0)
        wanted = (before | more) & ~less
        if wanted == before:
            return
        if not wanted:
            self._epoll.unregister(fd)
            del self._wanted[fd], self._descriptors[fd]
            return
        if before:
            self._epoll.modify(fd, wanted)
        else:
            self._epoll.register(fd, wanted)
            self._descriptors[fd] = descriptor
        self._wanted[fd] = wanted
        self._watch()

    # What the reactor calls

    def _watch(self) -> None:
        if not self._watched and not self._due:
            self._watched = True
            self._reactor.addReader(self)

    def fileno(self) -> int:
        return -1 if self._epoll.closed else self._epoll.fileno()

    def logPrefix(self) -> str:
        return "bridge.control"

    def doRead(self) -> None:
        """Something is ready: it has to wait for its turn."""
        self._watched, self._due = False, True
        self._reactor.removeReader(self)
        self._slices.soon(self._serve_one)

    def connectionLost(self, reason: Failure) -> None:
        """The reactor's word that it has met a bug; it tells of nothing more."""
        self._watched = False

    def close(self) -> None:
        """Serve nobody any more."""
        if self._watched:
            self._watched = False
            self._reactor.removeReader(self)
        self._epoll.close()
        self._descriptors.clear()
        self._wanted.clear()

    # One event

    def _serve_one(self) -> None:
        self._due = False
        if self._epoll.closed:
            return
        try:
            for fd, event in self._epoll.poll(0, 1):
                self._serve(self._descriptors[fd], self._wanted[fd], event)
        finally:
            if not self._epoll.closed and self._wanted:
                self._watch()

    def _serve(self, descriptor: Any, wanted: int, event: int) -> None:
        """As Twisted's own reactors do."""
        why: Exception | None = None
        reads = False
        try:
            if event & GONE and not event & IN:
                reads = bool(wanted & IN)
                why = ConnectionDone() if reads else ConnectionLost()
            elif event & IN:
                reads = True
                why = descriptor.doRead()
            if why is None and event & OUT:
                reads = False
                why = descriptor.doWrite()
        except Exception as error:
            _log.failure("A bug in the gateway; a client of the admin socket is ended")
            why = error
        if why is not None:
            self._lose(descriptor, why, reads=reads)

    def _lose(self, descriptor: Any, why: Exception, *, reads: bool) -> None:
        self.removeReader(descriptor)
        half = IHalfCloseableDescriptor.providedBy(descriptor)
        if reads and isinstance(why, ConnectionDone) and half:
            descriptor.readConnectionLost(Failure(why))
            return
        self.removeWriter(descriptor)
        descriptor.connectionLost(Failure(why))
