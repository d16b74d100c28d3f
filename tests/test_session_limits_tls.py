"""
Limited sessions with TLS on a side: the same bytes, ends and resets, only later.

How much passes in a time is asked of the directions alone (``test_paced``).
"""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator

import pytest

from bridge.net.paced import Pace, PacedRelay
from bridge.session.flow import State
from tests.secured import Far, accepting, dialing
from tests.sessions import Running, reset, server

RATE = 400_000
"""Bytes a second, so that what is sent here takes one of the test's clock."""
TICK = 0.02
BYTES = random.Random(6052).randbytes(400_000)


class Plain:
    """An end without TLS, asked as a ``Far`` is."""

    def __init__(self, raw: socket.socket) -> None:
        raw.setblocking(False)
        self.raw = raw
        self.received = b""
        self.seen: list[str] = []
        self.paused = False
        self._unsent = b""
        self._ends = False

    def turn(self) -> None:
        try:
            while not (self.paused or "fin" in self.seen):
                data = self.raw.recv(1 << 16)
                self.received += data
                if not data:
                    self.seen.append("fin")
        except BlockingIOError:
            pass
        except ConnectionResetError:
            if "reset" not in self.seen:
                self.seen.append("reset")
        self._speak()

    def _speak(self) -> None:
        try:
            while self._unsent:
                self._unsent = self._unsent[self.raw.send(self._unsent) :]
            if self._ends:
                self._ends = False
                self.raw.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def send(self, data: bytes) -> None:
        self._unsent += data
        self._speak()

    def notify(self) -> None:
        self._ends = True
        self._speak()

    @property
    def unsent(self) -> int:
        return len(self._unsent)

    def close(self) -> None:
        self.raw.close()


class Both:
    """A limited session and its two ends, with TLS where *tls* says."""

    def __init__(self, tls: str, listening: socket.socket) -> None:
        front = accepting() if tls in ("front", "both") else None
        back = dialing() if tls in ("back", "both") else None
        self.running = Running(
            listening.getsockname(), front=front, back=back, pace=Pace(RATE, None)
        )
        raw = self.running.connect()
        self.client: Far | Plain = Far(raw) if front else Plain(raw)
        self.server: Far | Plain | None = None
        self.until(lambda: self.running.farm.active)
        self.running.turner.settle()
        accepted, _ = listening.accept()
        self.server = Far(accepted, server=True) if back else Plain(accepted)
        self.until(lambda: self.running.session().state is State.OPEN)

    def until(self, reached: Callable[[], object]) -> None:
        """Turn all there is, and a little time passes each time."""

        def turned() -> object:
            for end in (self.client, self.server):
                if end is not None and end.raw.fileno() >= 0:
                    end.turn()
            self.running.turner.reactor.advance(TICK)
            return reached()

        self.running.turner.until(turned)

    @property
    def ends(self) -> tuple[Far | Plain, Far | Plain]:
        assert self.server is not None
        return self.client, self.server

    def close(self) -> None:
        self.running.close()
        for end in self.ends:
            end.close()


@pytest.fixture(params=["front", "back", "both"])
def both(request: pytest.FixtureRequest) -> Iterator[Both]:
    with server() as listening:
        made = Both(request.param, listening)
        yield made
        made.close()


def ended(end: Far | Plain) -> bool:
    """By a FIN, or as TLS says it."""
    return bool({"fin", "close_notify"} & set(end.seen))


def test_the_same_bytes_go_both_ways_and_take_their_time(both: Both) -> None:
    client, served = both.ends
    session = both.running.session()
    assert isinstance(session.up, PacedRelay) and isinstance(session.down, PacedRelay)
    began = both.running.turner.reactor.seconds()
    client.send(BYTES)
    served.send(BYTES[::-1])
    both.until(lambda: len(served.received) == len(client.received) == len(BYTES))
    assert served.received == BYTES and client.received == BYTES[::-1]
    assert both.running.turner.reactor.seconds() - began > 0.5


@pytest.mark.parametrize("first", ["client", "server"])
def test_a_half_close_comes_behind_what_had_to_wait_and_the_other_way_goes_on(
    both: Both, first: str
) -> None:
    client, served = both.ends
    one, other = (client, served) if first == "client" else (served, client)
    one.send(BYTES)
    one.notify()
    both.until(lambda: other.received)
    assert not ended(other)
    both.until(lambda: ended(other))
    assert other.received == BYTES
    other.send(BYTES[::-1])
    both.until(lambda: len(one.received) == len(BYTES))
    assert one.received == BYTES[::-1] and not both.running.records
    other.notify()
    both.until(lambda: both.running.records)
    record = both.running.record()
    assert (record.ending, record.lost) == ("done", 0)
    assert record.up == record.down == len(BYTES)
    both.until(lambda: ended(one))


@pytest.mark.parametrize("first", ["client", "server"])
def test_a_reset_comes_behind_what_had_been_received(both: Both, first: str) -> None:
    """Nothing of what the gateway's socket had is lost, though it is all to wait."""
    client, served = both.ends
    one, other = (client, served) if first == "client" else (served, client)
    few = BYTES[:50_000]
    one.send(few)
    both.running.turner.turn()
    assert not one.unsent
    reset(one.raw)
    both.until(lambda: "reset" in other.seen)
    assert other.received == few
    record = both.running.record()
    assert record.ending == ("front_reset" if first == "client" else "back_reset")
    assert record.lost == 0


def test_a_reader_that_stalls_stops_one_way_and_not_the_other(both: Both) -> None:
    client, served = both.ends
    served.paused = True
    client.send(BYTES)
    served.send(BYTES[::-1])
    both.until(lambda: len(client.received) == len(BYTES))
    assert client.received == BYTES[::-1] and not served.received
    served.paused = False
    both.until(lambda: len(served.received) == len(BYTES))
    assert served.received == BYTES
