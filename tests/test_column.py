"""Things that are counted again and again: as by their keys, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.net.board import Board
from bridge.net.column import WAYS, Tally
from tests.test_board import crowded


@pytest.fixture
def board() -> Iterator[Board]:
    made = Board.create(4, 256)
    yield made
    made.close()


def tallies(board: Board, key: int) -> list[Tally]:
    """Of the same thing, in three processes."""
    return [board.column(number).tally(key) for number in (1, 2, 3)]


def test_it_counts_as_its_column_does(board: Board) -> None:
    key = board.key("front", "web")
    one, other, third = tallies(board, key)
    assert (one.get(), one.others(), one.total()) == (0, 0, 0)
    assert [one.add(2), one.add(-1), other.claim(), third.claim()] == [2, 1, 2, 3]
    assert (one.get(), one.others(), one.total()) == (1, 2, 3)
    assert board.total(key) == 3


def test_what_it_remembers_may_have_become_anothers(board: Board) -> None:
    """It was given up, and its place with it."""
    *keys, key = crowded(board, WAYS + 1)
    one, other, _ = tallies(board, key)
    column = board.column(1)
    one.add(1)
    assert (one.get(), other.others()) == (1, 1)
    one.add(-1)
    for each in keys:
        column.add(each, 5)
    assert (one.get(), other.others()) == (0, 0)
    assert one.add(3) == one.get() == 3, "alone"
    assert other.others() == 0
    column.add(keys[2], -5)
    assert one.add(1) == other.others() == 4
    assert one.add(1) == other.others() == 5


def test_a_dead_process_has_nothing_and_its_successor_is_seen(board: Board) -> None:
    key = board.key("front", "web")
    one, other, _ = tallies(board, key)
    one.add(7)
    assert other.others() == 7
    board.clear(1)
    assert other.others() == 0
    board.column(1).add(board.key("front", "mail"), 9)
    following = board.column(1).tally(key)
    following.add(2)
    assert other.others() == 2


steps = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, WAYS), st.integers(-2, 2)),
    max_size=120,
)


@given(steps)
def test_it_never_differs_from_what_is_counted_by_its_key(
    happens: list[tuple[int, int, int]],
) -> None:
    """Of one thing more than a bucket has places, in three processes."""
    board = Board.create(4, 256)
    keys = crowded(board, WAYS + 1)
    columns = [board.column(number) for number in (1, 2, 3)]
    counted = [[column.tally(key) for key in keys] for column in columns]
    expected = [[0] * len(keys) for _ in columns]
    for process, thing, count in happens:
        count = max(count, -expected[process][thing])
        expected[process][thing] += count
        assert counted[process][thing].add(count) == expected[process][thing]
    for process, column in enumerate(columns):
        for thing, key in enumerate(keys):
            tally = counted[process][thing]
            assert tally.get() == column.get(key) == expected[process][thing]
            assert tally.others() == column.others(key)
            assert tally.total() == column.total(key)
    board.close()
