"""Values become buckets and a sum."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bridge.watch.gathered import Gathered
from bridge.watch.metrics import SUM

BOUNDS = (1.0, 2.0, 5.0)


def test_a_bound_is_in_its_own_bucket() -> None:
    gathered = Gathered(BOUNDS, unit=1000)
    gathered.values += [0.5, 1.0, 1.5, 2.0, 5.0, 5.5, 99.0]
    assert dict(gathered.parts()) == {SUM: 114_500, 0: 2, 1: 2, 2: 1, 3: 2}


def test_there_is_a_sum_from_the_start() -> None:
    assert dict(Gathered(BOUNDS).parts()) == {SUM: 0}


def test_the_list_stays_the_same_one() -> None:
    gathered = Gathered(BOUNDS)
    keep = gathered.values.append
    keep(1.0)
    gathered.sort()
    assert gathered.values == []
    keep(3.0)
    assert dict(gathered.parts()) == {SUM: 4, 0: 1, 2: 1}


@given(st.lists(st.sampled_from([0.5, 1.0, 1.5, 5.0, 7.0])))
def test_some_of_one_value_are_taken_in_at_once(values: list[float]) -> None:
    gathered, alike = Gathered(BOUNDS, unit=10), Gathered(BOUNDS, unit=10)
    gathered.values += values
    for value, times in Counter(values).items():
        alike.add(value, times)
    assert dict(alike.parts()) == dict(gathered.parts())


@given(st.lists(st.lists(st.floats(0, 10))))
def test_it_does_not_matter_when_they_are_taken_in(batches: list[list[float]]) -> None:
    gathered = Gathered(BOUNDS)
    for batch in batches:
        gathered.values += batch
        gathered.sort()
    parts = dict(gathered.parts())
    del parts[SUM]
    every = [value for batch in batches for value in batch]
    edges = (float("-inf"), *BOUNDS, float("inf"))
    for place, (low, high) in enumerate(pairwise(edges)):
        among = sum(low < value <= high for value in every)
        assert parts.get(place, 0) == among
