"""Where a process writes its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from bridge.net.board import Board
from bridge.service import ledger as module
from bridge.service.ledger import BoardLedger, OwnLedger, key_of

BYTES, ACTIVE = ("bytes", "web", "up"), ("sessions_active", "web")


def test_an_own_one_is_read_as_it_is() -> None:
    own = OwnLedger()
    own.put(BYTES, 5)
    own.put(BYTES, 7)
    own.flush()
    assert own.numbers == {BYTES: 7} and own.read(BYTES) == 7
    own.drop(BYTES)
    own.drop(ACTIVE)
    assert own.read(BYTES) == 0


def test_totals_outlive_the_process() -> None:
    own = OwnLedger()
    own.put(BYTES, 5)
    own.put(ACTIVE, 3)
    own.end()
    assert own.numbers == {BYTES: 5}


class Told:
    def __init__(self) -> None:
        self.board = Board.create(columns=2, slots=64)
        self.messages: list[Mapping[str, Any]] = []
        self.ledger = BoardLedger(self.board.column(1), self.messages.append)

    def read(self, series: tuple[str, ...]) -> int:
        return self.board.read(1, key_of(self.board.key, series))


@pytest.fixture
def told() -> Iterator[Told]:
    made = Told()
    yield made
    made.board.close()


def test_on_a_board_each_name_is_told_once(told: Told) -> None:
    told.ledger.put(BYTES, 5)
    told.ledger.put(ACTIVE, 0)
    told.ledger.flush()
    told.ledger.put(BYTES, 9)
    told.ledger.flush()
    assert told.messages == [{"new": (BYTES, ACTIVE), "gone": []}]
    assert (told.read(BYTES), told.read(ACTIVE)) == (9, 0)


def test_what_is_gone_has_no_place_any_more(told: Told) -> None:
    told.ledger.put(ACTIVE, 5)
    told.ledger.flush()
    told.ledger.drop(ACTIVE)
    told.ledger.drop(BYTES)  # nobody has heard of that
    told.ledger.flush()
    assert told.messages[1:] == [{"new": [], "gone": [ACTIVE]}]
    assert told.read(ACTIVE) == 0


def test_what_comes_again_is_told_again(told: Told) -> None:
    told.ledger.put(ACTIVE, 5)
    told.ledger.flush()
    told.ledger.drop(ACTIVE)
    told.ledger.put(ACTIVE, 6)
    told.ledger.flush()
    gone, new = told.messages[1:]  # in this order
    assert (gone["gone"], new["new"]) == ([ACTIVE], (ACTIVE,))
    assert told.read(ACTIVE) == 6


def test_what_was_there_for_a_moment_is_not_told(told: Told) -> None:
    told.ledger.put(ACTIVE, 5)
    told.ledger.drop(ACTIVE)
    told.ledger.flush()
    assert told.messages == [] and told.read(ACTIVE) == 0


def test_totals_are_kept_by_the_board(told: Told) -> None:
    told.ledger.put(BYTES, 5)
    told.ledger.put(ACTIVE, 3)
    told.board.clear(1)
    assert told.board.total(key_of(told.board.key, BYTES)) == 5
    assert told.board.total(key_of(told.board.key, ACTIVE)) == 0


def test_no_message_is_long(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE", 2)
    for name in "abcde":
        told.ledger.put(("sessions_active", name), 1)
    told.ledger.flush()
    assert [len(m["new"]) for m in told.messages] == [2, 2, 1]
