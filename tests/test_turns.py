"""Whose turn it is among processes, by how long their first have waited."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twisted.internet.task import Clock

from bridge.net.board import Board
from bridge.net.turns import FRESH, PATIENCE, Turns


class Three:
    """Processes that wait for the same."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.advance(5000.0)
        self.board = Board.create(4, 256)
        self.key = self.board.key("waiting", "web")
        self.turns = [
            Turns(self.board.column(number), self.clock.seconds)
            for number in range(1, 4)
        ]

    def first(self, *waited: float | None) -> list[bool]:
        """Once they have told so: of each, whether others come before it."""
        for turns, told in zip(self.turns, waited, strict=True):
            turns.tell(self.key, told)
        return [
            turns.others_first(self.key, told)
            for turns, told in zip(self.turns, waited, strict=True)
        ]


@pytest.fixture
def three() -> Iterator[Three]:
    made = Three()
    yield made
    made.board.close()


@pytest.mark.parametrize(
    ("waited", "others_first"),
    [
        ((None, None, None), [False, False, False]),
        ((0.0, None, None), [False, False, False]),
        ((PATIENCE * 2, None, None), [False, True, True]),
        ((1.0, 1.0 + PATIENCE / 2, None), [False, False, True]),
        ((1.0, 1.5, 2.0), [True, True, False]),
    ],
)
def test_who_has_waited_longest_comes_first(
    three: Three, waited: tuple[float | None, ...], others_first: list[bool]
) -> None:
    assert three.first(*waited) == others_first


def test_longer_than_can_be_told_is_longest_all_the_same(three: Three) -> None:
    assert three.first(1e7, None, 100.0) == [False, True, True]


def test_what_was_told_grows_with_the_time_and_is_forgotten(three: Three) -> None:
    three.first(0.0, None, None)
    other = three.turns[1]
    assert other.longest(three.key) == pytest.approx(0.0, abs=0.002)
    three.clock.advance(FRESH * 0.75)
    assert other.longest(three.key) == pytest.approx(FRESH * 0.75, abs=0.002)
    assert other.others_first(three.key, None)
    three.clock.advance(FRESH * 0.5)
    assert other.longest(three.key) is None
    assert not other.others_first(three.key, None)


def test_who_does_not_wait_any_more_is_not_waited_for(three: Three) -> None:
    three.first(1.0, None, None)
    assert three.first(None, None, None) == [False] * 3


def test_every_thing_has_its_own_turns(three: Three) -> None:
    three.first(1.0, None, None)
    assert not three.turns[1].others_first(three.board.key("waiting", "mail"), None)
