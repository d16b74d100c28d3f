"""Idle time-outs by walking, on a clock of our own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.internet.task import Clock

from bridge.session.flow import Event, State
from bridge.session.sweep import LONGEST, Sweep


class Quiet:
    """A session as the sweep sees it."""

    def __init__(self, state: State = State.OPEN) -> None:
        self.state = state
        self.progress = self.seen = self.quiet = 0
        self.ended: list[Event] = []

    def handle(self, event: Event) -> None:
        self.ended.append(event)


def sweeping(*sessions: Quiet, idle: float = 40, half_closed: float = 8) -> Clock:
    clock = Clock()
    timeouts = SimpleNamespace(idle=idle, half_closed=half_closed)
    terms: Any = SimpleNamespace(timeouts=timeouts, sessions=set(sessions))
    Sweep(clock, terms).start()
    return clock


def advance(clock: Clock, seconds: int) -> None:
    clock.pump([1] * seconds)


def test_a_quiet_session_is_idle_after_its_time_and_not_before() -> None:
    quiet = Quiet()
    clock = sweeping(quiet)
    advance(clock, 40)
    assert quiet.ended == []
    advance(clock, 3)
    assert quiet.ended[:1] == [Event.IDLE]


def test_half_closed_sessions_have_a_time_of_their_own() -> None:
    for state in (State.FRONT_ENDED, State.BACK_ENDED):
        quiet = Quiet(state)
        clock = sweeping(quiet)
        advance(clock, 8)
        assert quiet.ended == []
        advance(clock, 3)
        assert quiet.ended[:1] == [Event.IDLE]


def test_a_byte_is_enough_to_stay() -> None:
    quiet = Quiet()
    clock = sweeping(quiet)
    for _ in range(10):
        advance(clock, 39)
        quiet.progress += 1
        advance(clock, 2)
    assert quiet.ended == []


def test_long_times_are_kept_closely() -> None:
    quiet = Quiet()
    clock = sweeping(quiet, idle=3600, half_closed=3600)
    advance(clock, 3600)
    assert quiet.ended == []
    advance(clock, int(2 * LONGEST))
    assert quiet.ended[:1] == [Event.IDLE]
