"""Columns that fit, and which rows are on the screen."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.control.top_columns import Column
from bridge.control.top_layout import GAP, Fitted, fitted, shares, spark, window
from bridge.control.top_views import FRONTS, SERVERS, SESSIONS
from tests.topped import front, seeing, server, session


def column(name: str, width: int, spare: int = 0, least: int = 0) -> Column:
    return Column(name, lambda _: "x" * width, lambda _: 0, spare, least=least)


def total(columns: Sequence[Fitted]) -> int:
    return sum(each.width for each in columns) + GAP * (len(columns) - 1)


def names(columns: Sequence[Fitted]) -> list[str]:
    return [each.column.name for each in columns]


def test_all_of_it_is_there_where_there_is_room() -> None:
    columns = [column("A", 10), column("B", 3, spare=9)]
    assert names(fitted(columns, [{}], 15)) == ["A", "B"]
    assert [each.width for each in fitted(columns, [{}], 15)] == [10, 3]


def test_what_has_most_to_spare_goes_first_and_what_has_none_stays() -> None:
    columns = [column("A", 10), column("B", 3, spare=1), column("C", 3, spare=2)]
    assert names(fitted(columns, [{}], 19)) == ["A", "B"]
    assert names(fitted(columns, [{}], 14)) == ["A"]
    assert names(fitted(columns, [{}], 2)) == ["A"]


def test_what_can_do_with_less_is_cut_before_another_goes() -> None:
    columns = [column("A", 20, least=5), column("B", 9, spare=1)]
    assert [each.width for each in fitted(columns, [{}], 20)] == [9, 9]
    assert names(fitted(columns, [{}], 15)) == ["A"]


def test_a_head_is_as_wide_as_its_name_without_rows() -> None:
    assert [each.width for each in fitted([column("NAME", 9)], [], 80)] == [4]


def test_at_80_cells_the_tables_have_what_one_looks_for() -> None:
    told = seeing()
    sessions = fitted(SESSIONS.columns, [session()], 78)
    assert {"CLIENT", "UP/s", "DOWN/s", "RTT ms", "MSS", "RETR"} <= set(names(sessions))
    fronts = fitted(FRONTS.columns, told.fronts, 78)
    assert {"FRONT", "SESSIONS", "NEW/s", "UP/s", "DOWN/s"} <= set(names(fronts))
    servers = fitted(SERVERS.columns, told.servers, 78)
    assert {"SERVER", "STATE", "SESSIONS", "UP/s", "DOWN/s"} <= set(names(servers))
    for each in (sessions, fronts, servers):
        assert total(each) <= 78


@settings(deadline=None)
@given(st.integers(40, 300), st.text(max_size=90))
def test_whatever_something_is_called_it_fits(room: int, name: str) -> None:
    rows = [
        server(name, why=name, farm=name)
        | {"rate": {"up": 1, "down": 1, "sessions": 1}}
    ]
    columns = fitted(SERVERS.columns, rows, room)
    stays = [each for each in columns if each.column.spare == 0]
    assert total(columns) <= room or columns == stays
    assert front(name)["front"] == name


@settings(deadline=None)
@given(st.integers(0, 500), st.integers(0, 600), st.integers(1, 100))
def test_what_is_chosen_is_on_the_screen(count: int, chosen: int, lines: int) -> None:
    chosen = min(chosen, max(0, count - 1))
    first = window(count, chosen, lines)
    assert 0 <= first <= chosen < first + lines


def test_of_several_tables_the_last_has_what_the_others_leave() -> None:
    assert shares([2, 9, 300], 20) == [2, 4, 14]
    assert shares([300], 20) == [20]
    assert shares([9, 9, 9], 2) == [1, 1, 1]


def test_bars_are_as_high_as_what_they_stand_for() -> None:
    assert spark([]) == ""
    assert spark([0, 0]) == "▁▁"
    assert spark([0, 5, 10]) == "▁▄█"
