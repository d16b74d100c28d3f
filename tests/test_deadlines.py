"""Deadlines: order, cancellation and re-entry, on a clock of our own."""

from collections.abc import Callable

from twisted.internet.task import Clock

from bridge.session.deadlines import Deadlines


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
