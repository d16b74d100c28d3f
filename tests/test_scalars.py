"""Sizes, times, numbers, switches and code points."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.config.scalars import (
    SIZE_UNITS,
    TIME_UNITS,
    dscp,
    or_word,
    seconds,
    show_seconds,
    show_size,
    shown,
    size,
    switch,
    whole,
)

anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.none())
)
near_misses = st.text(alphabet="0123456789.-+_ KkMGiBmsh", max_size=12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("64KiB", 65536), ("1MiB", 1048576), ("2GiB", 2 << 30), ("0", 0), (1500, 1500)],
)
def test_a_size_is_bytes(text: object, expected: int) -> None:
    assert size(text) == expected


@pytest.mark.parametrize(
    "text",
    ["64kB", "64K", "64 KiB", "1.5MiB", "-1", "", "KiB", "0x10", -1, 1.5, True, None],
)
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="64KiB, 1MiB or plain bytes"):
        size(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[("500ms", 0.5), ("5s", 5), ("2m", 120), ("1h", 3600), ("0.5h", 1800)],
        *[("7", 7), (7, 7), (0.25, 0.25), ("0s", 0), ("1.5s", 1.5)],
    ],
)
def test_a_time_is_seconds(text: object, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *["5 s", "5sec", "1:30", "-5s", "s", "", "5S", ".5s", "1e3", "٣s", "5s\n"],
        *[-1, -0.5, float("inf"), float("nan"), True, None, [], 10**400],
    ],
)
def test_what_is_no_time_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="500ms, 5s, 2m, 1h or plain seconds"):
        seconds(text)


@given(st.integers(0, 10**6), st.sampled_from(sorted(SIZE_UNITS)))
def test_every_size_reads_back(number: int, unit: str) -> None:
    value = size(f"{number}{unit}")
    assert value == number * SIZE_UNITS[unit]
    assert size(show_size(value)) == value


@given(st.integers(0, 10**6), st.sampled_from(sorted(TIME_UNITS)))
def test_every_time_reads_back(number: int, unit: str) -> None:
    value = seconds(f"{number}{unit}")
    assert value == pytest.approx(number * TIME_UNITS[unit])
    assert seconds(show_seconds(value)) == value


@given(st.one_of(anything, near_misses))
def test_anything_else_is_a_value_error_and_nothing_worse(value: object) -> None:
    for read in (size, seconds, whole, switch, dscp):
        try:
            assert read(value) >= 0 or read is whole
        except ValueError as error:
            assert len(str(error)) < 300


def test_values_are_shown_as_people_write_them() -> None:
    shown_sizes = [show_size(n) for n in (0, 1, 1024, 1536, 3 << 20)]
    assert shown_sizes == ["0", "1", "1KiB", "1536", "3MiB"]
    shown_times = [show_seconds(n) for n in (0, 0.001, 1, 60, 90, 120, 3600, 5400)]
    assert shown_times == ["0s", "1ms", "1s", "60s", "90s", "2m", "1h", "90m"]


def test_a_whole_number_may_be_text() -> None:
    assert [whole(v) for v in (5, "5", "-5", "0")] == [5, 5, -5, 0]
    for wrong in (True, 1.0, "1.0", "05", "1_0", "٣", "", None, "9" * 30):
        with pytest.raises(ValueError, match="no whole number"):
            whole(wrong)


def test_a_switch_has_two_words() -> None:
    assert [switch(v) for v in (True, False, "true", "false")] == [True, False] * 2
    for wrong in ("yes", "no", "on", "off", "True", 1, 0, None):
        with pytest.raises(ValueError, match="neither true nor false"):
            switch(wrong)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[(0, 0), (63, 63), ("46", 46), ("EF", 46), ("ef", 46), ("LE", 1)],
        *[("CS0", 0), ("CS1", 8), ("CS7", 56), ("AF11", 10), ("AF21", 18)],
        *[("AF43", 38), ("VOICE-ADMIT", 44)],
    ],
)
def test_a_code_point_is_a_number_or_a_name(text: object, expected: int) -> None:
    assert dscp(text) == expected


@pytest.mark.parametrize("text", [-1, 64, "AF44", "AF51", "CS8", "", None, True, 1.0])
def test_what_is_no_code_point_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="0 to 63"):
        dscp(text)


@pytest.mark.parametrize(
    ("word", "read", "value", "expected"),
    [
        ("auto", size, "auto", None),
        ("auto", size, "64KiB", 65536),
        ("off", seconds, "off", None),
        ("off", seconds, False, None),
        ("off", seconds, 5, 5.0),
    ],
)
def test_a_word_stands_for_nothing(
    word: str, read: Callable[[object], Any], value: object, expected: object
) -> None:
    assert or_word(word, read, value) == expected


def test_a_wrong_value_is_told_of_the_word() -> None:
    with pytest.raises(ValueError, match=r"plain bytes, or auto$"):
        or_word("auto", size, "off")


def test_a_message_quotes_values_as_a_file_has_them() -> None:
    values: list[object] = [None, True, {}, (), "x", 5, 10**100]
    assert list(map(shown, values)) == [
        *["nothing", "true", "a map", "a list", "'x'", "5"],
        "a number of more than 70 digits",
    ]
    assert len(shown("x" * 1000)) < 90
