"""What one process tells of a server, and what becomes of it in another."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.farm.server import Server
from bridge.farm.server_state import (
    ServerState,
    Terms,
    as_plain,
    newest,
    of_plain,
    recall,
    same_orders,
    state_of,
)
from bridge.farm.state import State
from tests.servers import server

NOW = 1000.0
TERMS = Terms("asked", ejects=True, slow_start=60.0)
HERE = ("192.0.2.1:80",)


def told(**fields: Any) -> ServerState:
    defaults: dict[str, Any] = {"addresses": HERE, "changed": 900.0}
    return ServerState("web", "a", **defaults | fields)


def begun(known: ServerState, terms: Terms = TERMS, **fields: Any) -> Server:
    made = server("a", **fields)
    recall(made, known, terms, NOW)
    return made


times = st.integers(0, 3).map(float)
states = st.builds(
    ServerState,
    st.just("web"),
    st.just("a"),
    addresses=st.sampled_from([HERE, ()]),
    state=st.sampled_from([each.value for each in State]),
    why=st.sampled_from(["", "x"]),
    changed=times,
    order=st.sampled_from(["", "drain", "ready", "disable"]),
    ordered=times,
    disabled=st.booleans(),
    ejected=times,
    ejections=st.integers(0, 2),
    until=times,
    up=st.sampled_from([None, True, False]),
)


@given(states)
def test_it_goes_through_json_unchanged(state: ServerState) -> None:
    assert of_plain(json.loads(json.dumps(as_plain(state)))) == state


def test_another_version_may_know_more_or_less_of_it() -> None:
    plain = as_plain(told(ordered=5.0))
    del plain["ordered"]
    assert of_plain(plain | {"mood": "good"}) == told()


@given(states, states, states)
def test_of_all_that_was_told_the_newest_counts_in_whatever_order(
    a: ServerState, b: ServerState, c: ServerState
) -> None:
    assert newest(a, a) == a
    assert newest(a, b) == newest(b, a)
    assert newest(newest(a, b), c) == newest(a, newest(b, c))


def test_an_order_and_an_ejection_that_two_have_heard_of_both_count() -> None:
    ordered = told(order="drain", ordered=7.0, state="draining", changed=7.0)
    ejected = told(ejected=8.0, ejections=1, until=38.0, state="ejected", changed=8.0)
    both = newest(ordered, ejected)
    assert (both.order, both.ejections, both.state) == ("drain", 1, "ejected")
    assert begun(both).state is State.DRAINING, (
        "what an operator has ordered comes first"
    )


def test_news_are_orders_and_ejections() -> None:
    assert same_orders(None, told())
    assert not same_orders(None, told(ordered=1.0))
    assert same_orders(told(), told(state="down", changed=950.0))
    assert not same_orders(told(), told(ordered=1.0))
    assert not same_orders(told(ejected=2.0), told(ejected=3.0))


@pytest.mark.parametrize(
    ("order", "disabled", "state"),
    [
        ("drain", False, State.DRAINING),
        ("disable", False, State.DISABLED),
        ("ready", False, State.UP),
        ("ready", True, State.UP),
        ("drain", True, State.DRAINING),
        ("", True, State.DISABLED),
    ],
)
def test_an_order_stands_while_the_file_says_of_disabled_what_it_said(
    order: str, disabled: bool, state: State
) -> None:
    begins = State.DISABLED if disabled else State.UP
    ordered = 950.0 if order else 0.0
    known = told(order=order, ordered=ordered, disabled=disabled)
    made = begun(known, disabled=disabled, state=begins)
    assert (made.state, made.ordered) == (state, ordered)


@pytest.mark.parametrize("order", ["drain", "disable", "ready"])
@pytest.mark.parametrize("disabled", [True, False])
def test_a_file_that_says_otherwise_now_is_newer_than_any_order(
    order: str, disabled: bool
) -> None:
    begins = State.DISABLED if disabled else State.UP
    known = told(order=order, ordered=950.0, disabled=not disabled)
    made = begun(known, disabled=disabled, state=begins)
    assert (made.state, made.ordered) == (begins, 0.0)


def test_an_ejection_goes_on_to_its_end() -> None:
    known = told(
        state="ejected", why="refused", ejected=990.0, ejections=1, until=1020.0
    )
    made = begun(known)
    assert begun(replace(known, ejections=0)).state is State.EJECTED, "answered late"
    assert (made.state, made.until, made.why) == (State.EJECTED, 1020.0, "refused")
    assert made.changed == 900.0
    assert begun(replace(known, until=NOW)).state is State.UP
    assert begun(known, replace(TERMS, ejects=False)).state is State.UP
    readied = replace(known, order="ready", ordered=995.0)
    assert begun(readied).state is State.UP
    assert begun(replace(readied, ordered=985.0)).state is State.EJECTED


def test_a_server_that_is_asked_the_same_is_down_as_it_was() -> None:
    known = told(state="down", asked="asked", why="status 503", healthy=899.0)
    made = begun(known)
    assert (made.state, made.why, made.healthy) == (State.DOWN, "status 503", 899.0)
    assert begun(replace(known, asked="another")).state is State.UP
    assert begun(replace(known, asked=""), replace(TERMS, asked="")).state is State.UP


def test_a_slow_start_goes_on_from_where_it_began() -> None:
    known = told(state="starting", since=950.0)
    made = begun(known)
    assert (made.state, made.since) == (State.STARTING, 950.0)
    assert begun(known, replace(TERMS, slow_start=50.0)).state is State.UP
    assert begun(replace(known, since=NOW + 1)).state is State.UP, "another boot's"


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "down", "asked": "asked"},
        {"state": "ejected", "ejected": 990.0, "ejections": 1, "until": 1020.0},
        {"state": "starting", "since": 990.0},
    ],
)
def test_of_who_is_somewhere_else_now_only_orders_hold(fields: dict[str, Any]) -> None:
    known = told(**fields, addresses=("192.0.2.99:80",))
    assert begun(known).state is State.UP
    assert begun(known).ejected == 0
    drained = replace(known, order="drain", ordered=950.0)
    assert begun(drained).state is State.DRAINING


def test_a_state_says_what_its_server_says() -> None:
    one = server("a", state=State.DRAINING, ordered=5.0, changed=5.0, why="as ordered")
    state = state_of("web", one)
    assert state.key == ("web", "a")
    assert (state.order, state.addresses, state.quiet) == ("drain", HERE, False)
    assert state_of("web", server("a")).order == ""
    assert state_of("web", server("a")).quiet
