"""On the way out everything is tried."""

from __future__ import annotations

from bridge.service.steps import take_all
from tests.logged import logged


def test_all_steps_are_taken() -> None:
    told: list[int] = []

    def broken() -> None:
        raise LookupError

    with logged() as log:
        take_all([lambda: told.append(1), broken, lambda: told.append(2)])
        assert log.tracebacks == 1
    assert told == [1, 2]
