"""Columns, sizes and times, as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.control.tables import clean, counted, size, table, tally, time


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (1023, "1023"),
        (1024, "1.00KiB"),
        (10 * 1024, "10.0KiB"),
        (100 * 1024, "100KiB"),
        (1 << 20, "1.00MiB"),
        (3 << 30, "3.00GiB"),
        (5 << 40, "5.00TiB"),
    ],
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0s"),
        (9.94, "9.9s"),
        (9.96, "10s"),
        (60, "1m0s"),
        (3599, "59m59s"),
        (3600, "1h0m"),
        (90_000, "1d1h"),
        (86_400 * 400, "400d0h"),
    ],
)
def test_times(seconds: float, text: str) -> None:
    assert time(seconds) == text


def test_a_table_is_as_wide_as_it_must_be() -> None:
    rows = [["a", 1, "x y"], ["longer", 1000, None]]
    assert list(table("NAME COUNT> NOTE", rows)) == [
        "NAME    COUNT  NOTE",
        "a           1  x y",
        "longer   1000  -",
    ]
    assert list(table("NAME COUNT>", [])) == ["NAME  COUNT"]


@given(st.text())
def test_nothing_that_is_shown_moves_a_terminals_cursor(text: str) -> None:
    assert clean(text).isprintable()


def test_what_is_printable_stays_as_it_is() -> None:
    assert clean("größe 1") == "größe 1"
    assert clean("a\x1b[2J\n") == "a\\x1b[2J\\n"
    assert clean(None) == clean("") == "-"
    assert clean(0) == "0"


def test_counts() -> None:
    assert counted(0, "server") == "0 servers"
    assert counted(1, "server") == "1 server"
    assert tally({"a": 1, "c": 5, "b": 5}) == "b 5, c 5, a 1"
