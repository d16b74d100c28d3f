"""How many sessions a source has in all processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.net.board import Board
from bridge.net.crowd import Arrivals, Crowded
from bridge.net.prefixes import NOBODY
from bridge.net.shared_crowd import SharedCrowd
from tests import test_crowd

ALONE = (
    test_crowd.test_who_is_refused_counts_for_nothing,
    test_crowd.test_a_leaving_that_nobody_entered_for_is_a_bug,
    test_crowd.test_who_has_no_address_is_not_limited,
)


@pytest.fixture
def board() -> Iterator[Board]:
    made = Board.create(4, 4096)
    yield made
    made.close()


def crowds(board: Board, sessions: int, **settings: Any) -> list[SharedCrowd]:
    """Of the front ``web``, in each process."""
    return [
        SharedCrowd(board.column(number), "web", sessions, None, **settings)
        for number in (1, 2, 3)
    ]


@pytest.mark.parametrize("test", ALONE, ids=lambda test: test.__name__)
def test_with_nobody_else_it_is_a_crowd(
    test: Callable[[], None], board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crowd(sessions: int, arrivals: Arrivals | None = None) -> SharedCrowd:
        return SharedCrowd(board.column(1), "web", sessions, arrivals)

    monkeypatch.setattr(test_crowd, "crowd", crowd)
    test()


def test_a_source_has_so_many_wherever_it_comes_in(board: Board) -> None:
    one, other, _ = crowds(board, 3)
    assert [one.enter(7, 0.0), other.enter(7, 0.0), one.enter(7, 0.0)] == [None] * 3
    assert one.enter(7, 0.0) is other.enter(7, 0.0) is Crowded.SESSIONS
    assert other.enter(8, 0.0) is None
    one.leave(7)
    assert other.enter(7, 0.0) is None
    assert (one.here(7), other.here(7), other.here(8)) == (1, 2, 1)


def test_fronts_and_kinds_of_addresses_are_apart(board: Board) -> None:
    web, mail = (SharedCrowd(board.column(1), name, 1, None) for name in ("a", "b"))
    assert web.enter(5, 0.0) is mail.enter(5, 0.0) is web.enter(-5, 0.0) is None


def test_who_comes_too_often_has_taken_no_place(board: Board) -> None:
    one = SharedCrowd(board.column(1), "web", 5, Arrivals(1, 60.0))
    other = SharedCrowd(board.column(2), "web", 1, None)
    assert one.enter(7, 0.0) is None
    assert one.enter(7, 0.0) is Crowded.ARRIVALS
    one.leave(7)
    assert other.enter(7, 0.0) is None


def test_what_a_dead_process_had_is_free_again(board: Board) -> None:
    one, other, _ = crowds(board, 1)
    assert one.enter(7, 0.0) is None
    assert other.enter(7, 0.0) is Crowded.SESSIONS
    board.clear(1)
    assert other.enter(7, 0.0) is None


steps = st.lists(
    st.tuples(st.booleans(), st.integers(0, 2), st.sampled_from([1, 2, -1, NOBODY])),
    max_size=100,
)


@given(steps, st.integers(1, 4))
def test_there_are_never_more_and_at_the_end_there_is_nothing(
    happens: list[tuple[bool, int, int]], most: int
) -> None:
    board = Board.create(4, 256)
    everywhere, inside = crowds(board, most), list[tuple[int, int]]()
    for comes, number, source in happens:
        if comes:
            refused = everywhere[number].enter(source, 0.0)
            here = sum(other == source for _, other in inside)
            assert (refused is not None) is (source != NOBODY and here >= most)
            inside += [(number, source)] * (refused is None)
        elif inside:
            number, source = inside.pop(0)
            everywhere[number].leave(source)
    for number, source in inside:
        everywhere[number].leave(source)
    for source in (1, 2, -1):
        assert board.total(board.key("source", "web", source)) == 0
    assert not any(len(each) or each._keys for each in everywhere)
    board.close()
