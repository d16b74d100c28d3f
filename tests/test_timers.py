"""Timers that end together."""

from twisted.internet.task import Clock

from bridge.processes.timers import Timers


def test_each_is_due_once() -> None:
    clock, found = Clock(), list[str]()
    timers = Timers(clock)
    timers.later(2, lambda: found.append("two"))
    timers.later(1, lambda: found.append("one"))
    clock.pump([1, 1, 1])
    assert found == ["one", "two"]
    timers.cancel()  # those are no more


def test_none_is_due_after_their_end() -> None:
    clock, found = Clock(), list[str]()
    timers = Timers(clock)
    timers.later(1, timers.cancel)  # one may end them all
    timers.later(2, lambda: found.append("two"))
    clock.advance(1)
    assert clock.getDelayedCalls() == []
    timers.later(1, lambda: found.append("after"))
    clock.advance(2)
    assert found == ["after"]
