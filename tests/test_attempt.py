"""The way to a server, for somebody who only notes what becomes of it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet.error import ConnectError
from twisted.python.failure import Failure

from bridge.farm.farm import Farm, Policy
from bridge.farm.rules import Rules
from bridge.farm.server import Server
from bridge.net.deadlines import Deadlines
from bridge.net.dial import Dial, Target
from bridge.net.pipes import Pipes
from bridge.net.room import Room
from bridge.net.stream import Stream
from bridge.session.attempt import Attempt
from bridge.session.flow import Event, State
from bridge.session.live import Dialing
from bridge.session.place import Place
from bridge.session.terms import House
from tests.logged import logged
from tests.pumping import Turner
from tests.sessions import CONNECT, TIMEOUTS, Running, closed_address, server

CLIENT = ("2001:db8::2", 41234)


class Seeker:
    """Notes everything, and does what the flow table would of a retry."""

    client = CLIENT

    def __init__(self, *where: Any, **policy: Any) -> None:
        self.turner = Turner()
        clock = self.turner.reactor
        self.reason = ""
        self.events: list[Event] = []
        self.backs: list[Stream] = []
        self.farm = Farm("farm", Policy(**policy), Rules(), clock)
        for number, address in enumerate(where):
            target = Target(socket.AF_INET, address, ())
            self.farm.add(Server(str(number), target, place=number))
        house = House(self.turner.pump, Pipes(), Room(10), "test")
        self.deadlines: Deadlines[Dialing] = Deadlines(
            clock, CONNECT, lambda dialing: dialing.unanswered()
        )
        self.place = Place(self.farm)
        self.attempt = Attempt(self, self.place, self.deadlines, house, 0.0)

    def handle(self, event: Event) -> None:
        self.events.append(event)
        if event is Event.ATTEMPT_FAILED:
            self.attempt.dial_another()
        elif event is Event.UNANSWERED:
            self.attempt.fail_dial()

    def reached(self, back: Stream) -> None:
        self.backs.append(back)

    def surely(self, step: Callable[..., object], *args: object) -> None:
        step(*args)

    def until_over(self) -> list[Event]:
        self.turner.until(lambda: self.backs or self.events)
        return self.events

    def close(self) -> None:
        self.attempt.cancel()
        for back in self.backs:
            back.abort()
        self.turner.settle()
        self.turner.pump.stop()


Seek = Callable[..., Seeker]


@pytest.fixture
def seek() -> Iterator[Seek]:
    made: list[Seeker] = []

    def seek(*where: Any, **policy: Any) -> Seeker:
        made.append(Seeker(*where, **policy))
        made[-1].attempt.choose()
        return made[-1]

    yield seek
    for each in made:
        each.close()


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with server() as made:
        yield made


def test_the_server_that_answers_is_reached(
    seek: Seek, listening: socket.socket
) -> None:
    seeker = seek(listening.getsockname())
    assert seeker.until_over() == []
    (back,) = seeker.backs
    assert back.paused, "its bytes wait in the kernel"
    place = seeker.place
    assert (place.taken, place.attempts, place.dial_began) == (True, 1, 0.0)
    assert place.dialed is not None and not seeker.deadlines


def test_how_long_it_took_is_for_who_wants_to_know(
    seek: Seek, listening: socket.socket
) -> None:
    made = Seeker(closed_address(), listening.getsockname())
    dials: list[float] = []
    made.farm.origin.dials = dials
    made.attempt.choose()
    made.turner.until(lambda: made.backs)
    assert len(dials) == 1 and made.place.dial_began is not None
    assert dials == [(made.place.dialed or 0.0) - made.place.dial_began]
    made.close()


def test_a_dial_that_fails_is_followed_by_another(
    seek: Seek, listening: socket.socket
) -> None:
    seeker = seek(closed_address(), listening.getsockname())
    seeker.turner.until(lambda: seeker.backs)
    assert seeker.events == [Event.ATTEMPT_FAILED]
    assert seeker.reason == "Connection refused"
    assert [each.active for each in seeker.farm.servers] == [0, 1]
    assert [each.failures for each in seeker.farm.servers] == [{"refused": 1}, {}]


def test_when_retries_are_over_the_last_failure_is_told(seek: Seek) -> None:
    seeker = seek(closed_address(), retries=2)
    seeker.turner.until(lambda: Event.DIAL_FAILED in seeker.events)
    assert seeker.events == [Event.ATTEMPT_FAILED] * 2 + [Event.DIAL_FAILED]
    assert seeker.place.attempts == 3 and not seeker.deadlines
    assert seeker.farm.servers[0].failures == {"refused": 3}


def test_one_that_takes_too_long_fails_and_its_answer_comes_too_late(
    seek: Seek, listening: socket.socket
) -> None:
    seeker = seek(listening.getsockname(), retries=0)
    seeker.turner.reactor.advance(CONNECT + 0.1)
    assert seeker.events == [Event.UNANSWERED, Event.DIAL_FAILED]
    assert seeker.reason == "connect_timeout"
    assert seeker.farm.servers[0].failures == {"timeout": 1}
    seeker.turner.settle()
    assert seeker.backs == []


def test_without_a_server_there_is_none(seek: Seek) -> None:
    seeker = seek()
    assert seeker.events == [Event.NO_SERVER]
    assert seeker.place.server is None


def test_who_has_to_wait_is_dialed_when_it_is_served(
    seek: Seek, listening: socket.socket
) -> None:
    seeker = Seeker(listening.getsockname(), queue_length=1)
    (only,) = seeker.farm.servers
    only.most = 1
    seeker.farm.choose()
    seeker.attempt.choose()
    assert seeker.events == [Event.ALL_FULL]
    assert (seeker.place.queued, seeker.place.dial_began) == (1, None)
    seeker.turner.reactor.advance(1)
    seeker.farm.release(only)
    assert seeker.events[1:] == [Event.SERVED] and seeker.place.taken
    seeker.attempt.dial()
    seeker.turner.until(lambda: seeker.backs)
    assert seeker.place.dial_began == 1.0, "not when it came"
    seeker.close()


def test_beyond_the_queue_the_farm_is_full(seek: Seek) -> None:
    seeker = Seeker(closed_address())
    seeker.farm.servers[0].most = 1
    seeker.farm.choose()
    seeker.attempt.choose()
    assert (seeker.events, seeker.reason) == ([Event.LIMITED], "the farm is full")
    seeker.close()


def test_what_the_farm_says_of_its_queue_is_passed_on(seek: Seek) -> None:
    seeker = Seeker()
    seeker.attempt.waited_long()
    seeker.attempt.stranded()
    assert seeker.events == [Event.QUEUED_LONG, Event.NO_SERVER]
    seeker.close()


def test_whoever_is_given_up_is_not_heard_of(
    seek: Seek, listening: socket.socket
) -> None:
    seeker = seek(listening.getsockname())
    seeker.attempt.cancel()
    failure: Any = Failure(ConnectError(string="too late"))
    seeker.attempt.clientConnectionFailed(None, failure)  # type: ignore[arg-type]
    seeker.turner.settle()
    assert (seeker.events, seeker.backs) == ([], []) and not seeker.deadlines


def test_the_client_is_hashed_where_the_farm_wants_it(
    seek: Seek, listening: socket.socket
) -> None:
    seeker = seek(listening.getsockname(), balance="source_hash", hash_key=b"k")
    assert seeker.attempt.key == seeker.farm.key(CLIENT[0]) != 0
    assert seek(listening.getsockname()).attempt.key == 0


# A bug in any of it ends the session


def broken(*_: object, **__: object) -> Any:
    raise ValueError("odd")


def test_a_bug_met_by_a_failed_dial_ends_its_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running = Running(closed_address())
    monkeypatch.setattr(Farm, "dial_failed", broken)
    with logged() as log:
        running.connect()
        assert running.record().ending == "error"
        assert log.tracebacks == 1
    assert not running.live.sessions and running.farm.active == 0
    running.close()


def test_a_bug_met_at_connect_timeout_ends_its_session(
    monkeypatch: pytest.MonkeyPatch, listening: socket.socket
) -> None:
    running = Running(listening.getsockname())
    monkeypatch.setattr(Dial, "connect", lambda _: None)
    monkeypatch.setattr(Farm, "dial_failed", broken)
    running.connect()
    assert running.session().state is State.DIALING
    with logged() as log:
        running.turner.reactor.advance(CONNECT + 0.1)
        assert log.tracebacks == 1
    assert running.record().ending == "error"
    assert not running.live.sessions and running.farm.servers[0].active == 0
    running.advance(TIMEOUTS.open)
    running.close()
