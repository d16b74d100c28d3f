"""
The writing half of a stream that its protocol still writes to.

Here: the buffer, the producer, and the order of flush, FIN and close.  Made at a
protocol's first write, so a session that only ever splices has none.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol, cast

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IProducer,
    IProtocol,
    IPullProducer,
    IPushProducer,
)
from twisted.python.failure import Failure

from bridge.net.pump import Pump, Runnable

HIGH_WATER = 65536
"""Bytes to be sent above which a producer is paused, as in Twisted."""


class Then(Enum):
    """What follows when all is sent and no producer will bring more."""

    NOTHING = 0
    FIN = 1
    CLOSE = 2


class Outgoing(Runnable, Protocol):
    """The stream that is written to."""

    pump: Pump
    protocol: IProtocol | None

    def send(self, data: bytes | bytearray) -> int:
        """How many bytes of *data* were taken.  Raises OSError."""

    def end(self) -> None:
        """Send a FIN."""

    def lose_later(self, reason: Failure) -> None:
        """Close, and tell the protocol, after the caller has returned."""


class WriteBuffer:
    """
    Bytes that *stream*'s protocol wrote and the kernel has not taken.

    A push producer is paused above HIGH_WATER and resumed at zero; a pull producer is
    asked whenever nothing is left.  While a producer is registered neither FIN nor
    close happens: it may bring more.
    """

    __slots__ = (
        "_buffer", "_fin_sent", "_paused", "_producer", "_stream",
        "_streaming", "_then",
    )  # fmt: skip

    def __init__(self, stream: Outgoing) -> None:
        self._stream = stream
        self._buffer = bytearray()
        self._producer: IPushProducer | IPullProducer | None = None
        self._streaming = False
        self._paused = False
        self._then = Then.NOTHING
        self._fin_sent = False

    def write(self, data: bytes) -> None:
        """Send now what the kernel takes, keep the rest.  Ignored after a FIN."""
        if self._fin_sent or not data:
            return
        if not self._buffer:
            data = data[self._send(data) :]
        self._buffer += data
        if self._pulled():
            if not self._buffer:  # no edge will come of a socket that was never full
                self._stream.pump.again(self._stream)
        elif len(self._buffer) > HIGH_WATER and not self._paused:
            self._pause()

    def register(self, producer: IProducer, streaming: bool) -> None:
        """Raises RuntimeError if there is one already, as IConsumer says."""
        if self._producer is not None:
            raise RuntimeError(f"{producer!r}: {self._producer!r} is registered")
        self._producer = cast(IPushProducer | IPullProducer, producer)
        self._streaming = streaming
        self._paused = False
        if not streaming:
            self._producer.resumeProducing()

    def unregister(self) -> None:
        self._producer = None
        self.flush()

    def finish(self, then: Then) -> None:
        """FIN or close once everything is sent; at once if that is now."""
        self._then = max(self._then, then, key=lambda step: step.value)
        self.flush()

    def flush(self) -> None:
        """There may be room (an edge), or nothing left to wait for."""
        if self._buffer:
            del self._buffer[: self._send(self._buffer)]
        if self._buffer:
            return
        if self._producer is None:
            self._complete()
        elif self._paused or self._pulled():
            self._paused = False
            self._producer.resumeProducing()

    def lost(self) -> None:
        """The connection is gone; the producer need not go on."""
        producer, self._producer = self._producer, None
        self._buffer.clear()
        if producer is not None:
            producer.stopProducing()

    def _pulled(self) -> bool:
        return self._producer is not None and not self._streaming

    def _pause(self) -> None:
        if self._producer is not None:
            self._paused = True
            cast(IPushProducer, self._producer).pauseProducing()

    def _send(self, data: bytes | bytearray) -> int:
        """
        How many bytes the kernel took.

        A failure is told later: a protocol does not expect ``connectionLost`` from
        within its ``write``.
        """
        try:
            return self._stream.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self._stream.lose_later(Failure(ConnectionLost()))
            return len(data)

    def _complete(self) -> None:
        if self._then is Then.CLOSE:
            self._stream.lose_later(Failure(ConnectionDone()))
        elif self._then is Then.FIN and not self._fin_sent:
            self._fin_sent = True
            self._stream.end()
            half = IHalfCloseableProtocol(self._stream.protocol, None)
            if half is not None:
                half.writeConnectionLost()
