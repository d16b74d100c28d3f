"""``bridgectl sessions``, ``session`` and ``kill``."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from bridge.control import sessions_command
from bridge.control.commands import CommandError
from tests.answering import SESSION, Answering, answering

__all__ = ["answering"]

WHOLE = SESSION | {
    "seconds": {"total": 75.0, "queue": 0.0001, "dial": 0.0005},
    "listen": "[2001:db8::80]:443",
    "via": None,
    "source": "192.0.2.9",
    "source_port": 4000,
    "back": "192.0.2.10:80",
    "retries": 1,
    "queued": 0,
    "control": None,
    "tls": {"version": "TLSv1.3", "cipher": None, "sni": "a.example"},
    "sides": {"front": {"peer": "x", "rtt_ms": 1.5}, "back": None},
    "limited_by": "back_app",
    "spent": {"idle": 5.0, "front_full": 0.0, "back_silent": 64.2},
}
EMPTY: dict[str, Any] = {"total": 0, "matching": 0, "sessions": []}


def test_sessions_are_a_line_each(answering: Answering) -> None:
    other = SESSION | {"farm": None, "server": None, "client": "unix", "client_port": 0}
    answering.says(
        "sessions", {"total": 9, "matching": 2, "sessions": [SESSION, other]}
    )
    assert answering.run("sessions")[1].splitlines() == [
        "SESSION  CLIENT               FRONT  FARM  SERVER  STATE    AGE   UP     DOWN"
        "  HELD",
        "abc-1    [2001:db8::1]:50000  web    web   b       open   1m15s  100  2.00KiB"
        "     0",
        "abc-1    unix                 web    -     -       open   1m15s  100  2.00KiB"
        "     0",
        "2 of 9 sessions",
    ]


def test_what_is_not_shown_is_said_to_be_there(answering: Answering) -> None:
    answering.says("sessions", {"total": 9, "matching": 7, "sessions": [SESSION]})
    out = answering.run("sessions")[1]
    assert out.endswith("1 of 7 shown: --limit shows more; 9 in all\n")


def test_every_option_is_an_argument(answering: Answering) -> None:
    answering.says("sessions", EMPTY)
    answering.run("sessions")
    words = "--front a --farm b --server c --client 10.0.0.0/8 --state open --sort up"
    answering.run("sessions", *words.split(), "--reverse", "--limit", "5")
    assert answering.asked == [
        ("sessions", {}),
        (
            "sessions",
            {
                "front": "a",
                "farm": "b",
                "server": "c",
                "client": "10.0.0.0/8",
                "state": "open",
                "sort": "up",
                "reverse": True,
                "limit": 5,
            },
        ),
    ]


@pytest.mark.parametrize("limit", ["0", "10001", "x"])
def test_a_limit_that_is_none_is_a_wrong_command_line(
    answering: Answering, limit: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        answering.run("sessions", "--limit", limit)
    assert caught.value.code == 2


def test_to_follow_is_to_look_again_until_the_gateway_ends(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions_command, "EVERY", 0.0)
    one = {"total": 1, "matching": 1, "sessions": [SESSION]}
    answering.says("sessions", EMPTY, one, CommandError("the gateway has ended"))
    status, out, err = answering.run("sessions", "--follow", "--json")
    assert [json.loads(line) for line in out.splitlines()] == [EMPTY, one]
    assert (status, err) == (1, "bridgectl: the gateway has ended\n")
    answering.says("sessions", EMPTY, one, CommandError("the gateway has ended"))
    _, out, _ = answering.run("sessions", "--follow")
    assert out.count("SESSION") == 2 and out.count("abc-1") == 1
    assert "\033" not in out  # it is no terminal


def test_to_have_seen_enough_is_no_failure(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupted)
    answering.says("sessions", EMPTY)
    assert answering.run("sessions", "--follow")[0] == 0


def test_one_session_is_told_whole(answering: Answering) -> None:
    answering.says("session", {"session": WHOLE})
    status, out, _ = answering.run("session", "abc-1")
    assert status == 0
    assert answering.asked == [("session", {"session": "abc-1"})]
    assert out.splitlines() == [
        "session abc-1 of worker 0",
        "  state   open for 1m15s since the accept",
        "  way     [2001:db8::1]:50000 -> [2001:db8::80]:443, front web, farm web, "
        "server b at 192.0.2.10:80",
        "  bytes   100 up, 2.00KiB down, 0 held",
        "  before  0.1 ms until the dial, 0.5 ms until the server was there, 1 retries",
        "  limited by back_app: back silent 1m4s, idle 5.0s",
        "  tls     version TLSv1.3, sni a.example",
        "",
        "SIDE    FRONT  BACK",
        "peer        x     -",
        "rtt_ms    1.5     -",
    ]


def test_one_that_has_no_server_yet_is_told_so(answering: Answering) -> None:
    early = WHOLE | {
        "seconds": {"total": 0.1, "queue": None, "dial": None},
        "server": None,
        "back": None,
        "tls": None,
        "via": "192.0.2.1:7",
    }
    answering.says("session", {"session": early})
    out = answering.run("session", "abc-1")[1]
    assert "no server was dialed yet" in out and "tls" not in out
    assert "(through 192.0.2.1:7)" in out


def test_a_session_is_killed_by_its_name(answering: Answering) -> None:
    answering.says("kill", {"killed": "abc-1", "worker": 0})
    assert answering.run("kill", "abc-1") == (0, "abc-1: killed\n", "")
    answering.says("kill", CommandError("there is no session abc-1"))
    status, out, err = answering.run("kill", "abc-1")
    assert (status, out, err) == (1, "", "bridgectl: there is no session abc-1\n")
