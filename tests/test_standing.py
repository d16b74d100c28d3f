"""How the gateway is doing, and how its last reload went."""

from __future__ import annotations

from twisted.python.failure import Failure

from bridge.processes.standing import Standing


def test_the_last_reload_that_succeeded_is_remembered() -> None:
    times = iter([1.0, 5.0, 9.0])
    standing = Standing(lambda: next(times))
    assert (standing.reloaded, standing.reloaded_at) == (None, 1.0)
    assert standing.note(["lines"]) == ["lines"]
    assert (standing.reloaded, standing.reloaded_at) == (True, 5.0)
    failure = Failure(ValueError())
    assert standing.note(failure) is failure
    assert (standing.reloaded, standing.reloaded_at) == (False, 5.0)


def test_it_begins_with_nothing() -> None:
    standing = Standing(float)
    assert not standing.accepts and not standing.stopping
