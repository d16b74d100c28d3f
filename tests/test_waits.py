"""Who waits for a moment: order, one timer, and none for nobody."""

from __future__ import annotations

import gc
import weakref

from twisted.internet.task import Clock

from bridge.net.waits import Waits


class Waiting:
    """Waits, whose moments are noted as they come."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.run: list[str] = []
        self.waits: Waits[str] = Waits(self.clock, self._due)

    def _due(self) -> None:
        self.run += self.waits.over()


def test_each_is_run_at_its_moment_and_those_of_the_same_in_order() -> None:
    waiting = Waiting()
    for who, when in (("c", 3.0), ("a", 1.0), ("b", 1.0), ("d", 3.0)):
        waiting.waits.add(who, when)
    waiting.clock.advance(0.5)
    assert waiting.run == []
    waiting.clock.advance(0.5)
    assert waiting.run == ["a", "b"]
    waiting.clock.advance(2)
    assert waiting.run == ["a", "b", "c", "d"]


def test_there_is_one_timer_and_none_when_nobody_waits() -> None:
    waiting = Waiting()
    for when in range(100, 0, -1):
        waiting.waits.add("x", float(when))
        assert len(waiting.clock.getDelayedCalls()) == 1
    waiting.clock.pump([1] * 100)
    assert len(waiting.run) == 100
    assert waiting.clock.getDelayedCalls() == []


def test_a_moment_that_is_past_comes_at_once() -> None:
    waiting = Waiting()
    waiting.clock.advance(5)
    waiting.waits.add("late", 1.0)
    waiting.clock.advance(0)
    assert waiting.run == ["late"]


def test_who_calls_off_is_not_run_nor_kept_alive() -> None:
    class Who:
        pass

    clock = Clock()
    ran: list[Who] = []
    waits: Waits[Who] = Waits(clock, lambda: ran.extend(waits.over()))
    who = Who()
    gone = weakref.ref(who)
    waits.add(who, 1.0).call_off()
    waits.add(Who(), 0.5)
    del who
    gc.collect()
    assert gone() is None
    clock.advance(0.5)
    assert len(ran) == 1
    assert clock.getDelayedCalls() == []  # not even a timer is left for it


def test_one_may_wait_again_from_within_its_moment() -> None:
    clock = Clock()
    ran: list[float] = []

    def due() -> None:
        for who in waits.over():
            ran.append(clock.seconds())
            waits.add(who, clock.seconds() + 1)

    waits: Waits[str] = Waits(clock, due)
    waits.add("again", 1.0)
    clock.pump([1, 1, 1])
    assert ran == [1, 2, 3]
    assert len(clock.getDelayedCalls()) == 1


def test_others_go_on_when_one_of_them_is_a_bug() -> None:
    clock = Clock()
    ran: list[str] = []

    def due() -> None:
        for who in waits.over():
            ran.append(who)
            if who == "bug":
                raise RuntimeError

    waits: Waits[str] = Waits(clock, due)
    waits.add("bug", 1.0)
    waits.add("other", 2.0)
    try:
        clock.advance(1)
    except RuntimeError:
        pass
    clock.advance(1)
    assert ran == ["bug", "other"]


def test_nothing_is_left_after_the_end() -> None:
    waiting = Waiting()
    waiting.waits.add("x", 1.0)
    waiting.waits.close()
    assert waiting.clock.getDelayedCalls() == []
    waiting.waits.close()
