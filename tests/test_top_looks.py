"""What ``bridgectl top`` asks, and what moves between two answers."""

from __future__ import annotations

import json

import pytest

from bridge.control.orders import checked
from bridge.control.top_looks import Wanted, look
from tests.topped import (
    ALL,
    Asked,
    farm,
    front,
    listed,
    looked,
    moves,
    seeing,
    server,
    session,
    status,
)


@pytest.mark.parametrize(
    ("wanted", "commands"),
    [
        (Wanted(), ["status"]),
        (Wanted(servers=True), ["status", "servers"]),
        (Wanted(sessions=True), ["status", "sessions"]),
        (Wanted(endings=True), ["status", "endings"]),
        (ALL, ["status", "servers", "sessions", "endings", "path"]),
        (Wanted(servers=True, sums=True), ["status", "servers", "sessions"]),
    ],
)
def test_no_more_is_asked_than_is_looked_at(
    wanted: Wanted, commands: list[str]
) -> None:
    asked = Asked()
    look(asked, wanted)
    assert [command for command, _ in asked.asked] == commands
    for command, args in asked.asked:
        checked(command, args)


def test_sessions_are_asked_for_by_what_is_chosen() -> None:
    asked = Asked()
    wanted = Wanted(sessions=True, only={"farm": "web"}, sort="age", reverse=True)
    look(asked, wanted)
    args = {"farm": "web", "sort": "age", "reverse": True, "limit": 100, "sides": True}
    assert asked.asked[1] == ("sessions", args)


def test_what_servers_move_is_that_of_all_their_sessions_whatever_is_listed() -> None:
    asked = Asked()
    both = Wanted(sessions=True, sums=True, only={"server": "b"})
    assert look(asked, both).sums == [moves()]
    assert asked.asked[2] == ("sessions", {"sort": "rate", "sums": True, "limit": 1})
    assert "sums" not in asked.asked[1][1]


def test_one_session_is_asked_for_by_its_name() -> None:
    asked = Asked(session={"session": session()})
    assert look(asked, Wanted(session="abc-1")).session == session()
    assert asked.asked[1] == ("session", {"session": "abc-1"})


def test_a_rate_is_what_has_come_between_two_looks() -> None:
    later = front(accepted=14, bytes={"up": 300, "down": 5000})
    told = seeing(looked(98.0), status=status(fronts=[later]))
    assert told.fronts[0]["rate"] == {"up": 100.0, "down": 2000.0, "sessions": 2.0}
    assert told.rate == {"up": 100.0, "down": 2000.0, "sessions": 2.0}


def test_of_the_first_look_no_rate_of_a_front_is_known() -> None:
    told = seeing()
    assert told.fronts[0]["rate"] == {"up": None, "down": None, "sessions": None}
    assert told.rate["up"] is None


@pytest.mark.parametrize("at", [100.0, 101.0])
def test_looks_without_time_between_them_tell_no_rate(at: float) -> None:
    assert seeing(looked(at)).rate["up"] is None


def test_what_counts_anew_after_a_restart_has_no_rate_and_no_negative_one() -> None:
    again = front(accepted=1, bytes={"up": 1, "down": 9000})
    (told,) = seeing(looked(98.0), status=status(fronts=[again])).fronts
    assert told["rate"] == {"up": None, "down": 4000.0, "sessions": None}


def test_a_front_that_a_reload_has_added_has_no_rate_yet() -> None:
    fronts = [front(), front("new")]
    told = seeing(looked(98.0), status=status(fronts=fronts))
    assert told.fronts[1]["rate"]["up"] is None
    assert told.rate["up"] == 0.0


def test_farms_and_servers_move_what_their_sessions_do() -> None:
    sums = [moves("b", 5, 50), moves("c", 6, 60), moves("b", 7, 70, farm="mail")]
    told = seeing(
        looked(98.0),
        status=status(farms=[farm(arrived=16), farm("mail", map=True, arrived=None)]),
        servers={"servers": [server(taken=12), server("d")]},
        sessions=listed(sums=sums),
    )
    assert [each["rate"] for each in told.farms] == [
        {"up": 11, "down": 110, "sessions": 3.0},
        {"up": 7, "down": 70, "sessions": None},
    ]
    assert [each["rate"] for each in told.servers] == [
        {"up": 5, "down": 50, "sessions": 1.0},
        {"up": 0, "down": 0, "sessions": None},
    ]


def test_a_session_has_the_rate_that_the_gateway_tells_or_that_of_two_answers() -> None:
    plain = {key: value for key, value in session().items() if key != "rate"}
    before = looked(98.0, sessions=listed(plain))
    moved = plain | {"bytes": {"up": 110, "down": 2058, "held": 0}}
    told = seeing(before, sessions=listed(moved, session("abc-2")))
    assert told.sessions[0]["rate"] == {"up": 5.0, "down": 5.0}
    assert told.sessions[1]["rate"] == {"up": 10, "down": 2000}


def test_what_is_odd_with_paths_is_told() -> None:
    path = {"fronts": {}, "farms": {}, "warnings": ["eth0 has MTU 1400\x1b[2J"]}
    assert seeing(path=path).warnings == (r"warning: eth0 has MTU 1400\x1b[2J",)


def test_programs_get_all_of_it() -> None:
    answer = json.loads(json.dumps(seeing(looked(98.0)).as_answer()))
    assert answer["version"] == "1.0"
    assert answer["listed"] == {"matching": 1, "total": 1}
    for name in ("fronts", "farms", "servers", "sessions"):
        assert set(answer[name][0]["rate"]) >= {"up", "down"}, name
