"""``bridgectl servers``, ``drain``, ``ready`` and ``disable``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.control import servers_command
from bridge.control.commands import CommandError
from tests.answering import Answering, answering

__all__ = ["answering"]

SERVER: dict[str, Any] = {
    "farm": "web",
    "server": "b",
    "address": "192.0.2.10:80",
    "state": "up",
    "seconds": 4.0,
    "why": "",
    "sessions": 3,
    "connections": None,
    "weight": 1,
    "backup": False,
    "failing": False,
    "check": "",
    "due": None,
}


def server(**values: Any) -> dict[str, Any]:
    return {"servers": [SERVER | values]}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers_command, "LOOKS", 0.0)


def test_servers_are_a_line_each(answering: Answering) -> None:
    ejected = {"state": "ejected", "why": "for 30 s: refused", "due": 21.0}
    second = SERVER | ejected | {"failing": True, "check": "200", "connections": 5}
    third = SERVER | {"weight": 2, "backup": True}
    answering.says("servers", {"servers": [SERVER, second, third]})
    assert answering.run("servers", "--farm", "web")[1].splitlines() == [
        "FARM  SERVER  STATE     FOR  SESSIONS    WEIGHT  WHY",
        "web   b       up       4.0s         3         1  -",
        "web   b       ejected  4.0s       3/5         1  for 30 s: refused; back in "
        "21s; its last dial failed; check: 200",
        "web   b       up       4.0s         3  2 backup  -",
    ]
    assert answering.asked == [("servers", {"farm": "web"})]


@pytest.mark.parametrize("order", ["drain", "ready", "disable"])
def test_an_order_tells_what_has_become_of_the_server(
    answering: Answering, order: str
) -> None:
    answering.says(order, server(state="draining", sessions=1))
    assert answering.run(order, "b", "--farm", "web") == (
        0,
        "farm web: server b is draining, 1 session\n",
        "",
    )
    assert answering.asked == [(order, {"server": "b", "farm": "web"})]


def test_to_wait_is_to_look_until_there_is_no_session(answering: Answering) -> None:
    answering.says("drain", server(state="draining", sessions=2))
    answering.says(
        "servers",
        server(state="draining", sessions=1),
        server(state="draining", sessions=0),
    )
    status, out, _ = answering.run("drain", "b", "--wait")
    assert status == 0
    assert out.splitlines() == [
        "farm web: server b is draining, 2 sessions",
        "farm web: server b is draining, 0 sessions",
    ]
    asked = ("servers", {"farm": "web", "server": "b"})
    assert answering.asked[1:] == [asked, asked]


def test_a_program_that_waits_is_told_the_end_alone(answering: Answering) -> None:
    answering.says("disable", server(state="disabled", sessions=1))
    answering.says("servers", server(state="disabled", sessions=0))
    _, out, _ = answering.run("disable", "b", "--wait", "--json")
    assert json.loads(out) == server(state="disabled", sessions=0)


def test_of_several_all_are_waited_for(answering: Answering) -> None:
    def both(one: int, two: int) -> dict[str, Any]:
        drained = SERVER | {"state": "draining"}
        counts = ({"sessions": one}, {"sessions": two})
        return {"servers": [drained | each for each in counts]}

    answering.says("drain", both(1, 1))
    answering.says("servers", both(0, 1), both(0, 0))
    assert answering.run("drain", "b", "--wait")[0] == 0
    assert len(answering.asked) == 3


def test_who_waits_too_long_is_told_so_and_the_order_stands(
    answering: Answering,
) -> None:
    answering.says("drain", server(state="draining", sessions=2))
    status, _, err = answering.run("drain", "b", "--wait", "--timeout", "0")
    assert status == 1
    assert "b has 2 sessions after 0 s" in err
    assert "bridgectl sessions --server b" in err


def test_another_operators_order_ends_the_wait(answering: Answering) -> None:
    answering.says("drain", server(state="draining", sessions=2))
    answering.says("servers", server(state="up", sessions=5))
    status, _, err = answering.run("drain", "b", "--wait")
    assert (status, "b is up again" in err) == (1, True)


def test_a_gateway_that_ends_meanwhile_is_an_error(answering: Answering) -> None:
    answering.says("drain", server(state="draining", sessions=2))
    answering.says("servers", CommandError("its gateway has ended"))
    assert answering.run("drain", "b", "--wait")[0] == 1


def test_a_time_without_a_wait_means_nothing(answering: Answering) -> None:
    with pytest.raises(SystemExit) as caught:
        answering.run("drain", "b", "--timeout", "5")
    assert caught.value.code == 2
    assert answering.asked == []
