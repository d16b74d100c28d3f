"""Lines that count what they stand for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twisted.internet.task import Clock

from bridge.watch.repeated import MOST, QUIET, Repeated
from tests.logged import Listening, logged


@pytest.fixture
def log() -> Iterator[Listening]:
    with logged() as listening:
        yield listening


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_first_of_a_kind_is_told_at_once(log: Listening, clock: Clock) -> None:
    Repeated(clock).tell("farm web", "dial failed", "server a")
    assert log.lines == ["farm web: dial failed: server a"]
    assert log.levels == ["warn"]


def test_further_ones_are_counted_and_told_after_a_minute(
    log: Listening, clock: Clock
) -> None:
    repeated = Repeated(clock)
    for server in "abcd":
        repeated.tell("farm web", "dial failed", f"server {server}")
    clock.advance(QUIET)
    (_, line) = log.lines
    assert line == "farm web: dial failed: 3 more in 60 s, the last: server d"


def test_what_goes_on_is_one_line_a_minute(log: Listening, clock: Clock) -> None:
    repeated = Repeated(clock)
    for _ in range(300):
        repeated.tell("farm web", "dial failed", "server a")
        clock.advance(1)
    assert len(log.lines) == 1 + 300 // QUIET
    assert all("60 more in 60 s" in line for line in log.lines[2:])


def test_what_was_quiet_for_a_minute_is_told_at_once_again(
    log: Listening, clock: Clock
) -> None:
    repeated = Repeated(clock)
    for _ in range(2):
        repeated.tell("farm web", "dial failed", "server a")
        clock.advance(QUIET)
    assert log.lines == ["farm web: dial failed: server a"] * 2
    assert clock.getDelayedCalls() == []


def test_kinds_and_subjects_are_told_apart(log: Listening, clock: Clock) -> None:
    repeated = Repeated(clock)
    for subject in ("farm a", "farm b"):
        for what in ("x", "y"):
            repeated.tell(subject, what, "z")
            clock.advance(QUIET / 4)
    assert len(log.lines) == 4
    repeated.tell("farm b", "y", "z")
    clock.advance(QUIET * 3 / 4)
    assert log.lines[4:] == ["farm b: y: 1 more in 60 s, the last: z"]


def test_what_is_left_is_told_at_the_stop(log: Listening, clock: Clock) -> None:
    repeated = Repeated(clock)
    repeated.tell("farm web", "dial failed", "server a")
    repeated.tell("farm web", "dial failed", "server b")
    clock.advance(5)
    repeated.stop()
    assert log.lines[1:] == ["farm web: dial failed: 1 more in 5 s, the last: server b"]
    assert clock.getDelayedCalls() == []


def test_beyond_a_bound_kinds_are_counted_together(
    log: Listening, clock: Clock
) -> None:
    repeated = Repeated(clock)
    for number in range(MOST + 10):
        repeated.tell(f"farm {number}", "x", "y")
    assert len(log.lines) == MOST + 1
    clock.advance(QUIET)
    assert log.lines[-1].startswith("gateway: more that went wrong: 9 more in 60 s")


def test_a_burst_is_told_line_by_line_and_then_counted(
    log: Listening, clock: Clock
) -> None:
    repeated = Repeated(clock, burst=3)
    for n in range(5):
        repeated.tell("interface eth0", "MTU", str(n))
    assert [line[-1] for line in log.lines] == ["0", "1", "2"]
    clock.advance(QUIET)
    repeated.tell("interface eth0", "MTU", "5")
    assert log.lines[3:] == ["interface eth0: MTU: 2 more in 60 s, the last: 4"]
