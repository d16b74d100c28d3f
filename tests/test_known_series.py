"""Which numbers there are on a board, as workers come and go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.net.board import Board
from bridge.processes.known_series import KEPT, KnownSeries
from bridge.service.ledger import key_of
from bridge.watch.metrics import Series

BYTES, ACTIVE = ("bytes", "web", "up"), ("sessions_active", "web")


class Bench:
    """Columns 1 and 2 are two workers'."""

    def __init__(self) -> None:
        self.board = Board.create(columns=3, slots=64)
        self.known = KnownSeries(self.board)

    def tells(self, column: int, *series: Series) -> None:
        """As it comes over the link."""
        self.known.hear(column, {"new": [list(each) for each in series]}, 0.0)

    def has(self, column: int, series: Series, number: int) -> None:
        key = key_of(self.board.key, series)
        self.board.column(column).put(key, number)

    def dies(self, column: int, now: float) -> None:
        self.board.clear(column)
        self.known.lost(column, now)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.board.close()


def test_what_is_told_can_be_read(bench: Bench) -> None:
    bench.tells(1, BYTES, ACTIVE)
    bench.tells(2, BYTES)
    bench.has(1, BYTES, 5)
    bench.has(2, BYTES, 7)
    assert list(bench.known) == [BYTES, ACTIVE]
    assert (bench.known.read(1, BYTES), bench.known.total(BYTES)) == (5, 12)
    assert (bench.known.read(1, ACTIVE), bench.known.total(("bytes",))) == (0, 0)


def test_the_dead_are_counted_by_who_follows(bench: Bench) -> None:
    bench.tells(1, BYTES)
    bench.has(1, BYTES, 5)
    bench.dies(1, now=10.0)
    assert bench.known.total(BYTES) == 5  # nobody has it now
    bench.tells(1, BYTES)
    bench.known.forget(1000.0)
    assert bench.known.total(BYTES) == 5


def test_what_nobody_has_for_long_is_forgotten(bench: Bench) -> None:
    bench.tells(1, BYTES)
    bench.tells(2, BYTES)
    bench.has(1, BYTES, 5)
    bench.dies(1, now=10.0)
    bench.known.forget(1000.0)  # there is another one
    assert list(bench.known) == [BYTES]
    bench.dies(2, now=1000.0)
    bench.known.forget(1000.0 + KEPT - 1)
    assert bench.known.total(BYTES) == 5
    bench.known.forget(1000.0 + KEPT)
    assert list(bench.known) == []
    bench.tells(1, BYTES)
    assert bench.known.total(BYTES) == 0  # and begins anew


@pytest.mark.parametrize(
    ("series", "owner"),
    [
        (("rejected", "web", "deny"), ("sessions_accepted", "web")),
        (("session_seconds", "web", 3), ("sessions_accepted", "web")),
        (("dial_seconds", "a", 3), ("farm_servers", "a")),
        (("dial_failures", "a", "b", "refused"), ("server_up", "a", "b")),
    ],
)
def test_what_was_counted_once_is_kept_as_long_as_what_it_is_of(
    bench: Bench, series: Series, owner: Series
) -> None:
    bench.tells(1, series, owner)
    bench.has(1, series, 5)
    bench.tells(2, owner)  # to which it has not happened yet
    bench.dies(1, now=0.0)
    bench.known.forget(10 * KEPT)
    assert bench.known.total(series) == 5
    bench.dies(2, now=10 * KEPT)
    bench.known.forget(20 * KEPT)
    assert list(bench.known) == []


def test_who_tells_that_it_is_gone_has_it_no_more(bench: Bench) -> None:
    bench.tells(1, ACTIVE)
    bench.known.hear(2, {"gone": [ACTIVE]}, 0.0)  # that never had it
    bench.known.forget(KEPT)
    assert list(bench.known) == [ACTIVE]
    bench.known.hear(1, {"new": [], "gone": [list(ACTIVE)]}, 0.0)
    bench.known.forget(KEPT)
    assert list(bench.known) == []


def test_what_a_newer_version_tells_is_passed_over(bench: Bench) -> None:
    told = [
        ["of_the_future", 1],
        ["bytes", "web"],
        ["session_seconds", "web"],
        ["bytes"],
    ]
    bench.known.hear(1, {"new": told, "gone": told}, 0.0)
    bench.known.hear(1, {"new": [["session_seconds", "web", 3]]}, 0.0)
    assert list(bench.known) == [("session_seconds", "web", 3)]
