"""Sleeping a moment where bytes come in pieces, and nowhere else."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator

import pytest

from bridge.net import naps
from bridge.net.direction import join
from bridge.net.naps import IN_VAIN, NAP, PIECE, WINDOW
from bridge.net.pipes import Pipes
from bridge.net.splice import Splice
from tests.pumping import Owner, Turner, tcp_pair

DATA = random.Random(1).randbytes(2 * PIECE)
MANY = 4 * WINDOW


class Way:
    """writer <-> (source, sink) <-> reader."""

    def __init__(self, turner: Turner) -> None:
        self.turner = turner
        self.writer, source = tcp_pair()
        sink, self.reader = tcp_pair()
        self.source, self.sink = turner.stream(source), turner.stream(sink)
        owner = Owner()
        self.up = Splice(self.source, self.sink, owner)
        self.down = Splice(self.sink, self.source, owner)
        join(self.up, self.down)

    def send(self, data: bytes) -> None:
        """To the reader, which has it then."""
        self.writer.sendall(data)
        self.arrive(self.reader, data)

    def answer(self, data: bytes) -> None:
        """The other way."""
        self.reader.sendall(data)
        self.arrive(self.writer, data)

    def arrive(self, end: socket.socket, data: bytes) -> None:
        """*data*, and nothing else, at *end*."""
        received = bytearray()
        end.setblocking(False)

        def all_of_it() -> bool:
            try:
                received.extend(end.recv(len(data)))
            except BlockingIOError:
                pass
            return len(received) >= len(data)

        self.turner.until(all_of_it)
        end.setblocking(True)
        assert received == data

    def close(self) -> None:
        for direction in (self.up, self.down):
            direction.stop()
        for end in (self.source, self.sink, self.writer, self.reader):
            end.close()


class Sleeps:
    """In the place of sleep(3): counts, and does what the test wants meanwhile."""

    def __init__(self) -> None:
        self.count = 0
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self, seconds: float) -> None:
        assert seconds == NAP
        self.count += 1
        self.meanwhile()


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> Sleeps:
    made = Sleeps()
    monkeypatch.setattr(naps, "sleep", made)
    return made


@pytest.fixture
def ways(turner: Turner) -> Iterator[list[Way]]:
    pipes = turner.pump.pipes = Pipes()
    made = [Way(turner) for _ in range(5)]
    turner.settle()
    yield made
    for way in made:
        way.close()
    pipes.close()


def test_what_comes_while_it_sleeps_needs_no_other_wake_up(
    sleeps: Sleeps, ways: list[Way]
) -> None:
    way = ways[0]
    for _ in range(MANY):
        way.send(DATA)
        if sleeps.count:
            break
    assert sleeps.count
    sleeps.count, sent = 0, [DATA] * WINDOW

    def more() -> None:
        if sent:
            way.writer.sendall(sent.pop())

    sleeps.meanwhile = more
    way.writer.sendall(DATA)
    way.arrive(way.reader, DATA * (WINDOW + 1))
    assert sleeps.count > WINDOW / 2


def test_it_seldom_sleeps_where_nothing_comes_meanwhile(
    sleeps: Sleeps, ways: list[Way]
) -> None:
    """As of a flow through a slow link."""
    for _ in range(MANY):
        ways[0].send(DATA)
    assert 0 < sleeps.count < MANY / IN_VAIN


def test_who_answers_each_piece_does_not_wait(sleeps: Sleeps, ways: list[Way]) -> None:
    for _ in range(MANY):
        ways[0].send(DATA)
        ways[0].answer(b"taken")
    assert not sleeps.count


def test_pieces_both_ways_in_turn_do_not_wait(sleeps: Sleeps, ways: list[Way]) -> None:
    for _ in range(MANY):
        ways[0].send(DATA)
        ways[0].answer(DATA)
    assert not sleeps.count


def test_small_messages_do_not_wait(sleeps: Sleeps, ways: list[Way]) -> None:
    for _ in range(MANY):
        ways[0].send(b"small")
    assert not sleeps.count


def test_nor_do_they_beside_few_pieces(sleeps: Sleeps, ways: list[Way]) -> None:
    for _ in range(WINDOW):
        ways[0].send(DATA)
        for way in ways[1:]:
            way.send(b"small")
            way.answer(b"small")
    assert not sleeps.count


def test_whoever_asked_to_be_run_again_comes_first(
    turner: Turner, sleeps: Sleeps
) -> None:
    order = []

    class Work:
        left = 3

        def run(self) -> None:
            order.append("work")
            self.left -= 1
            if self.left:
                turner.pump.again(self)

        def crashed(self) -> None:
            raise AssertionError

    sleeps.meanwhile = lambda: order.append("sleep")
    turner.pump.naps.due = True
    turner.pump.again(Work())
    turner.turn()
    assert order == ["work", "work", "work", "sleep"]


def test_the_reactor_has_its_turn_after_a_sleep_in_vain(
    turner: Turner, sleeps: Sleeps
) -> None:
    turner.pump.naps.due = True
    turner.turn()
    turner.turn()
    assert sleeps.count == 1
