"""
One client of the admin socket: its lines, one after another.

While a line is worked on, nothing is read; an answer is encoded and written as fast as
its reader takes it.  Half a line, a line without end, silence and a reader that does
not read all have their end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IPullProducer,
    IReactorTime,
)
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.logger import Logger
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure
from zope.interface import implementer

from bridge.control.orders import (
    LONGEST,
    Answer,
    AnswerError,
    Request,
    answered,
    refused,
    request,
)
from bridge.control.peer import Peer, peer_of

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.internet.interfaces import IDelayedCall

    from bridge.control.slices import Slices

SILENT = 300.0
"""Seconds between two requests."""

SLOW = 30.0
"""Seconds from a line's first byte to its last, and from one piece of an answer that is
read to the next."""


class Host(Protocol):
    """Whose client it is: the admin socket."""

    @property
    def clock(self) -> IReactorTime: ...

    @property
    def slices(self) -> Slices: ...

    @property
    def silent(self) -> dict[Client, None]: ...

    def came(self, client: Client) -> bool: ...

    def went(self, client: Client) -> None: ...

    def ask(self, request: Request, peer: Peer) -> Deferred[Answer]: ...


_log = Logger()


@implementer(IHalfCloseableProtocol, IPullProducer)
class Client(TwistedProtocol, TimeoutMixin):
    """From its connection to its end."""

    transport: Any
    _peer: Peer

    def __init__(self, host: Host) -> None:
        self._host = host
        self._unread = bytearray()
        self._looked = 0
        """Bytes of that in which there is no end of a line."""
        self._busy = False
        """A line of it is worked on."""
        self._finished = False
        """It sends no more, but may still read."""
        self._gone = False
        self._pieces: Iterator[bytes] = iter(())
        """What is still to be written."""

    # What the reactor calls

    def connectionMade(self) -> None:
        self._peer = peer_of(self.transport.getHandle())
        if self._host.came(self):
            self._wait()
        else:
            self.refuse("there are too many clients: try again a little later")

    def dataReceived(self, data: bytes) -> None:
        if not self._unread:
            self.setTimeout(SLOW)
        self._unread += data
        if not self._busy:
            self._next()

    def readConnectionLost(self) -> None:
        self._finished = True
        if not self._busy:
            self._next()

    def writeConnectionLost(self) -> None:
        """We never half-close."""

    def connectionLost(self, reason: Failure | None = None) -> None:
        self._gone = True
        self._pieces = iter(())
        self.setTimeout(None)
        self._host.went(self)

    def timeoutConnection(self) -> None:
        self.abort()

    def callLater(self, period: float, func: Callable[[], None]) -> IDelayedCall:
        """For TimeoutMixin, which would use the global reactor."""
        return self._host.clock.callLater(period, func)

    # Its end

    def refuse(self, why: str) -> None:
        """Say so, and that was it."""
        self._host.went(self)
        self._busy = True
        self.transport.pauseProducing()
        self.transport.write(refused(why))
        self.transport.loseConnection()
        self.setTimeout(SLOW)

    def abort(self) -> None:
        self.transport.abortConnection()

    # Lines

    def _wait(self) -> None:
        self._host.silent[self] = None
        if not self._unread:
            self.setTimeout(SILENT)

    def _next(self) -> None:
        """Begin with the next line, if it is there."""
        end = self._unread.find(b"\n", self._looked)
        self._looked = len(self._unread) if end < 0 else 0
        if (self._looked or end) > LONGEST:
            self.refuse(f"a line has at most {LONGEST} bytes")
        elif end >= 0:
            line = bytes(self._unread[:end])
            del self._unread[: end + 1]
            self._begin(line)
        elif self._finished and self._unread:
            self.refuse("half a line: end it with a line feed")
        elif self._finished:
            self.transport.loseConnection()

    def _begin(self, line: bytes) -> None:
        self._busy = True
        self._host.silent.pop(self, None)
        self.setTimeout(None)
        self.transport.pauseProducing()
        self._host.slices.soon(lambda: self._take(line))

    def _take(self, line: bytes) -> None:
        if self._gone:
            return
        try:
            asked = request(line)
        except AnswerError as error:
            self._write(iter([refused(str(error))]))
            return
        done = self._host.ask(asked, self._peer)
        done.addCallbacks(self._answer, self._refuse)

    def _answer(self, answer: Answer) -> None:
        self._write(answered(answer))

    def _refuse(self, failure: Failure) -> None:
        self._write(iter([refused(failure.getErrorMessage())]))

    # Answers

    def _write(self, pieces: Iterator[bytes]) -> None:
        if self._gone:
            return
        self._pieces = pieces
        self.transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """All that was written is its kernel's."""
        self.setTimeout(SLOW)
        self._host.slices.soon(self._write_one)

    def stopProducing(self) -> None:
        """The connection is lost, which ``connectionLost`` hears of."""

    def _write_one(self) -> None:
        if self._gone:
            return
        try:
            piece = next(self._pieces, None)
        except Exception:
            _log.failure("A bug in the gateway; an answer is cut off")
            self.abort()
            return
        if piece is not None:
            self.transport.write(piece)
            return
        self.transport.unregisterProducer()
        self._busy = False
        self.transport.resumeProducing()
        self._wait()
        if self._unread:
            self.setTimeout(SLOW)
        self._next()
