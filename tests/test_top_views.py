"""What there is to see: tables, and their order."""

from __future__ import annotations

import pytest

from bridge.control.orders import COMMANDS, SORTS
from bridge.control.top_columns import LIMITED, Column
from bridge.control.top_views import (
    ENDINGS,
    FARMS,
    FRONTS,
    SERVERS,
    SESSIONS,
    SORTED_THERE,
    VIEWS,
    Table,
    Told,
    ordered,
    shown_columns,
)
from tests.topped import farm, seeing, server, session

TABLES = (FRONTS, FARMS, SERVERS, SESSIONS, ENDINGS)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.title)
def test_each_column_tells_of_what_the_gateway_answers(table: Table) -> None:
    (row,) = table.rows(seeing())
    for each in table.columns:
        assert each.text(row), each.name
        each.rank(row)
        if each.tone is not None:
            each.tone(row)
    assert table.column(table.sort).name == table.sort
    assert table.key(row)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.title)
def test_what_tells_most_is_never_left_out(table: Table) -> None:
    assert table.columns[0].spare == 0 or table is SERVERS
    assert len({each.name for each in table.columns}) == len(table.columns)


def test_every_table_has_a_view_of_its_own() -> None:
    assert {view.tables for view in VIEWS} >= {(table,) for table in TABLES}


def test_a_gateway_knows_the_orders_and_sorts_that_it_is_asked_for() -> None:
    assert set(SORTED_THERE.values()) <= set(SORTS)
    for table in TABLES:
        assert set(table.orders) <= COMMANDS.keys()
        assert SORTED_THERE.keys() <= {each.name for each in SESSIONS.columns}


def by(table: Table, name: str) -> Column:
    column = table.column(name)
    assert column.name == name
    return column


def names(rows: list[Told], of: Column, reverse: bool = False) -> list[str]:
    return [row["server"] for row in ordered(rows, of, reverse)]


def test_numbers_begin_with_the_greatest_and_texts_with_a() -> None:
    rows: list[Told] = [server("b", sessions=1), server("c", sessions=9), server("a")]
    assert names(rows, by(SERVERS, "SESSIONS")) == ["c", "a", "b"]
    assert names(rows, by(SERVERS, "SESSIONS"), reverse=True) == ["b", "a", "c"]
    assert names(rows, by(SERVERS, "SERVER")) == ["a", "b", "c"]


def test_what_is_not_known_comes_last_either_way() -> None:
    unknown = session("x", sides=None, server="x")
    rows: list[Told] = [unknown, session(server="b")]
    for reverse in (False, True):
        assert names(rows, by(SESSIONS, "RTT ms"), reverse) == ["b", "x"]


def test_servers_that_need_somebody_come_first() -> None:
    rows: list[Told] = [
        server(state, state=state)
        for state in ("up", "disabled", "draining", "down", "starting", "ejected")
    ]
    assert SERVERS.sort == "STATE"
    assert names(rows, by(SERVERS, "STATE")) == [
        *("down", "ejected", "draining", "starting", "disabled", "up"),
    ]


def test_a_farm_is_as_well_as_its_servers() -> None:
    tone = by(FARMS, "SERVERS").tone
    assert tone is not None
    assert tone(farm(up=2)) == "good"
    assert tone(farm(up=1)) == "slow"
    assert tone(farm(up=0)) == tone(farm(panic=True)) == "bad"
    assert tone(farm(up=0, servers=0)) == tone(farm(map=True, up=0)) == ""


def test_limits_are_shown_where_a_gateway_tells_them() -> None:
    assert LIMITED not in shown_columns(SESSIONS, [session()])
    assert LIMITED in shown_columns(SESSIONS, [session(), session(limited_by="none")])
