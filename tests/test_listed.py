"""Which sessions are listed: the first of many, in bounded memory, in slices."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.control.orders import PIECE
from bridge.control.slices import Steps
from bridge.service import listed
from bridge.service.listed import Listed, Wanted, slices
from bridge.session.flow import State


class Fake:
    """As much of a session as is looked at."""

    def __init__(self, accepted: float, state: State = State.OPEN) -> None:
        self.accepted = accepted
        self.state = state
        self.destination = self.place = None


@pytest.fixture(autouse=True)
def _told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed, "of_session", lambda session, now: session.accepted)


def taken(steps: Steps[Any]) -> tuple[int, Any]:
    """How many slices it took, and what has come of it."""
    count = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return count, end.value
        count += 1


@given(st.lists(st.floats(0, 100)), st.integers(1, 20), st.booleans())
def test_the_first_are_listed_and_all_are_counted(
    ages: list[float], limit: int, reverse: bool
) -> None:
    sessions: Any = [Fake(age) for age in ages]
    found = Listed(Wanted(limit=limit, reverse=reverse), lambda: 0.0)
    _, told = taken(found.take(sessions))
    assert told == sorted(ages, reverse=reverse)[:limit]
    assert found.total == found.matching == len(ages)


def test_those_that_are_over_are_not_there() -> None:
    sessions: Any = [Fake(1), Fake(2, State.CLOSED)]
    found = Listed(Wanted(), lambda: 0.0)
    assert taken(found.take(sessions))[1] == [1]
    assert found.total == 1


def test_one_that_ends_before_it_is_told_is_left_out() -> None:
    sessions: Any = [Fake(number) for number in range(PIECE + 1)]
    steps = Listed(Wanted(), lambda: 0.0).take(sessions)
    next(steps)
    sessions[0].state = State.CLOSED  # the last ones are told first
    assert taken(steps)[1] == list(range(1, PIECE + 1))


def test_many_take_many_slices() -> None:
    sessions: Any = [Fake(number) for number in range(3 * listed.SCANNED)]
    count, _ = taken(Listed(Wanted(limit=1), lambda: 0.0).take(sessions))
    assert count == 3


def test_a_slice_ends_after_so_many() -> None:
    assert list(slices("abcde", 2)) == ["a", "b", None, "c", "d", None, "e"]
    assert list(slices("", 2)) == []
