"""
The writing half of a stream: what is called, and in which order.

That it is what a Twisted protocol expects, test_stream says.
"""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol, IProtocol
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from bridge.net.write_buffer import HIGH_WATER, Then, WriteBuffer


@implementer(IHalfCloseableProtocol)
class Half(Protocol):
    def __init__(self, told: list[str]) -> None:
        self._told = told

    def readConnectionLost(self) -> None:
        raise AssertionError

    def writeConnectionLost(self) -> None:
        self._told.append("write ended")


class Sink:
    """A stream whose kernel has so much *room*; None: its connection is reset."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.room: int | None = 0
        self.taken = b""
        self.protocol: IProtocol | None = Half(self.told)
        self.pump: Any = self
        self.buffer = WriteBuffer(self)

    def again(self, runnable: object) -> None:
        assert runnable is self
        self.told.append("again")

    def send(self, data: bytes | bytearray) -> int:
        if self.room is None:
            raise BrokenPipeError
        if not self.room:
            raise BlockingIOError
        taken = bytes(data[: self.room])
        self.taken += taken
        self.room -= len(taken)
        return len(taken)

    def end(self) -> None:
        self.told.append("fin")

    def lose_later(self, reason: Failure) -> None:
        self.told.append(type(reason.value).__name__)

    def run(self) -> None: ...

    def crashed(self) -> None: ...


class Producer:
    def __init__(self, sink: Sink) -> None:
        self._told = sink.told

    def pauseProducing(self) -> None:
        self._told.append("pause")

    def resumeProducing(self) -> None:
        self._told.append("resume")

    def stopProducing(self) -> None:
        self._told.append("stop")


@pytest.fixture
def sink() -> Sink:
    return Sink()


def test_what_the_kernel_does_not_take_goes_in_order_when_there_is_room(
    sink: Sink,
) -> None:
    sink.room = 2
    sink.buffer.write(b"abc")
    sink.buffer.write(b"def")
    assert sink.taken == b"ab"
    sink.room = 3
    sink.buffer.flush()
    assert sink.taken == b"abcde"
    sink.room = 9
    sink.buffer.flush()
    assert sink.taken == b"abcdef"
    assert sink.told == []


def test_a_fin_follows_all_bytes_and_nothing_follows_it(sink: Sink) -> None:
    sink.buffer.write(b"abc")
    sink.buffer.finish(Then.FIN)
    assert sink.told == []
    sink.room = 9
    sink.buffer.flush()
    sink.buffer.write(b"too late")
    sink.buffer.flush()
    assert sink.taken == b"abc"
    assert sink.told == ["fin", "write ended"]


def test_a_close_outweighs_a_fin_that_is_asked_for_later(sink: Sink) -> None:
    sink.buffer.write(b"abc")
    sink.buffer.finish(Then.CLOSE)
    sink.buffer.finish(Then.FIN)
    sink.room = 9
    sink.buffer.flush()
    assert sink.told == [ConnectionDone.__name__]


def test_the_end_waits_for_the_producer(sink: Sink) -> None:
    sink.room = 99
    sink.buffer.register(Producer(sink), streaming=True)  # type: ignore[arg-type]
    sink.buffer.finish(Then.CLOSE)
    assert sink.told == []
    sink.buffer.write(b"the last")
    sink.buffer.unregister()
    assert sink.taken == b"the last"
    assert sink.told == [ConnectionDone.__name__]


def test_a_push_producer_is_paused_above_the_mark_and_resumed_at_zero(
    sink: Sink,
) -> None:
    sink.buffer.register(Producer(sink), streaming=True)  # type: ignore[arg-type]
    sink.buffer.write(bytes(HIGH_WATER))
    assert sink.told == []
    sink.buffer.write(b"x")
    sink.buffer.write(b"x")
    assert sink.told == ["pause"]
    sink.room = HIGH_WATER
    sink.buffer.flush()
    assert sink.told == ["pause"]
    sink.room = 9
    sink.buffer.flush()
    assert sink.told == ["pause", "resume"]


def test_a_pull_producer_is_asked_again_although_no_edge_will_come(
    sink: Sink,
) -> None:
    sink.room = 9
    sink.buffer.register(Producer(sink), streaming=False)  # type: ignore[arg-type]
    sink.buffer.write(b"a piece")
    assert sink.told == ["resume", "again"]
    sink.buffer.flush()
    assert sink.told == ["resume", "again", "resume"]


def test_a_loss_stops_the_producer_and_forgets_the_rest(sink: Sink) -> None:
    sink.buffer.register(Producer(sink), streaming=True)  # type: ignore[arg-type]
    sink.buffer.write(b"abc")
    sink.buffer.lost()
    sink.room = 9
    sink.buffer.flush()
    assert sink.told == ["stop"]
    assert sink.taken == b""


def test_a_reset_is_told_once_the_writer_has_returned(sink: Sink) -> None:
    sink.room = None
    sink.buffer.write(b"abc")
    assert sink.told == [ConnectionLost.__name__]
