"""Heartbeats of long sessions: when, of whom, and what they say."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.session import beats
from bridge.session.beats import Beats
from bridge.watch.record import Record
from tests.test_access import record

EVERY = 300.0


class Session:
    def __init__(self, accepted: float = 0.0, name: str = "") -> None:
        self.accepted, self.name = accepted, name
        self.terms = SimpleNamespace(house=SimpleNamespace(next_name=lambda: "abc-1"))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Record]:
    def record_of(session: Session, active: int) -> Record:
        return record(session=session.name, front_active=active, lost=7, ending="error")

    monkeypatch.setattr(beats, "record_of", record_of)
    return []


def walk(made: Beats, *sessions: Any, until: float, period: float = 7.0) -> list[float]:
    """The times at which one of them was told of."""
    now, times = 0.0, []
    while now < until:
        before, now = now, now + period
        times += [now for each in sessions if made.look(each, before, now)]
    return times


def test_a_session_is_told_of_once_in_each_interval(told: list[Record]) -> None:
    session: Any = Session()
    times = walk(Beats(EVERY, told.append, lambda: 3), session, until=10 * EVERY)
    assert len(told) == len(times) in (9, 10)
    assert EVERY <= times[0] < 2 * EVERY + 7
    steps = [after - before for before, after in pairwise(times)]
    assert all(abs(step - EVERY) <= 7 for step in steps)


def test_one_that_is_over_before_that_never_is(told: list[Record]) -> None:
    session: Any = Session()
    assert walk(Beats(EVERY, told.append, lambda: 3), session, until=EVERY - 7) == []


def test_it_says_of_itself_that_it_is_no_end(told: list[Record]) -> None:
    made = Beats(EVERY, told.append, lambda: 3)
    walk(made, Session(), Session(name="abc-0"), until=2.1 * EVERY)
    for each in told:
        assert (each.ending, each.letters, each.lost, each.reason) == ("", "--", 0, "")
        assert each.front_active == 3
    assert {each.session for each in told} == {"abc-0", "abc-1"}


def test_the_name_is_that_of_its_last_record(told: list[Record]) -> None:
    session: Any = Session()
    walk(Beats(EVERY, told.append, lambda: 3), session, until=3 * EVERY)
    assert session.name == "abc-1"


def test_those_that_came_at_once_are_not_told_of_at_once(told: list[Record]) -> None:
    crowd: list[Any] = [Session() for _ in range(1000)]
    made = Beats(EVERY, told.append, lambda: 3)
    times = walk(made, *crowd, until=3 * EVERY, period=15.0)
    most = max(Counter(times[len(crowd) // 2 :]).values())
    assert most < len(crowd) / 4
