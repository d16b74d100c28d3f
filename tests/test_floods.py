"""Sources that tell of much only: fewer wake-ups, and no tail that waits for more."""

from __future__ import annotations

import random
import select
import socket
from collections.abc import Iterator

import pytest

from bridge.net.direction import join
from bridge.net.floods import MARK
from bridge.net.pipes import Pipes
from bridge.net.sockopt import reset_on_close
from bridge.net.splice import Splice
from tests.pumping import Owner, Turner, tcp_pair

DATA = random.Random(1).randbytes(3 * MARK)


class Flooded:
    """writer -> (source, sink) -> reader, whose source floods from now on."""

    def __init__(self, turner: Turner) -> None:
        self.turner = turner
        self.pipes = turner.pump.pipes = Pipes()
        self.owner = Owner()
        self.writer, source = tcp_pair()
        sink, self.reader = tcp_pair()
        self.reader.setblocking(False)
        self.source = self.owner.source = turner.stream(source)
        self.sink = turner.stream(sink)
        self.up = Splice(self.source, self.sink, self.owner)
        self.down = Splice(self.sink, self.source, self.owner)
        join(self.up, self.down)
        turner.settle()
        self.up.flows()
        self.received = b""

    @property
    def mark(self) -> int:
        return self.source.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT)

    def tells(self) -> bool:
        """The pump has something to do, soon."""
        ready, _, _ = select.select([self.turner.pump.fileno()], [], [], 0.05)
        return bool(ready)

    def arrived(self) -> bytes:
        """At the reader, by now."""
        try:
            while data := self.reader.recv(1 << 20):
                self.received += data
        except BlockingIOError:
            pass
        return self.received

    def close(self) -> None:
        self.up.stop()
        self.down.stop()
        self.source.close()
        self.sink.close()
        self.writer.close()
        self.reader.close()
        self.pipes.close()


@pytest.fixture
def flooded(turner: Turner) -> Iterator[Flooded]:
    made = Flooded(turner)
    yield made
    made.close()


def test_fewer_bytes_than_the_mark_wake_nobody_and_more_do(flooded: Flooded) -> None:
    flooded.writer.sendall(DATA[: MARK // 2])
    assert not flooded.tells()
    flooded.writer.sendall(DATA[MARK // 2 : MARK])
    assert flooded.tells()
    flooded.turner.until(lambda: flooded.arrived() == DATA[:MARK])


def test_a_tail_goes_on_although_no_edge_tells_of_it(flooded: Flooded) -> None:
    """It is there without a word when the pump has its turn, which it asked for."""
    flooded.writer.sendall(DATA)
    flooded.turner.until(lambda: flooded.arrived() == DATA)
    flooded.up.flows()
    flooded.writer.sendall(b"tail")
    assert not flooded.tells()
    flooded.turner.reactor.advance(0)  # by the turn that the pump has asked for
    flooded.turner.turn()
    flooded.turner.until(lambda: flooded.arrived() == DATA + b"tail")
    assert flooded.mark == 1


def test_it_asks_the_reactor_for_turns_until_all_are_as_they_were(
    flooded: Flooded,
) -> None:
    flooded.writer.sendall(b"little")
    assert not flooded.arrived()
    for _ in range(10):  # turns that nothing but the pump itself asks for
        flooded.turner.reactor.advance(0)
    assert flooded.arrived() == b"little"
    assert flooded.mark == 1
    assert not flooded.turner.reactor.getDelayedCalls()


def test_a_tail_goes_on_while_others_keep_the_pump_busy(flooded: Flooded) -> None:
    """Then nothing ever waits for a whole LOOK."""
    pump = flooded.turner.pump
    flooded.turner.reactor.advance(0)
    flooded.turner.turn()

    class Busy:
        left = 100_000

        def run(self) -> None:
            self.left -= 1
            if self.left and not flooded.arrived():
                pump.again(self)

        def crashed(self) -> None:
            raise AssertionError

    busy = Busy()
    flooded.up.flows()
    flooded.writer.sendall(b"tail")
    pump.again(busy)
    flooded.turner.reactor.advance(0)
    assert busy.left
    assert flooded.arrived() == b"tail"


def test_a_source_that_goes_on_stays_a_flood(flooded: Flooded) -> None:
    for _ in range(3):
        flooded.writer.sendall(DATA)
        before = len(flooded.arrived())
        while len(flooded.arrived()) == before:
            flooded.turner.pump._round(flooded.turner.pump._epoll.poll(1))
            flooded.turner.pump._floods.look()
        assert flooded.mark == MARK


def test_a_fin_is_passed_on_at_once(flooded: Flooded) -> None:
    flooded.writer.sendall(b"last")
    flooded.writer.shutdown(socket.SHUT_WR)
    assert flooded.tells()
    flooded.turner.until(lambda: flooded.owner.told)
    assert flooded.owner.told == ["finished"]
    flooded.turner.until(lambda: flooded.arrived() == b"last")


def test_a_reset_is_told_at_once(flooded: Flooded) -> None:
    flooded.writer.sendall(b"last")
    reset_on_close(flooded.writer)
    flooded.writer.close()
    assert flooded.tells()
    flooded.turner.until(lambda: flooded.owner.told)
    assert set(flooded.owner.told) == {"source"}


def test_an_urgent_byte_is_passed_on_at_once(flooded: Flooded) -> None:
    flooded.writer.send(b"!", socket.MSG_OOB)
    assert flooded.tells()
    flooded.turner.until(lambda: flooded.arrived() == b"!")


def test_a_source_that_was_closed_meanwhile_does_no_harm(flooded: Flooded) -> None:
    flooded.source.abort()
    flooded.turner.settle()
    assert not flooded.turner.pump._floods


def test_what_a_full_sink_holds_back_arrives(flooded: Flooded) -> None:
    """Many times what the source's window carries, to a reader that does not read."""
    flooded.writer.setblocking(False)
    sent = 0
    while not (flooded.up.held and sent > 64):
        try:
            sent += flooded.writer.send(DATA)
        except BlockingIOError:
            flooded.turner.settle()
            flooded.up.flows()
    flooded.turner.settle()
    flooded.up.flows()
    flooded.turner.until(lambda: len(flooded.arrived()) == sent)
