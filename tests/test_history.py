"""Rates out of totals, in rings."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from bridge.session.flow import Ending
from bridge.web.history import KINDS, SERIES, SPANS, History, Totals, totals
from tests.watched import front


def at(seconds: float, **more: int) -> Totals:
    counted = dict.fromkeys(Totals._fields[2:], 0) | more
    return Totals(1000.0 + seconds, seconds, **counted)


def test_a_row_is_what_came_in_a_second() -> None:
    history = History()
    assert history.add(at(0.0, up=100, new=3)) is None
    row = history.add(at(2.0, up=300, new=4, sessions=7, failed=1))
    assert row is not None
    assert dict(zip(SERIES, row, strict=True)) == {
        **dict.fromkeys(SERIES, 0),
        "time": 1002.0,
        "up": 100.0,
        "new": 0.5,
        "sessions": 7,
        "failed": 0.5,
    }
    assert history.rows("live") == [row]


def test_a_day_is_kept_by_the_minute_and_no_longer() -> None:
    history = History()
    for second in range(2 * 86400 // 5):
        history.add(at(5.0 * second, up=second * 10, sessions=second % 12))
    for span, (step, most) in SPANS.items():
        rows = history.rows(span)
        assert len(rows) == most
        assert {row[1] for row in rows} == {2.0}
        apart = {round(after[0] - before[0], 3) for before, after in pairwise(rows)}
        assert apart == {max(step, 5.0)}
    assert {row[3] for row in history.rows("day")} == {11}  # the most of its minute


def test_time_that_stands_still_gives_no_row() -> None:
    history = History()
    history.add(at(1.0))
    assert history.add(at(1.0, up=5)) is None
    row = history.add(at(2.0, up=5))
    assert row is not None and row[1] == 5.0


def test_totals_are_those_of_all_fronts() -> None:
    one, two = front(), front()
    one |= {"active": 2, "accepted": 9, "bytes": {"up": 5, "down": 6}}
    one["endings"] = {"done": 4, "idle": 1, "denied": 2}
    two["endings"] = {"dial_failed": 3, "done": 1}
    numbers: dict[str, Any] = {"time": 5.0, "seconds": 1.0}
    found = totals(numbers | {"fronts": {"one": one, "two": two}})
    assert found == Totals(5.0, 1.0, 5, 6, 2, 9, done=5, cut=1, refused=2, failed=3)


@pytest.mark.parametrize("ending", KINDS)
def test_endings_are_those_that_there_are(ending: str) -> None:
    assert ending in {each.value for each in Ending}
