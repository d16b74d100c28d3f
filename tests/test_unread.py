"""Closed connections whose window had been probed often: the rest is delivered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.net.marks import HASTENED
from bridge.net.stream import Stream
from bridge.net.unread import PATIENCE
from tests.pumping import Turner, tcp_pair


class Closed:
    """A stream that is closed while *theirs* has not read what was sent to it."""

    def __init__(self, *, hastened: bool = True) -> None:
        self.turner = Turner()
        self.ours, self.theirs = tcp_pair()
        self.stream: Stream = self.turner.stream(self.ours)
        self.sent = 0
        try:
            while True:
                self.sent += self.ours.send(bytes(65536))
        except BlockingIOError:
            pass
        self.stream.marks |= HASTENED if hastened else 0
        self.stream.close()

    @property
    def lingering(self) -> int:
        return len(self.turner.pump.lingering)

    def look(self, seconds: float = 1.0) -> None:
        self.turner.reactor.advance(seconds)
        self.turner.turn()


@pytest.fixture
def closed() -> Iterator[Closed]:
    made = Closed()
    yield made
    made.turner.pump.lingering.abort_all()
    made.theirs.close()


def test_it_stays_open_until_all_is_read(closed: Closed) -> None:
    assert (closed.stream.fd, closed.lingering) == (-1, 1)
    got = 0
    while part := closed.theirs.recv(1 << 20):
        got += len(part)
        closed.look()
    assert got == closed.sent, "and a FIN, no reset"
    closed.turner.settle()
    closed.look()
    assert closed.ours.fileno() == -1
    assert closed.turner.reactor.getDelayedCalls() == []


def test_its_time_runs_from_the_last_byte_that_was_read(closed: Closed) -> None:
    closed.look(PATIENCE - 1)
    closed.theirs.recv(4 << 20)
    closed.turner.settle()
    closed.look()
    closed.look(PATIENCE - 1)
    assert closed.lingering == 1
    closed.look(1)
    assert (closed.lingering, closed.ours.fileno()) == (0, -1)


def test_a_reset_ends_it(closed: Closed) -> None:
    closed.theirs.close()
    closed.turner.until(lambda: not closed.lingering)
    assert closed.ours.fileno() == -1


def test_nobody_else_is_kept_open() -> None:
    closed = Closed(hastened=False)
    assert (closed.lingering, closed.ours.fileno()) == (0, -1)
    closed.theirs.close()


def test_what_is_aborted_is_reset() -> None:
    turner = Turner()
    ours, theirs = tcp_pair()
    stream = turner.stream(ours)
    ours.send(b"unread")
    stream.marks |= HASTENED
    stream.abort()
    assert (len(turner.pump.lingering), ours.fileno()) == (0, -1)
    with theirs, pytest.raises(ConnectionResetError):
        while theirs.recv(100):
            pass
