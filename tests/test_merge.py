"""Many processes' answers become one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.control.merge import Part, merge
from bridge.control.orders import COMMANDS, SHOWN, AnswerError
from bridge.control.who import MOST_CLIENTS
from tests.questioned import Asked, asked

SERVER: dict[str, Any] = {
    "farm": "web",
    "server": "b",
    "address": "192.0.2.10:80",
    "state": "up",
    "sessions": 1,
    "taken": 7,
    "failing": False,
}


def servers(worker: int, **values: Any) -> dict[str, Any]:
    return {"worker": worker, "servers": [SERVER | values]}


def session(name: str, age: float, up: int = 0) -> dict[str, Any]:
    return {"session": name, "seconds": {"total": age}, "bytes": {"up": up, "down": 0}}


def listed(*sessions: dict[str, Any]) -> dict[str, Any]:
    count = len(sessions)
    return {"total": count, "matching": count, "sessions": list(sessions)}


def test_every_command_of_a_process_can_be_merged() -> None:
    with asked() as running:
        running.connect()
        name = running.ask("sessions")["sessions"][0]["session"]
        told = {key: {"server": "b"} for key in ("drain", "disable", "ready")}
        told |= {"session": {"session": name}, "config": {"salt": "00"}}
        for command in COMMANDS.keys() - {"kill", "who", "log-level"}:
            if command in ("reload", "upgrade"):  # which are the supervisor's
                continue
            args = told.get(command, {})
            _same_if_alone(running, command, args)


def _same_if_alone(running: Asked, command: str, args: dict[str, Any]) -> None:
    answer = running.ask(command, **args)
    merged = merge(command, args, [answer])
    assert merged | answer == answer | merged
    if command not in ("servers", "drain", "disable", "ready"):
        assert merged == answer


def test_endings_are_the_last_ones_of_all() -> None:
    parts: list[Part] = [
        {"endings": [{"time": time, "worker": worker} for time in times]}
        for worker, times in enumerate(([9.0, 4.0], [7.0, 6.0]))
    ]
    told = merge("endings", {"limit": 3}, parts)["endings"]
    assert [each["time"] for each in told] == [9.0, 7.0, 6.0]


def test_counts_of_fronts_and_farms_are_added_up() -> None:
    with asked() as running:
        client, accepted = running.connect()
        running.move(client, accepted, 10)
        told = running.ask("status")
    other = told | {"workers": [told["workers"][0] | {"worker": 1, "pid": 1}]}
    both = merge("status", {}, [other, told])
    assert [each["worker"] for each in both["workers"]] == [0, 1]
    assert both["sessions"] == 2 and both["most"] == 2 * told["most"]
    one, two = both["fronts"]
    assert (one["front"], one["bytes"]) == ("one", {"up": 20, "down": 0})
    assert (one["accepted"], two["accepted"]) == (2, 0)
    assert one["listen"] == told["fronts"][0]["listen"]
    (farm,) = both["farms"]
    assert (farm["sessions"], farm["up"], farm["servers"]) == (2, 1, 1)
    assert farm["queue"] == {"waiting": 0, "length": 2000}


def generation(told: dict[str, Any], number: int) -> dict[str, Any]:
    """*told*, by a process of that one."""
    workers = [each | {"generation": number} for each in told["workers"]]
    return told | {"workers": workers}


def test_an_older_generation_adds_what_it_still_has_and_says_nothing_else() -> None:
    with asked() as running:
        running.connect()
        told = running.ask("status")
    old_farm = told["farms"][0] | {"up": 0, "servers": 7, "panic": True}
    gone = told["farms"][0] | {"farm": "gone", "sessions": 2}
    old_front = told["fronts"][0] | {"listen": ["[::]:81"], "sessions": 4}
    old = told | {"farms": [old_farm, gone], "fronts": [old_front], "draining": True}
    old |= {"level": "debug"}
    both = merge("status", {}, [generation(old, 1), generation(told, 2)])
    assert [each["generation"] for each in both["workers"]] == [2, 1]
    assert (both["level"], both["draining"]) == (told["level"], False)
    assert (both["sessions"], both["most"]) == (2, told["most"])
    one, two = both["fronts"]
    assert one["listen"] == told["fronts"][0]["listen"] and one["sessions"] == 5
    assert two == told["fronts"][1]
    farm, left = both["farms"]
    assert (farm["up"], farm["servers"], farm["panic"]) == (1, 1, False)
    assert farm["sessions"] == 2 and farm["queue"]["length"] == 1000
    assert left == gone


def test_a_limit_that_is_written_holds_over_all() -> None:
    with asked(more="limits: {connections: 100}") as running:
        told = running.ask("status")
    assert (told["most"], told["limit"]) == (100, 100)
    assert merge("status", {}, [told, told])["most"] == 100


def test_a_worker_of_one_number_in_two_generations_is_the_newer_one() -> None:
    parts = [servers(0, state="draining"), servers(0, sessions=3)]
    (told,) = merge("servers", {}, parts)["servers"]
    assert (told["state"], told["sessions"]) == ("draining", 4)
    assert "workers" not in told


def test_a_server_has_the_sessions_of_all() -> None:
    (told,) = merge("servers", {}, [servers(0), servers(1, sessions=4)])["servers"]
    assert told == SERVER | {"sessions": 5, "taken": 14}


def test_an_older_process_need_not_know_how_many_came() -> None:
    older = servers(1)
    del older["servers"][0]["taken"]
    (told,) = merge("servers", {}, [servers(0), older])["servers"]
    assert told["taken"] == 7


def test_what_a_servers_sessions_move_is_added_up() -> None:
    def part(server: str, up: int) -> dict[str, Any]:
        rate = {"up": up, "down": 1}
        sums = {"farm": "web", "server": server, "sessions": 2, "rate": rate}
        return listed() | {"sums": [sums]}

    args = {"sort": "rate", "sums": True}
    told = merge("sessions", args, [part("a", 5), part("b", 6), part("a", 7)])
    assert [
        (each["server"], each["sessions"], each["rate"]) for each in told["sums"]
    ] == [
        ("a", 4, {"up": 12, "down": 2}),
        ("b", 2, {"up": 6, "down": 1}),
    ]


def test_a_server_that_is_not_the_same_everywhere_is_told_with_each_state() -> None:
    parts = [servers(0), servers(2), servers(1, state="ejected", failing=True)]
    (told,) = merge("servers", {}, parts)["servers"]
    assert told["state"] == "up" and told["failing"]
    assert told["workers"] == [[0, "up"], [1, "ejected"], [2, "up"]]


def test_servers_that_only_one_knows_are_told() -> None:
    parts = [servers(0), servers(1, server="c"), servers(2, address="192.0.2.11:80")]
    assert len(merge("servers", {}, parts)["servers"]) == 3


def test_an_order_that_one_can_carry_out_is_carried_out() -> None:
    parts: list[Part] = [AnswerError("none"), servers(1, state="draining")]
    (told,) = merge("drain", {"server": "b"}, parts)["servers"]
    assert told["state"] == "draining"


def test_what_nobody_can_do_is_refused_as_the_first_one_says() -> None:
    with pytest.raises(AnswerError, match=r"^no a$"):
        merge("kill", {}, [AnswerError("no a"), AnswerError("no b")])
    with pytest.raises(AnswerError, match="no worker"):
        merge("status", {}, [])


@pytest.mark.parametrize("command", ["kill", "session"])
def test_a_session_is_told_by_the_one_that_has_it(command: str) -> None:
    answer = {"session": "b-1"}
    assert merge(command, {}, [AnswerError("none"), answer]) == answer


@given(st.lists(st.lists(st.integers(0, 99))), st.integers(1, 9), st.booleans())
def test_the_first_sessions_of_all_are_listed(
    ages: list[list[int]], limit: int, reverse: bool
) -> None:
    parts = [listed(*(session("s", age) for age in each)) for each in ages]
    every = sorted((age for each in ages for age in each), reverse=not reverse)
    args = {"limit": limit, "reverse": reverse}
    if not parts:
        return
    told = merge("sessions", args, parts)
    assert [each["seconds"]["total"] for each in told["sessions"]] == every[:limit]
    assert told["total"] == told["matching"] == len(every)


def test_sessions_are_sorted_by_what_was_asked_for() -> None:
    parts = [listed(session("a", 5, up=1)), listed(session("b", 4, up=2))]
    told = merge("sessions", {"sort": "up"}, parts)
    assert [each["session"] for each in told["sessions"]] == ["b", "a"]
    many = listed(*(session("s", 1) for _ in range(SHOWN)))
    assert len(merge("sessions", {}, [many, many])["sessions"]) == SHOWN


def test_clients_behind_a_pseudonym_are_those_of_all() -> None:
    def told(prefix: str, *clients: str) -> dict[str, Any]:
        seen = {"clients": list(clients), "sessions": len(clients), "more": False}
        stands = [{"prefix": prefix} | seen]
        return {"address": "100.64.0.1", "pools": [{"pool": "x", "stands_for": stands}]}

    many = [f"2001:db8::{number}" for number in range(MOST_CLIENTS)]
    parts = [told("a", "1"), told("a", "1", *many), told("b", "2")]
    (pool,) = merge("who", {}, parts)["pools"]
    one, two = pool["stands_for"]
    assert one["sessions"] == MOST_CLIENTS + 2 and one["more"]
    assert one["clients"] == ["1", *many[:-1]]
    assert two == {"prefix": "b", "clients": ["2"], "sessions": 1, "more": False}
    seen_as = {"address": "::1", "pools": [{"pool": "x", "seen_as": "100.64.0.1"}]}
    assert merge("who", {}, [seen_as, seen_as]) == seen_as


def test_lines_of_state_say_whose_they_are() -> None:
    parts = [{"worker": number, "lines": ["web: 1"]} for number in range(2)]
    told = merge("state", {}, parts)
    assert told == {"lines": ["worker 0: web: 1", "worker 1: web: 1"]}


def path(clients: int, sessions: int, seconds: float) -> dict[str, Any]:
    network = {"network": "192.0.2.0/24", "host": f"192.0.2.{sessions}"}
    told = {"mss": 1460, "sessions": sessions, "seconds": seconds}
    row = {"family": 4, "kind": "Ethernet", "mtu": 1500, "clients": clients}
    rare = {"family": 6, "kind": "PPPoE", "mtu": 1492, "clients": 2}
    asked = {"profile": "wan", "mtu": None, "mss": "auto"}
    side = {"asked": asked, "suspected": sessions, "networks": [network | told]}
    kinds = {"sampled": clients + 2, "mss": [row, rare], "pmtu": []}
    return {"fronts": {"web": side | kinds}, "farms": {"web": side}}


def test_clients_of_a_kind_are_added_up_and_a_network_is_told_once() -> None:
    merged = merge("path", {}, [path(1, 3, 60.0), path(5, 4, 20.0)])
    web = merged["fronts"]["web"]
    assert [row["clients"] for row in web["mss"]] == [6, 4]
    assert (web["sampled"], web["suspected"]) == (10, 7)
    (network,) = merged["farms"]["web"]["networks"]
    assert (network["host"], network["sessions"]) == ("192.0.2.4", 7)
    assert network["seconds"] == 20.0  # as whoever met it last has it
