"""What came before a reset is delivered first; on a clock of our own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from twisted.internet.task import Clock

from bridge.net.marks import ENDED, URGENT
from bridge.session import flush
from bridge.session.flow import Event, State
from bridge.session.flush import SLOWEST, Flush
from tests.logged import logged
from tests.sessions import Running, reset, server

CLOSE = 5.0


class Delivery:
    """A direction whose source was reset, and whoever waits for its bytes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = Clock()
        self.events: list[Event] = []
        self.waiting = 100
        self.hurried = 0
        sink = SimpleNamespace(socket=None, hurry=self._hurry)
        source = SimpleNamespace(marks=0)
        made = SimpleNamespace(
            bytes=100,
            held=0,
            over=True,
            waits=False,
            move=lambda: None,
            sink=sink,
            source=source,
        )
        self.direction = cast(Any, made)
        monkeypatch.setattr(flush, "unacknowledged", lambda _: self.waiting)
        self.flush = Flush(self, self.direction, self.clock, CLOSE)

    def _hurry(self) -> None:
        self.hurried += 1

    def handle(self, event: Event) -> None:
        self.events.append(event)
        self.flush.cancel()

    def surely(self, step: Callable[..., object], *args: object) -> None:
        step(*args)

    def pass_(self, seconds: float) -> None:
        self.clock.pump([0.01] * round(seconds * 100))


@pytest.fixture
def delivery(monkeypatch: pytest.MonkeyPatch) -> Delivery:
    return Delivery(monkeypatch)


@pytest.mark.parametrize(
    ("over", "waiting", "all_of_it"),
    [(True, 0, True), (True, 1, False), (False, 0, False)],
)
def test_nothing_is_left_to_deliver_of_what_is_over_and_acknowledged(
    delivery: Delivery, over: bool, waiting: int, all_of_it: bool
) -> None:
    delivery.direction.over, delivery.waiting = over, waiting
    assert flush.delivered(delivery.direction) is all_of_it


def test_it_is_over_when_all_is_acknowledged(delivery: Delivery) -> None:
    delivery.flush.begin()
    assert delivery.direction.source.marks == ENDED | URGENT
    assert delivery.events == [] and delivery.hurried == 1
    delivery.waiting = 0
    delivery.pass_(SLOWEST)
    assert delivery.events == [Event.FLUSHED]
    assert delivery.clock.getDelayedCalls() == []


def test_it_is_not_over_while_the_reset_itself_is_to_come(delivery: Delivery) -> None:
    delivery.direction.over = False
    delivery.waiting = 0
    delivery.flush.begin()
    delivery.pass_(1)
    assert delivery.events == []


def test_the_time_runs_from_the_last_byte_that_was_acknowledged(
    delivery: Delivery,
) -> None:
    delivery.flush.begin()
    delivery.pass_(CLOSE - 1)
    delivery.waiting = 50
    delivery.pass_(CLOSE - 1)
    assert delivery.events == []
    delivery.pass_(2)
    assert delivery.events == [Event.FLUSHED]


def test_looks_become_fewer(delivery: Delivery) -> None:
    delivery.flush.begin()
    delivery.pass_(CLOSE - 0.1)
    assert 10 < delivery.hurried < 30


def test_what_ends_it_within_its_beginning_leaves_no_timer(delivery: Delivery) -> None:
    delivery.direction.move = lambda: delivery.handle(Event.FRONT_RESET)
    delivery.flush.begin()
    assert delivery.clock.getDelayedCalls() == []
    assert delivery.events == [Event.FRONT_RESET]


# Of a session


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with server() as made:
        yield made


def test_a_look_that_raises_ends_its_session_and_nothing_looks_again(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else would: it would be flushing for ever."""
    running = Running(listening.getsockname())
    client = running.connect()
    running.accept(listening)  # who reads nothing
    session = running.session()
    client.sendall(b"x" * 100)
    running.turner.settle()
    monkeypatch.setattr(flush, "unacknowledged", lambda _: 1)
    reset(client)
    running.turner.until(lambda: session.state is State.FLUSHING_BACK)

    def broken(_: object) -> int:
        raise ValueError("odd")

    monkeypatch.setattr(flush, "unacknowledged", broken)
    with logged() as log:
        running.turner.reactor.advance(1)
        assert log.tracebacks == 1
    assert session.state is State.CLOSED and not running.live.sessions
    assert running.record().ending == "front_reset"  # the first ending stays
    running.advance(CLOSE)
    assert running.farm.active == 0
    running.close()
