"""Idle time-outs by walking, on a clock of our own and sockets of the kernel's."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.task import Clock

from bridge.session import sweep
from bridge.session.flow import Event, State
from bridge.session.live import UNSEEN
from bridge.session.sweep import ENDED, LONGEST, PIECE, Sweep
from bridge.session.terms import Timeouts
from tests.logged import logged


def moving() -> SimpleNamespace:
    return SimpleNamespace(bytes=0, held=0, waits=False)


class Quiet:
    """A session as the sweep sees it; its sides are unix sockets."""

    def __init__(self, state: State = State.OPEN) -> None:
        self.state = state
        self.seen, self.since = UNSEEN, 0.0
        self.up, self.down = (moving() for _ in "ud")
        self.pairs = socket.socketpair(), socket.socketpair()
        self.front, self.back = (SimpleNamespace(socket=one) for one, _ in self.pairs)
        self.destination = None
        self.ended: list[Event] = []
        self.bug = False

    def handle(self, event: Event) -> None:
        if self.bug:
            raise ZeroDivisionError
        self.ended.append(event)
        self.state = State.CLOSED

    def crashed(self) -> None:
        self.bug = False
        self.handle(Event.CRASHED)

    def close(self) -> None:
        for end in (end for pair in self.pairs for end in pair):
            end.close()


def timeouts(idle: float | None = 40, half_closed: float = 8) -> Timeouts:
    return Timeouts(1, idle, half_closed, 1)


@pytest.fixture
def quiet() -> Iterator[Quiet]:
    made = Quiet()
    yield made
    made.close()


@contextmanager
def halves() -> Iterator[list[Quiet]]:
    made = [Quiet(State.FRONT_ENDED), Quiet(State.BACK_ENDED)]
    yield made
    for each in made:
        each.close()


def sweeping(
    *sessions: Any,
    meetings: Any = None,
    vanishing: Any = None,
    beats: Any = None,
    **settings: Any,
) -> Clock:
    clock = Clock()
    made = timeouts(**settings)
    terms: Any = SimpleNamespace(timeouts=made, destinations=())
    live: Any = SimpleNamespace(sessions=set(sessions), meetings=meetings)
    Sweep(clock, terms, live, vanishing, beats).start()
    return clock


def advance(clock: Clock, seconds: int) -> None:
    clock.pump([1] * seconds)


def test_a_quiet_session_is_idle_after_its_time_and_not_before(quiet: Quiet) -> None:
    clock = sweeping(quiet)
    advance(clock, 40)
    assert quiet.ended == []
    advance(clock, 3)
    assert quiet.ended == [Event.IDLE]


def test_who_waits_for_a_limit_of_ours_is_not_quiet(quiet: Quiet) -> None:
    clock = sweeping(quiet)
    quiet.down.waits = True
    advance(clock, 200)
    assert quiet.ended == []
    quiet.down.waits = False
    advance(clock, 55)
    assert quiet.ended == [Event.IDLE]


def test_whose_data_moves_elsewhere_is_not_quiet(quiet: Quiet) -> None:
    moving = {quiet}
    clock = sweeping(quiet, meetings=SimpleNamespace(moves=moving.__contains__))
    advance(clock, 200)
    assert quiet.ended == []
    moving.clear()
    advance(clock, 55)
    assert quiet.ended == [Event.IDLE]


def test_half_closed_sessions_have_a_time_of_their_own() -> None:
    with halves() as made:
        clock = sweeping(*made)
        advance(clock, 8)
        assert [quiet.ended for quiet in made] == [[], []]
        advance(clock, 3)
        assert [quiet.ended for quiet in made] == [[Event.IDLE]] * 2


def test_idle_may_be_off_and_half_closed_goes_on(quiet: Quiet) -> None:
    clock = sweeping(quiet, idle=None)
    advance(clock, 100_000)
    assert quiet.ended == []
    quiet.state, quiet.seen = State.FRONT_ENDED, UNSEEN
    advance(clock, 11)
    assert quiet.ended == [Event.IDLE]


def test_a_byte_is_enough_to_stay(quiet: Quiet) -> None:
    clock = sweeping(quiet)
    for _ in range(10):
        advance(clock, 37)
        quiet.down.bytes += 1
        advance(clock, 2)
    assert quiet.ended == []


@pytest.mark.parametrize("side", ["front", "back"])
def test_bytes_that_drain_from_our_own_send_buffer_are_progress(
    quiet: Quiet, side: str
) -> None:
    sender, reader = quiet.pairs[side == "back"]
    quiet.down.bytes = quiet.up.bytes = 100
    for _ in range(20):
        sender.send(b"x" * 10)
    clock = sweeping(quiet)
    for _ in range(20):
        advance(clock, 39)
        reader.recv(10)
    advance(clock, 39)
    assert quiet.ended == []
    advance(clock, 5)
    assert quiet.ended == [Event.IDLE]


def test_what_is_held_and_passed_on_is_progress(quiet: Quiet) -> None:
    quiet.down.bytes = quiet.down.held = 1000
    clock = sweeping(quiet)
    advance(clock, 39)
    quiet.down.held -= 1
    advance(clock, 39)
    assert quiet.ended == []


def test_what_is_sent_and_not_acknowledged_is_none(quiet: Quiet) -> None:
    clock = sweeping(quiet)
    advance(clock, 30)
    quiet.pairs[0][0].send(b"a FIN, or an alert of ours")
    advance(clock, 13)
    assert quiet.ended == [Event.IDLE]


def test_time_in_a_queue_is_not_quiet(quiet: Quiet) -> None:
    quiet.state = State.QUEUED
    clock = sweeping(quiet)
    advance(clock, 1000)
    quiet.state = State.OPEN
    advance(clock, 39)
    assert quiet.ended == []


def test_a_fin_after_a_long_silence_begins_the_time_anew(quiet: Quiet) -> None:
    clock = sweeping(quiet)
    advance(clock, 39)
    quiet.state, quiet.seen = State.FRONT_ENDED, UNSEEN
    advance(clock, 8)
    assert quiet.ended == []
    advance(clock, 3)
    assert quiet.ended == [Event.IDLE]


@pytest.mark.parametrize("jump", [-7200, 7200])
def test_a_clock_that_is_set_makes_nobody_quiet(quiet: Quiet, jump: float) -> None:
    clock = sweeping(quiet)
    advance(clock, 20)
    for timer in clock.calls:  # what it does to timers is the reactor's
        timer.time += jump
    clock.rightNow += jump
    advance(clock, 16)
    assert quiet.ended == []
    advance(clock, 11)
    assert quiet.ended == [Event.IDLE]


def test_long_times_are_kept_closely(quiet: Quiet) -> None:
    clock = sweeping(quiet, idle=3600, half_closed=3600)
    advance(clock, 3600)
    assert quiet.ended == []
    advance(clock, int(2 * LONGEST))
    assert quiet.ended == [Event.IDLE]


def test_a_settled_session_costs_no_system_call(
    quiet: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def ask(sock: object) -> int:
        asked.append(sock)
        return 0

    monkeypatch.setattr(sweep, "unacknowledged", ask)
    clock = sweeping(quiet)
    advance(clock, 2)
    assert len(asked) == 2
    advance(clock, 20)
    assert len(asked) == 2
    quiet.up.bytes += 1
    advance(clock, 2)
    assert len(asked) == 4


def test_a_walk_over_many_lets_others_have_their_turn() -> None:
    looked: list[int] = []
    clock = sweeping(*(Watched(looked) for _ in range(5 * PIECE)))
    turns = []
    while len(looked) < 5 * PIECE:
        timer = clock.calls.pop()
        clock.rightNow = timer.getTime()
        timer.func()
        turns.append(len(looked))
    assert turns == [PIECE * number for number in range(1, 6)]
    assert clock.seconds() == 2, "within one walk"


def test_many_that_expire_together_end_in_turns() -> None:
    with ExitStack() as stack:
        made = [stack.enter_context(closing(Quiet())) for _ in range(50)]
        clock = sweeping(*made)
        advance(clock, 40)
        turns = []
        while (ended := sum(len(quiet.ended) for quiet in made)) < len(made):
            turns.append(ended)
            timer = clock.calls.pop()
            clock.rightNow = timer.getTime()
            timer.func()
        assert len(turns) >= 50 * ENDED / PIECE - 1


class Watched:
    """A session that tells when it is looked at."""

    up = down = None

    def __init__(self, looked: list[int]) -> None:
        self._looked = looked

    @property
    def state(self) -> State:
        self._looked.append(1)
        return State.DIALING


def test_a_session_that_raises_is_given_up_and_the_walk_goes_on() -> None:
    with halves() as made:
        for each in made:
            each.bug = True
        with logged() as log:
            clock = sweeping(*made)
            advance(clock, 11)
        assert [quiet.ended for quiet in made] == [[Event.CRASHED]] * 2
        assert log.tracebacks == 2
        assert clock.getDelayedCalls(), "it still walks"


class Looks:
    """Takes the place of what is looked for on the way."""

    def __init__(self, every: float = 0.0) -> None:
        self.every = every
        self.looks: list[tuple[Any, ...]] = []
        self.walks = 0

    def look(self, *those: Any) -> bool:
        self.looks.append(those)
        return True

    def walked(self) -> None:
        self.walks += 1


def test_who_waits_for_bytes_to_arrive_is_looked_at_within_ten_seconds(
    quiet: Quiet,
) -> None:
    vanishing = Looks()
    clock = sweeping(quiet, vanishing=vanishing, idle=None, half_closed=1000)
    quiet.front.socket.send(bytes(700))
    quiet.down.bytes = 700
    advance(clock, 10)
    assert vanishing.looks == [(quiet, 700, 0)] or vanishing.looks[0][1] >= 700
    assert vanishing.walks == 1


def test_heartbeats_are_asked_for_with_the_time_since_the_last_walk(
    quiet: Quiet,
) -> None:
    beats = Looks(every=4.0)
    clock = sweeping(quiet, beats=beats, idle=None, half_closed=1000)
    advance(clock, 3)
    assert beats.looks == [(quiet, 0, 1), (quiet, 1, 2), (quiet, 2, 3)]


def test_who_has_no_directions_yet_has_no_heartbeat(quiet: Quiet) -> None:
    beats = Looks(every=4.0)
    quiet.state = State.DIALING
    advance(sweeping(quiet, beats=beats), 9)
    assert beats.looks == []


class Flawed(Looks):
    def look(self, *those: Any) -> bool:
        super().look(*those)
        raise ZeroDivisionError


def test_a_bug_in_what_is_only_told_costs_no_session(quiet: Quiet) -> None:
    vanishing, beats = Flawed(), Flawed(every=4.0)
    clock = sweeping(quiet, vanishing=vanishing, beats=beats, idle=40)
    with logged() as log:
        advance(clock, 5)
        assert log.tracebacks == 2
    assert len(vanishing.looks) == len(beats.looks) == 1
    assert quiet.ended == []
    advance(clock, 45)
    assert quiet.ended == [Event.IDLE]
