"""Deadlines: order, cancellation and re-entry, on a clock of our own."""

from __future__ import annotations

import time
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from bridge.net.deadlines import AT_ONCE, Deadlines
from tests.logged import logged


def deadlines(seconds: float) -> tuple[Clock, list[str], Deadlines[str]]:
    clock = Clock()
    expired: list[str] = []
    return clock, expired, Deadlines(clock, seconds, expired.append)


def start(due: Deadlines[str], thing: str) -> None:
    """As sessions do it."""
    due.pop(thing, None)
    due[thing] = due._clock.seconds() + due.seconds
    if not due.armed:
        due.arm()


def test_what_is_not_stopped_expires_in_order() -> None:
    clock, expired, due = deadlines(3)
    start(due, "a")
    clock.advance(1)
    start(due, "b")
    clock.advance(1.9)
    assert expired == []
    clock.advance(0.1)
    assert expired == ["a"]
    clock.advance(1)
    assert expired == ["a", "b"]


def test_what_is_stopped_does_not_expire() -> None:
    clock, expired, due = deadlines(3)
    start(due, "a")
    start(due, "b")
    due.pop("a", None)
    due.pop("never started", None)
    clock.advance(3)
    assert expired == ["b"]


def test_starting_again_begins_anew() -> None:
    clock, expired, due = deadlines(3)
    start(due, "a")
    clock.advance(2)
    start(due, "a")
    clock.advance(2)
    assert expired == []
    clock.advance(1)
    assert expired == ["a"]


def test_a_thousand_need_one_timer() -> None:
    clock, _, due = deadlines(3)
    for number in range(1000):
        start(due, str(number))
    assert len(clock.getDelayedCalls()) == 1


def test_nothing_left_means_no_timer_in_the_end() -> None:
    clock, expired, due = deadlines(3)
    start(due, "a")
    due.pop("a", None)
    clock.advance(3)
    assert clock.getDelayedCalls() == []
    assert expired == []


def test_what_expires_may_start_again_and_keeps_one_timer() -> None:
    clock = Clock()
    seen: list[str] = []
    again: list[Callable[[str], None]] = []

    def expired(thing: str) -> None:
        seen.append(thing)
        again[0](thing)

    due = Deadlines(clock, 1, expired)
    again.append(lambda thing: start(due, thing))
    start(due, "a")
    start(due, "b")
    for _ in range(3):
        clock.advance(1)
        assert len(clock.getDelayedCalls()) == 1
    assert seen == ["a", "b"] * 3


def test_closed_means_quiet() -> None:
    clock, expired, due = deadlines(3)
    start(due, "a")
    due.close()
    clock.advance(10)
    assert expired == []
    assert clock.getDelayedCalls() == []


class Turns(Clock):
    """A reactor's clock: what is to be called now has the next turn, not this one."""

    def turn(self) -> None:
        now = [call for call in self.calls if call.getTime() <= self.seconds()]
        for call in now:
            self.calls.remove(call)
            call.called = 1
            call.func(*call.args, **call.kw)


def test_many_that_expire_together_take_turns_with_everybody_else() -> None:
    clock, seen = Turns(), list[str]()
    due = Deadlines(clock, 3, seen.append)
    things = [str(number) for number in range(20_000)]
    for thing in things:
        start(due, thing)
    clock.rightNow = 3
    for turn in range(1, 4):
        clock.turn()
        assert len(seen) == turn * AT_ONCE
    due.pop(things[400])
    began = time.process_time()
    while due:
        clock.turn()
    assert seen == things[:400] + things[401:]
    assert time.process_time() - began < 1, "20,000 are no 20,000 squared"
    assert clock.getDelayedCalls() == []


def test_one_that_raises_does_not_keep_the_others_from_expiring() -> None:
    clock, seen = Clock(), list[str]()

    def expired(thing: str) -> None:
        seen.append(thing)
        if thing in "ac":
            raise RuntimeError(thing)

    due = Deadlines(clock, 3, expired)
    for thing in "abcd":
        start(due, thing)
    with logged() as log:
        clock.advance(3)
    assert (seen, log.tracebacks) == (["a", "b", "c", "d"], 2)
    start(due, "e")
    clock.advance(3)
    assert seen[-1] == "e"


def test_what_began_first_is_first_however_many_were_stopped_before_it() -> None:
    _, _, due = deadlines(3)
    for number in range(100_000):
        start(due, str(number))
    for number in range(99_999):
        del due[str(number)]
    began = time.process_time()
    for _ in range(1000):
        assert due.first == "99999"
    assert time.process_time() - began < 0.2
    del due["99999"]
    assert due.first is None


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["start", "stop"]), st.integers(0, 9)),
        st.tuples(st.sampled_from(["first", "wait"]), st.just(0)),
    )
)


@given(STEPS)
def test_it_is_what_a_plain_list_would_be(steps: list[tuple[str, int]]) -> None:
    clock, expired, due = deadlines(3)
    model: list[tuple[str, int]] = []
    for what, number in steps:
        thing, now = str(number), int(clock.seconds())
        if what == "start":
            start(due, thing)
            model = [each for each in model if each[0] != thing] + [(thing, now + 3)]
        elif what == "stop":
            assert (due.pop(thing, None) is not None) == (thing in dict(model))
            model = [each for each in model if each[0] != thing]
        elif what == "first":
            assert due.first == (model[0][0] if model else None)
        else:
            clock.advance(1)
            over = [each for each, at in model if at <= now + 1]
            assert expired == over
            expired.clear()
            model = [each for each in model if each[0] not in over]
        assert list(due.items()) == model
