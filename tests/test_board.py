"""The table that several processes count in: alone, together, and when one dies."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.net.board import Board
from bridge.net.column import WAYS
from tests import boarding

COLUMNS = 4


@pytest.fixture
def board() -> Iterator[Board]:
    made = Board.create(COLUMNS, 256)
    yield made
    made.close()


def crowded(board: Board, count: int) -> list[int]:
    """Keys of one bucket."""
    mask = board.slots // WAYS - 1
    keys = (board.key("source", number) for number in range(100_000))
    meeting: list[int] = []
    first = next(keys)
    while len(meeting) < count:
        key = next(keys)
        if key >> 1 & mask == first >> 1 & mask:
            meeting.append(key)
    return meeting


def memory(board: Board) -> int:
    """Bytes of it that are there."""
    return os.fstat(board.fd).st_blocks * 512


def test_each_writes_its_own_and_reads_all(board: Board) -> None:
    one, other = board.column(1), board.column(2)
    key = board.key("server", "web", "192.0.2.1", 80)
    assert one.add(key, 3) == 3
    assert other.add(key, 4) == 4
    assert (one.get(key), one.others(key), one.total(key)) == (3, 4, 7)
    assert (other.get(key), other.others(key)) == (4, 3)
    assert one.add(key, -1) == 2
    assert board.total(key) == 6


def test_a_claim_is_counted_and_told_with_all_others(board: Board) -> None:
    one, other = board.column(1), board.column(2)
    key = board.key("sessions")
    assert [one.claim(key), other.claim(key), one.claim(key)] == [1, 2, 3]


def test_a_number_may_be_put_and_each_process_has_its_own(board: Board) -> None:
    one, key = board.column(1), board.key("waiting", "web")
    for number, put in ((2, 7), (3, 1 << 62)):
        board.column(number).put(key, 1)
        board.column(number).put(key, put)
    assert one.each(key) == [7, 1 << 62]
    board.column(2).put(key, 0)
    assert sum(one.each(key)) == 1 << 62


def test_keys_differ_by_every_part_and_by_board(board: Board) -> None:
    said = [
        ("server", "a", "b"),
        ("server", "ab", ""),
        ("server", "", "ab"),
        ("server", "a", "b", ""),
        ("front", "a", "b"),
        ("source", "1"),
        ("source", 1),
        ("source", -1),
    ]
    keys = {board.key(*parts) for parts in said}  # type: ignore[arg-type]
    assert len(keys) == len(said)
    another = Board.create(1, 1)
    assert keys.isdisjoint({another.key(*parts) for parts in said})  # type: ignore[arg-type]
    another.close()


def test_another_process_has_the_same_keys_and_sees_the_same(board: Board) -> None:
    board.column(0).add(board.key("sessions"), 100)
    assert boarding.run(board, ("count", 20)) == [120]
    assert board.total(board.key("sessions")) == 120


counts = st.lists(
    st.one_of(
        st.tuples(st.integers(0, COLUMNS - 1), st.integers(0, 15), st.integers(-3, 3)),
        st.integers(1, COLUMNS - 1),
    ),
    max_size=100,
)
"""So many more of a key in a column; or a column is cleared."""


@given(counts)
def test_whatever_is_counted_is_what_is_told(
    steps: list[tuple[int, int, int] | int],
) -> None:
    board = Board.create(COLUMNS, 4096)
    keys = [board.key("key", number, total=number > 9) for number in range(16)]
    expected: list[Counter[int]] = [Counter() for _ in range(COLUMNS)]
    columns = [board.column(number) for number in range(COLUMNS)]
    for step in steps:
        if isinstance(step, int):
            board.clear(step)
            columns[step] = board.column(step)
            totals = {key: n for key, n in expected[step].items() if key > 9}
            expected[0].update(totals)
            expected[step].clear()
        else:
            column, key, count = step
            columns[column].add(keys[key], count)
            expected[column][key] += count
    for column, had in enumerate(expected):
        for number, key in enumerate(keys):
            all_have = sum(each[number] for each in expected)
            assert columns[column].get(key) == had[number]
            assert columns[column].others(key) == all_have - had[number]
    board.close()


def test_a_full_bucket_counts_for_its_own_process_only(board: Board) -> None:
    one, other = board.column(1), board.column(2)
    *fitting, beyond = crowded(board, WAYS + 1)
    for key in fitting:
        one.add(key, 1)
    assert one.claim(beyond) == 1
    assert one.add(beyond, 1) == one.get(beyond) == 2
    assert other.others(beyond) == 0
    other.add(beyond, 5)  # of which the one that is alone is told all the same
    assert one.total(beyond) == 7


def test_what_was_alone_is_told_once_there_is_a_place(board: Board) -> None:
    one, other = board.column(1), board.column(2)
    *fitting, beyond = crowded(board, WAYS + 1)
    for key in (*fitting, beyond):
        one.add(key, 2)
    one.add(fitting[3], -2)
    one.add(beyond, 1)
    assert (one.get(beyond), other.others(beyond), other.others(fitting[3])) == (
        3,
        3,
        0,
    )
    assert all(other.others(key) == 2 for key in fitting if key != fitting[3])


def test_what_was_alone_and_is_given_back_is_forgotten(board: Board) -> None:
    one = board.column(1)
    *fitting, beyond = crowded(board, WAYS + 1)
    for key in fitting:
        one.add(key, 1)
    one.add(beyond, 1)
    assert one.add(beyond, -1) == one.get(beyond) == 0
    assert not one._alone


def test_keys_that_come_and_go_leave_room(board: Board) -> None:
    """What has no number any more takes nobody's place."""
    one, other = board.column(1), board.column(2)
    for number in range(20_000):
        key = board.key("source", number)
        one.add(key, 1)
        assert other.others(key) == 1
        one.add(key, -1)


def test_a_dead_column_is_cleared_and_its_totals_are_kept(board: Board) -> None:
    sessions, total = board.key("sessions"), board.key("sessions", total=True)
    for _ in range(2):
        dying = board.column(1)
        dying.add(sessions, 5)
        dying.add(total, 50)
        board.clear(1)
    left = board.column(2)
    assert (left.total(sessions), left.total(total)) == (0, 100)


def test_a_successor_begins_with_nothing(board: Board) -> None:
    *fitting, beyond = crowded(board, WAYS + 1)
    dying = board.column(1)
    for key in (*fitting, beyond):
        dying.add(key, 1)
    board.clear(1)
    following = board.column(1)
    assert [following.get(key) for key in (*fitting, beyond)] == [0] * (WAYS + 1)
    assert following.add(beyond, 1) == 1
    assert board.total(beyond) == 1


def test_a_total_keeps_its_place_at_nought(board: Board) -> None:
    """Or what reads it would find another's number for it once."""
    one = board.column(1)
    keys = crowded(board, WAYS)
    totals = [key | 1 for key in keys]
    for key in totals:
        one.add(key, 1)
        one.add(key, -1)
    one.add(keys[0], 1)
    assert board.column(2).others(keys[0]) == 0


def test_clearing_gives_memory_back() -> None:
    board = Board.create(2, 65_536)
    before = memory(board)
    column = board.column(1)
    for number in range(500):
        column.add(board.key("source", number), 1)
    assert memory(board) > before
    board.clear(1)
    assert memory(board) <= before + 4096
    board.close()


def test_what_nobody_touches_has_no_memory() -> None:
    board = Board.create(64, 1 << 20)
    board.column(1).add(board.key("sessions"), 1)
    assert memory(board) < 64 * 1024
    board.close()


def test_who_comes_later_is_seen_and_who_was_cleared_is_not(board: Board) -> None:
    one, key = board.column(1), board.key("sessions")
    assert one.others(key) == 0
    for number in (2, 3):
        board.column(number).add(key, 1)
    assert one.others(key) == 2
    board.clear(3)
    assert one.others(key) == 1


def test_what_is_no_board_is_refused(tmp_path: os.PathLike[str]) -> None:
    path = os.path.join(tmp_path, "file")
    for content in (b"", b"x" * 8192):
        with open(path, "wb+") as file:
            file.write(content)
            file.flush()
            with pytest.raises(ValueError, match="no board"):
                Board.open(file.fileno())


def test_nobody_can_cut_it_off(board: Board) -> None:
    with pytest.raises(PermissionError):
        os.ftruncate(board.fd, 4096)


@pytest.mark.parametrize("number", [-1, COLUMNS])
def test_there_are_no_more_columns_than_there_are(board: Board, number: int) -> None:
    with pytest.raises(IndexError):
        board.column(number)


def test_nobody_clears_the_column_of_the_dead(board: Board) -> None:
    with pytest.raises(ValueError, match="column 0"):
        board.clear(0)
    with pytest.raises(ValueError, match="columns"):
        Board.create(0, 1)


@pytest.mark.parametrize("processes", [2, 3])
def test_of_those_who_claim_the_last_place_at_once_never_two_have_it(
    board: Board, processes: int
) -> None:
    """
    The bound: never more than there are.  What a race may cost is that none has it, so
    rounds without are counted as such, and must not be all of them.
    """
    rounds = 3000
    board.column(0).add(board.key("place"), 9)
    task = ("race", processes, rounds, 10)
    for seen in boarding.run(board, *[task] * processes):
        assert set(seen) <= {"0", "1"}
        assert seen["1"] > 0
        assert sum(seen.values()) == rounds


def test_anybodys_number_can_be_read(board: Board) -> None:
    key = board.key("sessions")
    board.column(1).add(key, 3)
    board.column(2).add(key, 4)
    assert [board.read(number, key) for number in range(3)] == [0, 3, 4]
    assert board.read(1, board.key("nothing")) == 0
