"""
One contract for three transports: our stream without and with TLS, and Twisted's own
TCP transport.

Every test that takes a ``wire`` runs over all of them, so ours cannot differ from what
a protocol written for Twisted expects.
"""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IConsumer,
    IHalfCloseableProtocol,
    IPullProducer,
    IPushProducer,
    ITCPTransport,
)
from twisted.internet.protocol import Factory, Protocol
from zope.interface import implementer
from zope.interface.verify import verifyObject

from bridge.net.handshake import Handshake
from bridge.net.stream import Stream
from bridge.net.tls import TLSStream
from tests.pumping import PATIENCE, Turner, tcp_pair
from tests.secured import Outcome, TLSPeer, accepting


class Recording(Protocol):
    """Remembers what it is told, in order."""

    def __init__(self) -> None:
        self.received = b""
        self.told: list[str] = []
        self.reason: type[Exception] | None = None
        self.busy = False
        """Within a call to the transport: nothing may be told now."""

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    def connectionLost(self, reason: Any = None) -> None:
        assert not self.busy
        self.told.append("lost")
        self.reason = reason.type


@implementer(IHalfCloseableProtocol)
class HalfClosing(Recording):
    def readConnectionLost(self) -> None:
        self.told.append("read lost")

    def writeConnectionLost(self) -> None:
        self.told.append("write lost")


class Wire:
    """A transport under test, its protocol, and the blocking socket at the far end."""

    def __init__(self, protocol: Recording) -> None:
        self.protocol = protocol
        ours, self.peer = tcp_pair()
        ours.setblocking(False)
        self.connect(ours)
        assert protocol.transport is not None
        self.transport: Any = protocol.transport

    def connect(self, sock: socket.socket) -> None:
        raise NotImplementedError

    def turn(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def until(self, reached: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not reached():
            assert time.monotonic() < deadline, "it hangs"
            self.turn()

    def settle(self) -> None:
        for _ in range(10):
            self.turn()

    def read(self, size: int) -> bytes:
        """What the far end gets, up to *size* bytes or the end."""
        self.peer.setblocking(False)
        got: list[bytes] = [b""]

        def reached() -> bool:
            try:
                data = self.peer.recv(1 << 20)
            except BlockingIOError:
                return False
            got[0] += data
            return not data or len(got[0]) >= size

        self.until(reached)
        self.peer.settimeout(PATIENCE)
        return got[0]


class Ours(Wire):
    def connect(self, sock: socket.socket) -> None:
        self._turner = Turner()
        self._turner.stream(sock).open(self.protocol)

    def turn(self) -> None:
        time.sleep(0.001)
        self._turner.turn()

    def close(self) -> None:
        self.transport.close()
        self._turner.pump.stop()
        self.peer.close()


class Secured(Ours):
    """With TLS.  Its far end says close_notify where another would send a FIN."""

    def connect(self, sock: socket.socket) -> None:
        self._turner = Turner()
        stream = TLSStream(self._turner.stream(sock), accepting(), linger=5)
        outcome = Outcome()
        Handshake(stream, outcome).begin()
        with ThreadPoolExecutor(1) as pool:
            shaken = pool.submit(TLSPeer, self.peer)
            self.until(lambda: outcome.told and shaken.done())
        self.peer = cast(socket.socket, shaken.result())
        stream.open(self.protocol)


class Theirs(Wire):
    def connect(self, sock: socket.socket) -> None:
        self._reactor = EPollReactor()
        factory = Factory.forProtocol(lambda: self.protocol)
        factory.noisy = False
        self._reactor.adoptStreamConnection(sock.fileno(), sock.family, factory)
        sock.close()

    def turn(self) -> None:
        self._reactor.iterate(0.001)

    def close(self) -> None:
        if self.transport.connected:
            self.transport.abortConnection()
            self.settle()
        self._reactor.removeAll()
        self._reactor._poller.close()
        self._reactor.waker.connectionLost(None)
        self.peer.close()


@pytest.fixture(params=[Ours, Secured, Theirs], ids=["bridge", "TLS", "twisted"])
def make(request: pytest.FixtureRequest) -> Iterator[Callable[[Recording], Wire]]:
    made: list[Wire] = []

    def make(protocol: Recording) -> Wire:
        made.append(request.param(protocol))
        return made[-1]

    yield make
    for wire in made:
        wire.close()


Make = Callable[[Recording], Wire]


@pytest.fixture
def wire(make: Make) -> Wire:
    return make(Recording())


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


def test_it_is_a_tcp_transport(wire: Wire) -> None:
    assert verifyObject(ITCPTransport, wire.transport)
    assert verifyObject(IConsumer, wire.transport)
    assert verifyObject(IPushProducer, wire.transport)


def test_bytes_pass_both_ways(wire: Wire) -> None:
    wire.peer.sendall(b"question")
    wire.until(lambda: wire.protocol.received == b"question")
    wire.transport.writeSequence([b"an", b"swer"])
    assert wire.read(6) == b"answer"


def test_a_megabyte_arrives_whole(wire: Wire) -> None:
    data = random.Random(1).randbytes(3_000_000)
    wire.transport.write(data)
    assert wire.read(len(data)) == data


def test_nothing_is_read_while_paused(wire: Wire) -> None:
    wire.transport.pauseProducing()
    wire.peer.sendall(b"later")
    wire.settle()
    assert wire.protocol.received == b""
    wire.transport.resumeProducing()
    wire.until(lambda: wire.protocol.received == b"later")


def test_pausing_from_within_data_received_holds(make: Make) -> None:
    class Choosy(Recording):
        def dataReceived(self, data: bytes) -> None:
            super().dataReceived(data)
            self.transport.pauseProducing()  # type: ignore[union-attr]

    wire = make(Choosy())
    wire.peer.sendall(b"first")
    wire.until(lambda: wire.protocol.received)
    wire.peer.sendall(b"second")
    wire.settle()
    assert wire.protocol.received == b"first"


def test_the_far_ends_close_is_told(wire: Wire) -> None:
    wire.peer.sendall(b"bye")
    wire.peer.close()
    wire.until(lambda: wire.protocol.told)
    assert wire.protocol.received == b"bye"
    assert wire.protocol.told == ["lost"]
    assert wire.protocol.reason is ConnectionDone


def test_a_reset_is_told_as_a_loss(wire: Wire) -> None:
    reset(wire.peer)
    wire.until(lambda: wire.protocol.told)
    assert wire.protocol.told == ["lost"]
    assert wire.protocol.reason is ConnectionLost


def test_closing_flushes_first(wire: Wire) -> None:
    data = random.Random(2).randbytes(2_000_000)
    wire.transport.write(data)
    wire.transport.loseConnection()
    assert wire.transport.disconnecting
    assert wire.read(len(data) + 1) == data
    wire.until(lambda: wire.protocol.told)
    assert wire.protocol.reason is ConnectionDone


def test_closing_is_told_after_the_caller_returned(wire: Wire) -> None:
    wire.protocol.busy = True
    wire.transport.loseConnection()
    wire.protocol.busy = False
    wire.until(lambda: wire.protocol.told == ["lost"])


def test_aborting_resets(wire: Wire) -> None:
    wire.protocol.busy = True
    wire.transport.abortConnection()
    wire.protocol.busy = False
    wire.until(lambda: wire.protocol.told == ["lost"])
    assert wire.protocol.reason is ConnectionAborted
    with pytest.raises(ConnectionResetError):
        wire.peer.recv(1)


def test_a_failing_write_is_told_after_the_caller_returned(wire: Wire) -> None:
    reset(wire.peer)
    wire.protocol.busy = True
    for _ in range(5):
        wire.transport.write(b"x")
    wire.protocol.busy = False
    wire.until(lambda: wire.protocol.told == ["lost"])


def test_writing_after_the_end_is_ignored(wire: Wire) -> None:
    wire.peer.close()
    wire.until(lambda: wire.protocol.told)
    wire.transport.write(b"nobody")
    wire.transport.loseConnection()
    wire.settle()
    assert wire.protocol.told == ["lost"]


def test_a_fin_is_not_a_close(make: Make) -> None:
    wire = make(HalfClosing())
    wire.peer.sendall(b"question")
    wire.peer.shutdown(socket.SHUT_WR)
    wire.until(lambda: wire.protocol.told)
    assert wire.protocol.told == ["read lost"]
    wire.transport.write(b"answer")
    assert wire.read(6) == b"answer"
    wire.transport.loseConnection()
    wire.until(lambda: "lost" in wire.protocol.told)


def test_our_fin_leaves_the_other_direction_open(make: Make) -> None:
    wire = make(HalfClosing())
    data = random.Random(3).randbytes(1_000_000)
    wire.transport.write(data)
    wire.transport.loseWriteConnection()
    assert wire.read(len(data) + 1) == data
    wire.until(lambda: wire.protocol.told == ["write lost"])
    wire.peer.sendall(b"still here")
    wire.until(lambda: wire.protocol.received == b"still here")
    wire.transport.write(b"too late")
    wire.peer.close()
    wire.until(
        lambda: "lost" in wire.protocol.told or "read lost" in wire.protocol.told
    )


@implementer(IPushProducer)
class Producer:
    """Counts what it is asked."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def resumeProducing(self) -> None:
        self.told.append("resume")

    def stopProducing(self) -> None:
        self.told.append("stop")


def test_a_producer_pauses_while_the_far_end_is_slow(wire: Wire) -> None:
    producer = Producer()
    wire.transport.registerProducer(producer, True)
    size = 0
    while not producer.told:
        wire.transport.write(b"x" * 65536)
        size += 65536
        wire.turn()
    assert producer.told == ["pause"]
    wire.read(size)
    wire.until(lambda: producer.told == ["pause", "resume"])
    wire.transport.unregisterProducer()


def test_closing_waits_for_the_producer(wire: Wire) -> None:
    producer = Producer()
    wire.transport.registerProducer(producer, True)
    for _ in range(100):
        wire.transport.write(b"x" * 65536)
    wire.transport.loseConnection()
    wire.settle()
    assert wire.protocol.told == []
    wire.transport.write(b"the last")
    wire.transport.unregisterProducer()
    assert wire.read(1 << 30).endswith(b"the last")
    wire.until(lambda: wire.protocol.told == ["lost"])


def test_a_lost_connection_stops_its_producer(wire: Wire) -> None:
    producer = Producer()
    wire.transport.registerProducer(producer, True)
    reset(wire.peer)
    wire.until(lambda: wire.protocol.told)
    assert producer.told[-1] == "stop"
    late = Producer()
    wire.transport.registerProducer(late, True)
    assert late.told == ["stop"]


def test_a_second_producer_is_refused(wire: Wire) -> None:
    wire.transport.registerProducer(Producer(), True)
    with pytest.raises(RuntimeError):
        wire.transport.registerProducer(Producer(), True)
    wire.transport.unregisterProducer()


@implementer(IPullProducer)
class Pulled:
    def __init__(self, transport: Any, pieces: int) -> None:
        self._transport = transport
        self._left = pieces

    def resumeProducing(self) -> None:
        if self._left:
            self._left -= 1
            self._transport.write(b"piece")
        else:
            self._transport.unregisterProducer()
            self._transport.loseConnection()

    def stopProducing(self) -> None:
        self._left = 0


def test_a_pull_producer_is_asked_until_it_is_done(wire: Wire) -> None:
    wire.transport.registerProducer(Pulled(wire.transport, 100), False)
    assert wire.read(1 << 30) == b"piece" * 100


def test_addresses_and_options(wire: Wire) -> None:
    assert wire.transport.getPeer().port == wire.peer.getsockname()[1]
    assert wire.transport.getHost().port == wire.peer.getpeername()[1]
    for get, put in (
        (wire.transport.getTcpNoDelay, wire.transport.setTcpNoDelay),
        (wire.transport.getTcpKeepAlive, wire.transport.setTcpKeepAlive),
    ):
        for on in (True, False):
            put(on)
            assert bool(get()) is on


# Ours alone


def test_a_reset_is_told_although_paused() -> None:
    """What Twisted's transport does not notice (twisted#11168)."""
    wire = Ours(Recording())
    wire.transport.pauseProducing()
    reset(wire.peer)
    wire.until(lambda: wire.protocol.told == ["lost"])
    wire.close()


def test_closing_tells_nobody() -> None:
    wire = Ours(Recording())
    wire.transport.close()
    wire.settle()
    assert wire.protocol.told == []
    wire.close()


def test_reading_much_gives_way_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Ours(Recording())
    asked: list[Stream] = []
    monkeypatch.setattr(wire._turner.pump, "again", asked.append)
    wire.transport.pauseProducing()
    wire.peer.sendall(b"x" * 200_000)
    wire.settle()
    wire.transport.paused = False
    real, wire.transport.socket = wire.transport.socket, Endless()
    wire.transport.run()
    assert asked == [wire.transport]
    wire.transport.socket = real
    wire.close()


class Endless:
    def recv(self, size: int) -> bytes:
        return b"x" * size
