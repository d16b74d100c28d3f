"""Who writes which column of the board."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from bridge.net.board import Board
from bridge.processes.columns import MOST, Columns
from bridge.service.ledger import BoardLedger


@pytest.fixture
def columns() -> Iterator[Columns]:
    made = Columns()
    yield made
    made.close()


def test_each_is_somebodys_alone(columns: Columns) -> None:
    taken = [columns.take() for _ in range(MOST)]
    assert sorted(taken) == list(range(1, MOST + 1))  # 0 is the supervisor's
    with pytest.raises(OSError, match="256 workers are the most"):
        columns.take()
    columns.give(7)
    assert columns.take() == 7


def test_who_is_gone_counts_for_nothing(columns: Columns) -> None:
    number = columns.take()
    board = Board.open(os.dup(columns.fds[0]))  # as a worker has it
    key = board.key("sessions")
    board.column(number).add(key, 3)
    assert columns.board.column(0).others(key) == 3
    columns.give(number)
    assert columns.board.column(0).others(key) == 0
    board.close()


def test_one_that_nobody_has_touched_takes_no_memory(columns: Columns) -> None:
    before = os.fstat(columns.fds[0]).st_blocks
    for _ in range(MOST):
        columns.take()
    assert os.fstat(columns.fds[0]).st_blocks == before


def test_numbers_are_read_by_their_names_and_totals_outlive_their_process(
    columns: Columns,
) -> None:
    number = columns.take()
    board = Board.open(os.dup(columns.fds[1]))
    told = BoardLedger(
        board.column(number), lambda said: columns.hear(number, dict(said))
    )
    told.put(("bytes", "web", "up"), 7)
    told.put(("sessions_active", "web"), 3)
    told.flush()
    assert columns.read(number, ("bytes", "web", "up")) == 7
    columns.give(number)
    assert columns.read(number, ("bytes", "web", "up")) == 0
    assert columns.known.total(("bytes", "web", "up")) == 7
    assert columns.known.total(("sessions_active", "web")) == 0
    board.close()


def test_numbers_take_no_places_from_limits(columns: Columns) -> None:
    key = columns.board.key("sessions_active", "web")
    number = columns.take()
    with_numbers = Board.open(os.dup(columns.fds[1]))
    with_numbers.column(number).put(with_numbers.key("sessions_active", "web"), 3)
    assert columns.board.total(key) == 0
    with_numbers.close()
