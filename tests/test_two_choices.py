"""Drawing by weight, and the better of two."""

from __future__ import annotations

import random
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.farm.two_choices import Lots, TwoChoices
from tests.servers import servers

WEIGHTS = st.lists(st.sampled_from([0.0, 0.0, 0.25, 1.0, 3.0]), min_size=1)


def lots_of(weights: list[float]) -> Lots:
    lots = Lots()
    for number, weight in enumerate(weights):
        lots[number] = weight
    return lots


@given(WEIGHTS, st.floats(0, 1, exclude_max=True))
def test_a_point_is_found_in_the_lot_that_holds_it(
    weights: list[float], part: float
) -> None:
    lots, ends = lots_of(weights), list(accumulate(weights))
    assert lots.total == ends[-1]
    if lots.total:
        number, begin = lots.find(part * lots.total)
        assert begin == pytest.approx(ends[number] - weights[number], abs=1e-9)
        assert begin <= part * lots.total < ends[number]
        assert lots[number] == weights[number]


@given(WEIGHTS)
def test_the_very_end_of_the_line_is_somebodys(weights: list[float]) -> None:
    lots = lots_of(weights)
    if lots.total:
        assert weights[lots.find(lots.total)[0]] > 0


def test_sums_do_not_drift() -> None:
    """0.1 added and taken away a million times would leave something behind."""
    lots = lots_of([1e-9, 0.0])
    for step in range(10_000):
        lots[1] = 0.1 * (step % 13)
    lots[1] = 0.0
    assert lots.total == 1e-9


def test_of_two_the_less_loaded_for_its_weight_is_taken() -> None:
    one, other = servers([1, 4])
    balance = TwoChoices(random.Random(1).random)
    for each, active in ((one, 2), (other, 7)):
        balance.add(each, each.weight)
        each.active = active
    assert {balance.choose(0, ()) for _ in range(100)} == {other}
    other.active = 9
    assert {balance.choose(0, ()) for _ in range(100)} == {one}


def test_the_two_are_never_one() -> None:
    """Or the busiest of three would be chosen now and then."""
    listed = servers([100, 1, 1])
    balance = TwoChoices(random.Random(1).random)
    for each in listed:
        balance.add(each, each.weight)
    listed[0].active = 1000
    assert listed[0] not in {balance.choose(0, ()) for _ in range(1000)}


def test_no_server_is_far_above_the_others() -> None:
    """One choice at random would put the fullest of 100 some 30 sessions above."""
    listed = servers([1] * 100)
    balance = TwoChoices(random.Random(1).random)
    for each in listed:
        balance.add(each, 1)
    for _ in range(10_000):
        chosen = balance.choose(0, ())
        assert chosen is not None
        chosen.active += 1
        balance.moved(chosen)
    assert max(each.active for each in listed) <= 104
