"""Work in slices: one a turn, in the order they came, whoever it is for."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from twisted.internet.task import Clock

from bridge.control.slices import BUDGET, PAUSE, Slices, Steps

TURN = 1.5 * PAUSE


class Busy(Clock):
    """On which each slice takes its time."""

    def spend(self, seconds: float) -> None:
        self.rightNow += seconds


def steps(name: str, count: int, told: list[str], clock: Busy, cost: float) -> Any:
    for number in range(count):
        told.append(f"{name}{number}")
        clock.spend(cost)
        yield
    return name


def test_two_that_take_long_take_turns() -> None:
    clock, told, done = Busy(), list[str](), list[str]()
    slices = Slices(clock)
    for name in "ab":
        slices.run(steps(name, 2, told, clock, BUDGET)).addCallback(done.append)
    assert told == []
    for expected in ["a0"], ["a0", "b0"], ["a0", "b0", "a1"]:
        clock.advance(TURN)
        assert told == expected
    assert done == []
    for _ in range(3):
        clock.advance(TURN)
    assert done == ["a", "b"] and clock.getDelayedCalls() == []


def test_short_ones_share_a_turn_until_its_budget_is_spent() -> None:
    clock, told = Busy(), list[str]()
    slices = Slices(clock)
    for name in "abcdef":
        slices.run(steps(name, 1, told, clock, BUDGET / 2.5))
    clock.advance(0)
    assert told == ["a0", "b0", "c0"]
    clock.advance(TURN)
    assert told == ["a0", "b0", "c0", "d0", "e0", "f0"]


@pytest.mark.parametrize("whose", ["one's", "two's"])
def test_the_first_has_its_turn_at_once_and_the_next_after_a_pause(whose: str) -> None:
    """Whoever they are of: all who work on one clock share its turns."""
    clock, told = Busy(), list[str]()
    slices = Slices(clock)
    for name in "ab":
        slices.run(steps(name, 1, told, clock, BUDGET))
        if whose == "two's":
            slices = Slices(clock)
    clock.advance(0)
    assert told == ["a0"]
    clock.advance(PAUSE / 2)
    assert told == ["a0"]
    clock.advance(PAUSE)
    assert told == ["a0", "b0"]


def test_who_ends_takes_only_its_own_work_along() -> None:
    clock, told = Clock(), list[int]()
    one, other = Slices(clock), Slices(clock)
    one.soon(lambda: told.append(1))
    other.soon(lambda: told.append(2))
    one.close()
    clock.advance(0)
    assert told == [2] and clock.getDelayedCalls() == []


def test_a_clock_that_is_gone_is_not_kept() -> None:
    clock = Clock()
    Slices(clock).soon(lambda: None)
    clock.advance(0)
    clock.advance(TURN)
    kept = weakref.ref(clock)
    del clock
    gc.collect()
    assert kept() is None


def test_what_steps_raise_is_their_own() -> None:
    def bad() -> Steps[str]:
        yield
        raise KeyError("x")

    clock, failed, done = Busy(), list[object](), list[str]()
    slices = Slices(clock)
    slices.run(bad()).addErrback(lambda f: failed.append(f.type))
    slices.run(steps("a", 1, [], clock, 0)).addCallback(done.append)
    for _ in range(4):
        clock.advance(TURN)
    assert (failed, done) == ([KeyError], ["a"])


def test_a_slice_that_raises_does_not_stop_the_next() -> None:
    clock, told = Clock(), list[int]()
    slices = Slices(clock)

    def bad() -> None:
        raise KeyError("x")

    slices.soon(bad)
    slices.soon(lambda: told.append(1))
    with pytest.raises(KeyError):
        clock.advance(0)
    clock.advance(TURN)
    assert told == [1]


def test_after_the_end_nothing_is_done() -> None:
    clock, told = Clock(), list[int]()
    slices = Slices(clock)
    slices.soon(lambda: told.append(1))
    slices.close()
    clock.advance(0)
    assert told == [] and clock.getDelayedCalls() == []


def test_the_end_may_come_within_a_slice() -> None:
    clock, told = Clock(), list[int]()
    slices = Slices(clock)
    slices.soon(slices.close)
    slices.soon(lambda: told.append(1))
    clock.advance(0)
    clock.advance(TURN)
    assert told == [] and clock.getDelayedCalls() == []
