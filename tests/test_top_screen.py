"""What stands on the screen, and that nothing else does."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console, Group

from bridge.control.top_chosen import Chosen
from bridge.control.top_looks import Seen
from bridge.control.top_screen import TONES, Shown, screen
from bridge.control.top_views import VIEWS
from tests.test_sessions_command import WHOLE
from tests.topped import (
    ending,
    farm,
    front,
    listed,
    looked,
    seeing,
    server,
    session,
    status,
)

SEEN = seeing(looked(98.0))


def drawn(
    *keys: str, seen: Seen = SEEN, size: tuple[int, int] = (80, 24), **shown: Any
) -> list[str]:
    chosen = Chosen()
    for key in keys:
        chosen.press(key, seen)
    lines = screen(Shown(seen, chosen, **shown), *size)
    return [line.plain.rstrip() for line in lines]


def test_at_80_by_24_it_is_this() -> None:
    lines = drawn()
    # Its first cell is empty.
    assert [line[1:] for line in lines if line] == [
        "bridge 1.0  3/7972 sessions  ↑ 0/s  ↓ 0/s  0 new/s  up 1h1m  1 worker",
        " 1 Overview  2 Fronts  3 Farms  4 Servers  5 Sessions  6 Ended"
        "       every 1 s",
        "1 sessions by RATE",
        "FRONT▲ LISTENS ON  SESSIONS  NEW/s  UP/s  DOWN/s  ACCEPTED   UP  DOWN  FARMS",
        "web    [::]:443           3      0     0       0        10  100  1000  web",
        "FARM▲ SERVERS  SESSIONS  WAITING  NEW/s  UP/s  DOWN/s  NOTE",
        "web       1/2         3        0      0     5      50  -",
        "CLIENT               SERVER    AGE  UP/s   DOWN/s     RTT ms        MSS  RETR",
        "[2001:db8::1]:50000  b       1m15s    10  1.95KiB  84.2/0.20  1208/8948  31/0",
        "q quit  ? help  Enter open  k kill  s sort  i invert  / filter  p pause",
    ]
    assert len(lines) == 24


@pytest.mark.parametrize(
    "size", [(80, 24), (200, 60), (40, 10), (20, 4), (1, 1), (500, 3)]
)
@pytest.mark.parametrize("key", [*"123456?", "/", "enter"])
def test_it_fits_whatever_size_it_is(size: tuple[int, int], key: str) -> None:
    many = [session(f"s-{n}", limited_by="gateway") for n in range(300)]
    seen = seeing(
        looked(98.0),
        status=status(fronts=[front(f"f{n}") for n in range(50)]),
        sessions=listed(*many, sums=[]),
        servers={"servers": [server(f"{n}") for n in range(1000)]},
    )
    chosen = Chosen()
    chosen.press(key, seen)
    lines = screen(Shown(seen, chosen, [1.0] * 99), *size)
    assert len(lines) == size[1]
    assert all(line.cell_len <= size[0] for line in lines)


def test_a_wide_one_has_all_of_it() -> None:
    seen = seeing(sessions=listed(session(limited_by="front_net"), sums=[]))
    lines = drawn("5", seen=seen, size=(220, 24))
    for name in ("FRONT", "STATE", "HELD", "LIMITED BY", "SESSION", "abc-1"):
        assert name in "\n".join(lines)
    assert "front_net" in lines[4]


def test_a_long_list_is_moved_through() -> None:
    many = [session(f"s-{n:03}", rate={"up": 0, "down": 300 - n}) for n in range(300)]
    seen = seeing(sessions=listed(*many, sums=[]))
    assert "s-000" in "\n".join(drawn("5", seen=seen, size=(200, 24)))
    last = "\n".join(drawn("5", "end", seen=seen, size=(200, 24)))
    assert "s-299" in last and "s-000" not in last


def test_what_fronts_have_no_line_for_is_counted() -> None:
    seen = seeing(status=status(fronts=[front(f"f{n}") for n in range(50)]))
    assert "and 48 more" in "\n".join(drawn(seen=seen))


def test_what_is_odd_with_paths_stands_first() -> None:
    warnings = [f"warning {n}" for n in range(9)]
    path = {"fronts": {}, "farms": {}, "warnings": warnings}
    lines = drawn(seen=seeing(path=path))
    assert lines[3] == " warning: warning 0"
    assert lines[6] == " and 6 more: bridgectl path has them all"
    assert len(lines) == 24
    assert "warning" not in "".join(drawn("5", seen=seeing(path=path)))


def test_an_old_look_says_how_old_and_why() -> None:
    lines = drawn(trouble="a.sock: Connection refused", behind=7.0)
    assert lines[2] == " seen 7.0s ago, trying again: a.sock: Connection refused"


def test_what_is_not_there_yet_is_not_none() -> None:
    empty = seeing(servers={"servers": []})
    assert " none" in drawn("4", seen=empty)
    assert " ..." in drawn("4", seen=empty, pending=True)


def test_of_an_address_that_is_too_long_the_end_is_seen() -> None:
    client = "2001:db8:1234:5678:9abc:def0:1234:5678"
    seen = seeing(sessions=listed(session(client=client), sums=[]))
    (line,) = [each for each in drawn("5", seen=seen) if "1208/8948" in each]
    assert line.startswith(" …") and "1234:5678]:50000 " in line
    (line,) = [e for e in drawn("5", seen=seen, size=(120, 24)) if "1208/8948" in e]
    assert line.startswith(f" [{client}]:50000 ")


def test_a_filter_a_question_and_an_answer_are_seen() -> None:
    seen = SEEN
    assert drawn("/", *"web", seen=seen)[-1] == " filter: web█"
    assert " web " in drawn("/", *"web", "enter", seen=seen)[2]
    assert drawn("4", "d")[-1] == (
        " Drain server b of farm web (up, 3 sessions)?   y yes, others no"
    )
    assert drawn("4", "d", "n")[-1] == " not done"
    assert "paused" in drawn("p")[1]


def test_a_session_is_seen_with_both_its_sides() -> None:
    lines = drawn("enter", seen=replace(SEEN, session=WHOLE))
    assert lines[3] == " session abc-1 of worker 0"
    assert any(line.startswith(" SIDE") for line in lines)
    assert drawn("enter")[3] == " …"


HOSTILE = [
    "[red]x[/red]",
    "[/nothing]",
    "[link=https://example.net]x[/link]",
    ":warning:",
    "\x1b[2J\x1b]0;owned\x07",
    "\x9b31m",
    "a\r\nb\tc",
    "\u202egnp.exe",
    "漢字" * 20,
    "\U0001f600",
    "e\u0301" * 9,
    "\udcff",
    "",
]


def written(seen: Seen, *keys: str) -> str:
    """What a terminal gets."""
    chosen = Chosen()
    for key in keys:
        chosen.press(key, seen)
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=True, color_system="standard")
    console.print(Group(*screen(Shown(seen, chosen), 100, 30)))
    return out.getvalue()


def named(name: str) -> Seen:
    """Everything is called that."""
    return seeing(
        status=status(
            version=name, fronts=[front(name, listen=[name])], farms=[farm(name)]
        ),
        servers={"servers": [server(name, farm=name, why=name, check=name)]},
        sessions=listed(
            session(name, client=name, server=name, front=name, limited_by=name),
            sums=[],
        ),
        endings={"endings": [ending(name, reason=name, client=name)]},
    )


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("view", [str(n) for n in range(1, len(VIEWS) + 1)])
def test_no_name_does_anything_to_the_terminal(name: str, view: str) -> None:
    """No sequence is there but those that colour, no line more, and no line longer."""
    got = written(named(name), view)
    plain = written(named("x"), view)
    for sequence in got.split("\x1b")[1:]:
        assert sequence.startswith("["), sequence
        assert sequence.lstrip("[0123456789;")[0] == "m", sequence
    assert got.count("\n") == plain.count("\n")
    assert not {c for c in got if not c.isprintable()} - {"\x1b", "\n"}
    if name.startswith("["):
        assert name[:10] in got


@settings(deadline=None)
@given(st.text(max_size=30))
def test_whatever_it_is_called_it_is_one_line(name: str) -> None:
    for line in screen(Shown(named(name), Chosen()), 80, 24):
        assert line.cell_len <= 80 and "\n" not in line.plain


def test_every_tone_has_a_colour() -> None:
    tones = set()
    for view in VIEWS:
        for table in view.tables:
            rows = table.rows(seeing())
            tones |= {c.tone(row) for c in table.columns if c.tone for row in rows}
    assert tones <= TONES.keys()
