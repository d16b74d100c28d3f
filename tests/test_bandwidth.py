"""How much may be moved, and when."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.net.bandwidth import (
    BURST,
    SEGMENT,
    SMALLEST_SLOT,
    STEP,
    Allowance,
    Bandwidth,
)

CHUNK = 1 << 20
MBIT = 125_000


@dataclass
class Direction:
    """One that has *chunk* bytes to move every *pause* seconds; 0: always more."""

    allowance: Allowance
    chunk: int = CHUNK
    pause: float = 0.0
    begin: float = 0.0
    end: float = float("inf")
    moved: int = 0
    slowest: float = 0.0
    """The longest that one of its chunks waited."""
    asked: int = 0
    _since: float | None = None

    def wake(self, now: float) -> float:
        """Move what may be.  When to be woken again."""
        self.asked += 1
        if now >= self.end:
            self.allowance.cancel()
            return float("inf")
        if self._since is None:
            self._since = now
        size = self.allowance.take(now, CHUNK)
        if not size:
            return self.allowance.when
        got = min(size, self.chunk)
        if got < size:
            self.allowance.give_back(size - got)
        self.moved += got
        self.slowest = max(self.slowest, now - self._since)
        self._since = None
        return now + self.pause


def run(
    directions: list[Direction], until: float, late: Callable[[], float] = lambda: 0.0
) -> None:
    """What a pump does: each is woken when it said, and *late* seconds after."""
    wakes = [(d.begin, number, d) for number, d in enumerate(directions)]
    heapq.heapify(wakes)
    number = len(wakes)
    while wakes and wakes[0][0] < until:
        now, _, direction = heapq.heappop(wakes)
        at = direction.wake(now)
        number += 1  # first come, first served among equals
        heapq.heappush(wakes, (at if at <= now else at + late(), number, direction))


@pytest.mark.parametrize("mbit", [0.064, 1, 10, 100, 1000, 25_000])
def test_ten_seconds_are_within_three_percent(mbit: float) -> None:
    rate = mbit * MBIT
    direction = Direction(Allowance(Bandwidth(rate)))
    run([direction], 10.0)
    assert direction.moved == pytest.approx(10 * rate, rel=0.02)


@pytest.mark.parametrize("mbit", [1, 100, 1000])
def test_being_woken_late_costs_nothing_of_the_rate(mbit: int) -> None:
    random = Random(1)
    direction = Direction(Allowance(Bandwidth(mbit * MBIT)))
    run([direction], 10.0, late=lambda: random.uniform(0, BURST * 0.9))
    assert direction.moved == pytest.approx(10 * mbit * MBIT, rel=0.03)


def test_a_direction_at_its_limit_is_woken_forty_times_a_second() -> None:
    direction = Direction(Allowance(Bandwidth(100 * MBIT)))
    run([direction], 10.0)
    assert direction.asked <= 2 * 10 / STEP + 10  # to take, and to hear of the next


def test_a_source_that_has_little_at_a_time_gets_the_whole_rate() -> None:
    direction = Direction(Allowance(Bandwidth(100 * MBIT)), chunk=20_000)
    run([direction], 10.0)
    assert direction.moved == pytest.approx(10 * 100 * MBIT, rel=0.02)


def test_who_is_below_the_limit_never_waits() -> None:
    direction = Direction(Allowance(Bandwidth(10 * MBIT)), chunk=1000, pause=0.001)
    run([direction], 10.0)
    assert direction.slowest == 0
    assert direction.moved == pytest.approx(10_000_000, rel=0.01)


@pytest.mark.parametrize("count", [2, 10, 100])
def test_those_who_share_a_limit_get_equal_shares(count: int) -> None:
    front = Bandwidth(100 * MBIT)
    directions = [Direction(Allowance(front)) for _ in range(count)]
    run(directions, 10.0)
    moved = [direction.moved for direction in directions]
    assert sum(moved) == pytest.approx(10 * 100 * MBIT, rel=0.03)
    # But for the first few, which were there before anybody waited.
    assert max(moved) - min(moved) <= 100 * MBIT * STEP + SMALLEST_SLOT
    assert sorted(moved)[len(moved) * 9 // 10] <= min(moved) * 1.1


def test_who_wants_less_than_a_share_gets_it_and_the_rest_is_the_others() -> None:
    front = Bandwidth(100 * MBIT)
    bulk = [Direction(Allowance(front)) for _ in range(3)]
    modest = Direction(Allowance(front), chunk=1000, pause=0.01, begin=0.5)
    run([*bulk, modest], 10.0)
    # Each of its messages waits for a turn of all.
    assert modest.slowest <= 3 * STEP
    assert modest.moved > 9.5 * 1000 / (0.01 + 2 * STEP)
    total = modest.moved + sum(direction.moved for direction in bulk)
    assert total == pytest.approx(10 * 100 * MBIT, rel=0.03)


def test_what_one_who_ends_has_waited_for_is_the_others() -> None:
    front = Bandwidth(10 * MBIT)
    stays = Direction(Allowance(front))
    brief = [
        Direction(Allowance(front), begin=tenth / 10, end=tenth / 10 + 0.05)
        for tenth in range(95)
    ]
    run([stays, *brief], 10.0)
    assert front.slot == int(10 * MBIT * STEP)  # nobody waits, but who stays
    assert stays.moved + sum(direction.moved for direction in brief) == pytest.approx(
        10 * 10 * MBIT, rel=0.03
    )


def test_the_smaller_of_two_limits_counts() -> None:
    front = Bandwidth(100 * MBIT)
    slow = [Direction(Allowance(Bandwidth(10 * MBIT), front)) for _ in range(5)]
    fast = Direction(Allowance(Bandwidth(1000 * MBIT), front))
    run([*slow, fast], 10.0)
    for direction in slow:
        assert direction.moved == pytest.approx(10 * 10 * MBIT, rel=0.05)
    assert fast.moved == pytest.approx(10 * 50 * MBIT, rel=0.05)


def test_many_at_a_slow_limit_all_come_to_their_turn() -> None:
    front = Bandwidth(10 * MBIT)
    directions = [Direction(Allowance(front)) for _ in range(200)]
    run(directions, 10.0)
    assert min(direction.moved for direction in directions) > 0


def test_asking_too_early_changes_nothing() -> None:
    asked, quiet = Allowance(Bandwidth(MBIT)), Allowance(Bandwidth(MBIT))
    for allowance in (asked, quiet):
        while allowance.take(1.0, CHUNK):
            pass
    for _ in range(10):
        assert asked.take(1.0, CHUNK) == 0
    assert asked.when == quiet.when > 1.0
    assert asked.take(asked.when, CHUNK) == quiet.take(quiet.when, CHUNK) > 0


def test_less_may_be_wanted_when_the_slot_has_come() -> None:
    allowance = Allowance(Bandwidth(MBIT))
    while allowance.take(1.0, CHUNK):
        pass
    assert allowance.take(allowance.when, 10) == 10
    due = allowance.when
    assert allowance.take(due, CHUNK) == 0  # ten bytes are missing to a whole slot
    assert allowance.when == pytest.approx(due + 10 / MBIT)


def test_giving_up_twice_does_no_harm() -> None:
    limit = Bandwidth(MBIT)
    allowance = Allowance(limit)
    while allowance.take(1.0, CHUNK):
        pass
    for _ in range(3):
        allowance.cancel()
    assert limit.slot == int(MBIT * STEP)
    assert limit.reserve(1.0, 1) == pytest.approx(1.0 + 1 / MBIT)  # and not earlier


def test_no_slot_is_less_than_a_packet() -> None:
    assert Allowance(Bandwidth(1000)).take(0.0, CHUNK) == 0
    assert Bandwidth(1000).slot == SEGMENT


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.floats(0, 0.2), st.integers(0, CHUNK)),
        max_size=100,
    ),
    st.sampled_from([0.1 * MBIT, 10 * MBIT, 1000 * MBIT]),
)
def test_whatever_is_asked_and_given_back_no_more_passes_than_may(
    steps: list[tuple[int, float, int]], rate: float
) -> None:
    front = Bandwidth(rate)
    allowances = [Allowance(front) for _ in range(4)]
    now, passed = 0.0, 0
    for who, pause, wanted in steps:
        now += pause
        size = allowances[who].take(now, wanted)
        assert 0 <= size <= wanted
        used = min(size, wanted // 2)
        allowances[who].give_back(size - used)
        passed += used
    slots = 4 * max(SEGMENT, rate * STEP)
    assert passed <= rate * (now + BURST) + slots
