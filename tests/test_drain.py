"""Stopping, on a clock of our own."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from bridge.service.drain import POLL, Drain, Drainable
from tests.logged import logged


class Gateway:
    """Notes what it is asked, with the time."""

    def __init__(self, sessions: int) -> None:
        self.clock = Clock()
        self.sessions = sessions
        self.told: list[tuple[str, float]] = []

    def drain(self, delay: float = 0, timeout: float = 30) -> Drain:
        return Drain(
            self.clock,
            Drainable(self._stop_listening, lambda: self.sessions, self._reset_all),
            delay,
            timeout,
        )

    def begin(self, drain: Drain) -> Deferred[None]:
        done = drain.begin()
        done.addCallback(lambda _: self._note("done"))
        return done

    def _note(self, what: str) -> None:
        self.told.append((what, round(self.clock.seconds(), 2)))

    def _stop_listening(self) -> None:
        self._note("stop listening")

    def _reset_all(self) -> None:
        self._note(f"reset {self.sessions}")
        self.sessions = 0


def test_without_sessions_it_is_over_at_once() -> None:
    gateway = Gateway(0)
    gateway.begin(gateway.drain())
    gateway.clock.advance(0)
    assert gateway.told == [("stop listening", 0), ("done", 0)]


def test_sessions_may_finish() -> None:
    gateway = Gateway(2)
    gateway.begin(gateway.drain())
    gateway.clock.advance(10)
    gateway.sessions = 0
    gateway.clock.advance(POLL)
    assert gateway.told == [("stop listening", 10.0), ("done", 10.05)]


def test_who_does_not_finish_in_time_is_reset() -> None:
    gateway = Gateway(2)
    gateway.begin(gateway.drain(timeout=5))
    for _ in range(200):
        gateway.clock.advance(POLL)
    assert [what for what, _ in gateway.told] == ["stop listening", "reset 2", "done"]
    assert 5 <= gateway.told[1][1] <= 5.2


def test_the_listeners_go_on_for_the_delay() -> None:
    gateway = Gateway(0)
    gateway.begin(gateway.drain(delay=3))
    gateway.clock.advance(2.9)
    assert gateway.told == []
    gateway.clock.advance(0.1)
    assert gateway.told == [("stop listening", 3.0), ("done", 3.0)]


def test_a_second_signal_ends_it_now() -> None:
    for elapsed in (0.0, 2.0, 5.0):
        gateway = Gateway(7)
        drain = gateway.drain(delay=3, timeout=60)
        gateway.begin(drain)
        gateway.clock.advance(elapsed)
        drain.hurry()
        drain.hurry()
        assert gateway.told[-2:] == [("reset 7", elapsed), ("done", elapsed)]
        assert gateway.clock.getDelayedCalls() == []


@pytest.mark.parametrize("broken", ["stop_listening", "active", "reset_all"])
@pytest.mark.parametrize("hurried", [True, False])
def test_a_step_that_fails_does_not_keep_the_rest_from_happening(
    broken: str, hurried: bool
) -> None:
    clock, told = Clock(), list[str]()

    def step(name: str, answer: int = 0) -> Any:
        def taken() -> int:
            told.append(name)
            if name == broken:
                raise OSError("odd")
            return answer

        return taken

    gateway = Drainable(step("stop_listening"), step("active", 1), step("reset_all"))
    drain = Drain(clock, gateway, 0, 5)
    with logged() as log:
        done = drain.begin()
        done.addCallback(lambda _: told.append("done"))
        if hurried:
            drain.hurry()
        for _ in range(200):
            clock.advance(POLL)
        assert log.tracebacks
    assert told[0] == "stop_listening"
    assert told[-2:] == ["reset_all", "done"]
