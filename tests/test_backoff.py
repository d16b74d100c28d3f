"""When a process that died is started again."""

from __future__ import annotations

import pytest

from bridge.processes.backoff import LATEST, LIVED, SOON, Backoff, when


def test_who_has_lived_is_followed_at_once() -> None:
    backoff = Backoff()
    assert [backoff.wait(lived) for lived in (LIVED, 86400.0)] == [0.0, 0.0]


def test_who_has_not_is_waited_for_twice_as_long_each_time() -> None:
    backoff = Backoff()
    waits = [backoff.wait(LIVED - 0.1) for _ in range(5)]
    assert waits == pytest.approx([SOON * 2**n for n in range(5)])


def test_no_wait_is_longer_than_the_longest() -> None:
    backoff = Backoff()
    waits = [backoff.wait(0.0) for _ in range(5000)]  # hours: more than a float holds
    assert max(waits) == waits[-1] == LATEST


def test_a_life_makes_up_for_all_deaths() -> None:
    backoff = Backoff()
    waits = [backoff.wait(lived) for lived in (0.0, 0.0, LIVED, 0.0)]
    assert waits == [SOON, 2 * SOON, 0.0, SOON]


def test_when_that_is_in_words() -> None:
    assert [when(0.0), when(0.2), when(10.0)] == ["now", "in 0.2 s", "in 10 s"]
