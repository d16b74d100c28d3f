"""What keys change, and what is asked for then."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.control.orders import checked
from bridge.control.top_chosen import QUICKEST, SLOWEST, Chosen, Mode, Order, Quit
from bridge.control.top_looks import Seen
from bridge.control.top_views import FRONTS, SERVERS, SESSIONS, VIEWS
from tests.topped import listed, seeing, server, session

SEEN = seeing(
    servers={"servers": [server("b"), server("c", sessions=9), server("a")]},
    sessions=listed(
        session("s-1", rate={"up": 1, "down": 1}),
        session("s-2", rate={"up": 9, "down": 9}),
        session("s-3", rate={"up": 5, "down": 5}, client="192.0.2.1"),
    ),
)


def pressed(*keys: str, seen: Seen = SEEN, chosen: Chosen | None = None) -> Chosen:
    chosen = chosen or Chosen()
    for key in keys:
        assert chosen.press(key, seen) is None, key
    return chosen


def shown(chosen: Chosen, what: str = "session") -> list[str]:
    return [row[what] for row in chosen.rows(chosen.view.table, SEEN)]


def at(chosen: Chosen, what: str = "session") -> str:
    rows = chosen.rows(chosen.view.table, SEEN)
    return str(rows[chosen.place(rows)][what])


# Views


def test_it_begins_with_all_of_it() -> None:
    wanted = Chosen().wanted(24)
    assert wanted.sessions and wanted.sums and not wanted.servers
    assert (wanted.sort, wanted.reverse, wanted.limit) == ("rate", False, 100)


def test_only_what_is_looked_at_is_asked_for() -> None:
    assert not pressed("2").wanted(24).sessions
    assert pressed("4").wanted(24).servers and pressed("4").wanted(24).sums
    assert pressed("6").wanted(24).endings and not pressed("6").wanted(24).sums


def test_tab_goes_round() -> None:
    assert pressed("tab").view is VIEWS[1]
    assert pressed("back_tab").view is VIEWS[-1]
    assert pressed(*["tab"] * len(VIEWS)).view is VIEWS[0]


def test_more_lines_get_more_sessions_up_to_a_limit() -> None:
    assert Chosen().wanted(150).limit == 150
    assert Chosen().wanted(100_000).limit == 1000


# Sorting


def test_sessions_begin_with_those_that_move_most() -> None:
    assert shown(Chosen()) == ["s-2", "s-3", "s-1"]


def test_keys_sort_by_one_column_after_the_other_and_back() -> None:
    chosen = pressed("4")
    names = [chosen.sort(SERVERS)[0].name]
    for _ in range(len(SERVERS.columns)):
        pressed("s", chosen=chosen)
        names.append(chosen.sort(SERVERS)[0].name)
    assert sorted(names[:-1]) == sorted(each.name for each in SERVERS.columns)
    assert names[-1] == names[0]
    pressed("s", "S", chosen=chosen)
    assert chosen.sort(SERVERS)[0].name == names[0]


def test_what_is_sorted_by_can_be_turned_round() -> None:
    assert shown(pressed("i")) == ["s-1", "s-3", "s-2"]
    assert pressed("i").wanted(24).reverse
    assert shown(pressed("i", "i")) == ["s-2", "s-3", "s-1"]


def test_of_what_a_gateway_cannot_sort_by_those_that_move_most_are_asked_for() -> None:
    chosen = pressed("5")
    while chosen.sort(SESSIONS)[0].name != "RTT ms":
        pressed("s", chosen=chosen)
    pressed("i", chosen=chosen)
    wanted = chosen.wanted(24)
    assert (wanted.sort, wanted.reverse) == ("rate", False)


# Lines


def test_a_line_is_chosen_and_stays_so_wherever_it_goes() -> None:
    chosen = pressed("down")
    assert at(chosen) == "s-3"
    pressed("i", chosen=chosen)
    assert at(chosen) == "s-3"


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        (("end",), "s-1"),
        (("end", "home"), "s-2"),
        (("page_down",), "s-1"),
        (("down", "up", "up"), "s-2"),
    ],
)
def test_moves_end_at_the_ends(keys: tuple[str, ...], name: str) -> None:
    assert at(pressed(*keys)) == name


def test_the_line_of_what_has_gone_is_its_neighbours() -> None:
    chosen = pressed("down")
    fewer = seeing(sessions=listed(session("s-9"), session("s-8")))
    rows = chosen.rows(SESSIONS, fewer)
    assert rows[chosen.place(rows)]["session"] == "s-8"
    assert chosen.place([]) == 0


# Filters


def typed(text: str, *keys: str, chosen: Chosen | None = None) -> Chosen:
    return pressed("/", *text, *keys, chosen=chosen)


def test_a_filter_is_typed_and_then_holds() -> None:
    chosen = typed("server=b 192.0.2.0/24", "enter")
    assert chosen.mode is Mode.TABLE
    assert chosen.wanted(24).only == {"server": "b", "client": "192.0.2.0/24"}
    assert pressed("escape", chosen=chosen).wanted(24).only == {}


def test_keys_are_characters_while_it_is_typed() -> None:
    chosen = typed("qdkp?x", "backspace")
    assert (chosen.typed, chosen.mode, chosen.paused) == ("qdkp?", Mode.TYPING, False)
    assert chosen.filter.words == ()
    assert pressed("erase", chosen=chosen).typed == ""


def test_who_thinks_better_of_it_has_the_filter_of_before() -> None:
    chosen = typed("192", "enter")
    typed(".0.2.9", "escape", chosen=chosen)
    assert (chosen.typed, shown(chosen)) == ("192", ["s-3"])


def test_a_filter_is_for_the_table_to_move_in() -> None:
    chosen = typed("nowhere", "enter")
    assert shown(chosen) == []
    assert len(chosen.rows(FRONTS, SEEN)) == 1


def test_what_is_typed_has_a_limit() -> None:
    assert len(typed("x" * 1000).typed) == 200


def test_what_the_gateway_will_not_filter_by_is_said_and_forgotten() -> None:
    chosen = typed("state=opne", "enter")
    assert chosen.refused("opne is no state")
    assert (chosen.said, chosen.bad, chosen.typed) == ("opne is no state", True, "")
    assert not chosen.refused("no worker runs")


# What is behind a line


def test_enter_has_the_sessions_of_a_server() -> None:
    chosen = pressed("4", "down", "enter")
    assert chosen.view.tables == (SESSIONS,)
    assert chosen.wanted(24).only == {"farm": "web", "server": "c"}


def test_enter_has_all_of_a_session_and_escape_goes_back() -> None:
    chosen = pressed("enter")
    assert (chosen.mode, chosen.wanted(24).session) == (Mode.SESSION, "s-2")
    assert not chosen.wanted(24).sessions
    pressed("escape", chosen=chosen)
    assert (chosen.mode, chosen.session) == (Mode.TABLE, "")


def test_a_session_that_ends_while_it_is_looked_at_is_said_to_have() -> None:
    chosen = pressed("enter")
    assert chosen.refused("there is no session s-2")
    assert (chosen.session, chosen.said) == ("", "session s-2 has ended")


# Orders


@pytest.mark.parametrize(
    ("key", "command"), [("d", "drain"), ("r", "ready"), ("x", "disable")]
)
def test_an_order_is_asked_about_and_given_for_the_server_that_was_meant(
    key: str, command: str
) -> None:
    chosen = pressed("4", "down", key)
    assert chosen.order is not None
    assert "server c of farm web (up, 9 sessions)?" in chosen.order.question
    done = chosen.press("y", seeing(servers={"servers": []}))
    assert isinstance(done, Order)
    assert (done.command, done.args) == (command, {"server": "c", "farm": "web"})
    checked(done.command, done.args)
    assert chosen.mode is Mode.TABLE


@pytest.mark.parametrize("key", ["n", "enter", "escape", "q", "d", " "])
def test_any_other_key_than_y_is_no(key: str) -> None:
    chosen = pressed("4", "d", key)
    assert (chosen.mode, chosen.order, chosen.said) == (Mode.TABLE, None, "not done")


def test_a_session_is_killed_from_the_list_or_while_it_is_looked_at() -> None:
    for keys in ("k",), ("enter", "k"):
        done = pressed(*keys).press("y", SEEN)
        assert isinstance(done, Order)
        assert (done.command, done.args) == ("kill", {"session": "s-2"})


def test_an_order_for_something_else_says_where_it_is_given() -> None:
    chosen = pressed("d")
    assert chosen.bad and "servers: see 4" in chosen.said
    assert "sessions: see 5" in pressed("4", "k").said
    empty: Any = seeing(servers={"servers": []})
    assert pressed("4", "d", seen=empty).said == "nothing to drain here"
    assert pressed("d", "down").said == ""


def test_a_question_has_nothing_in_it_that_a_terminal_obeys() -> None:
    hostile: Any = seeing(servers={"servers": [server("\x1b[2J", farm="\x07")]})
    chosen = pressed("4", "d", seen=hostile)
    assert chosen.order is not None and chosen.order.question.isprintable()
    done = chosen.press("y", hostile)
    assert isinstance(done, Order) and done.args["server"] == "\x1b[2J"


# The rest


def test_q_is_the_end_but_in_what_is_read_or_typed() -> None:
    assert isinstance(Chosen().press("q", SEEN), Quit)
    assert isinstance(pressed("enter").press("q", SEEN), Quit)
    assert pressed("?", "q").mode is Mode.TABLE
    assert pressed("enter", "?", "q").mode is Mode.SESSION


def test_it_pauses_and_looks_more_or_less_often() -> None:
    assert pressed("p").paused and not pressed("p", "p").paused
    assert pressed("+").interval == 2.0
    assert pressed(*"+" * 20).interval == SLOWEST
    assert pressed(*"-" * 20).interval == QUICKEST


KEYS = [*"q?hpsSi/drxk+-123456y \u00e4", "up", "down", "page_up", "page_down", "home"]
KEYS += ["end", "enter", "tab", "back_tab", "escape", "backspace", "erase", "left"]
NOTHING = seeing(servers={"servers": []}, sessions=listed(), endings={"endings": []})


@settings(deadline=None)
@given(st.lists(st.sampled_from(KEYS), max_size=60), st.booleans())
def test_whatever_is_pressed_it_knows_what_it_wants(
    keys: list[str], empty: bool
) -> None:
    chosen = Chosen()
    seen = NOTHING if empty else SEEN
    for key in keys:
        done = chosen.press(key, seen)
        rows = chosen.rows(chosen.view.table, seen)
        assert 0 <= chosen.place(rows) < max(1, len(rows))
        chosen.wanted(24)
        assert not isinstance(done, Order) or checked(done.command, done.args)
