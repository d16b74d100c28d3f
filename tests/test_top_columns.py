"""What columns say, and what they are sorted by."""

from __future__ import annotations

import pytest

from bridge.control import top_columns as column
from bridge.control.top_columns import LIMITED, Column
from tests.topped import front, moves, session


@pytest.mark.parametrize(
    ("of", "told", "text", "rank"),
    [
        (column.text("FRONT", "front"), front(), "web", "web"),
        (column.count("N", "sessions"), front(), "3", 3),
        (column.moved("DOWN", "down"), front(), "1000", 1000),
        (column.rate("DOWN/s", "down"), session(), "1.95KiB", 2000),
        (column.listed("FARMS", "farms"), front(farms=["a", "b"]), "a, b", "a, b"),
        (column.listed("FARMS", "farms"), front(farms=[]), "-", "-"),
        (
            column.tallied("E", "endings"),
            front(endings={"done": 7, "idle": 2}),
            "done 7, idle 2",
            9,
        ),
        (column.both("RTT", "rtt_ms", column.short), session(), "84.2/0.20", 84.2),
        (column.both("MSS", "mss_out", column.whole), session(), "1208/8948", 8948),
        (LIMITED, session(limited_by="front_net"), "front_net", "front_net"),
        (LIMITED, session(), "-", None),
    ],
)
def test_a_column_has_a_text_and_a_rank(
    of: Column, told: column.Told, text: str, rank: column.Rank
) -> None:
    assert (of.text(told), of.rank(told)) == (text, rank)


@pytest.mark.parametrize("sides", [None, {"front": None, "back": {}}])
def test_what_no_kernel_knows_is_a_dash(sides: object) -> None:
    both = column.both("RTT", "rtt_ms", column.short)
    told = session(sides=sides)
    assert (both.text(told), both.rank(told)) == ("-/-", None)


def test_a_rate_that_is_not_known_is_a_dash() -> None:
    told = moves() | {"rate": {"up": None, "down": 0, "sessions": None}}
    assert column.rate("UP/s", "up").text(told) == column.new().text(told) == "-"
    tone = column.rate("DOWN/s", "down").tone
    assert tone is not None and tone(told) == "quiet"


@pytest.mark.parametrize("name", ["\x1b[2Jx", "a\nb", "\x9b31m", "\u202ex", "\udc80"])
def test_nothing_that_a_terminal_obeys_comes_through(name: str) -> None:
    for of in (
        column.text("FRONT", "front"),
        column.listed("FARMS", "farms"),
        column.tallied("ENDINGS", "endings"),
    ):
        said = of.text(front(name, farms=[name], endings={name: 1}))
        assert said.isprintable() and said.isascii()
    assert LIMITED.text(session(limited_by=name)).isprintable()


def test_limits_are_told_in_the_tone_of_what_they_mean() -> None:
    tone = LIMITED.tone
    assert tone is not None
    assert tone(session(limited_by="gateway")) == "bad"
    assert tone(session(limited_by="none")) == "quiet"
    assert tone(session(limited_by="of_later")) == ""
