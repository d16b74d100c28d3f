"""``bridgectl status`` and ``state``: what people read, and what programs do."""

from __future__ import annotations

import json
from typing import Any

from bridge.config.places import SOCKET
from tests.answering import Answering, answering

__all__ = ["answering"]

WORKER = {"worker": 0, "pid": 4711, "seconds": 3700.0, "cpu": 12.5, "sessions": 3}
FRONT = {
    "front": "web",
    "listen": ["[::]:80", "[::]:443"],
    "farms": ["web", "api"],
    "sessions": 3,
    "accepted": 4000,
    "bytes": {"up": 1024, "down": 5 << 30},
    "endings": {"idle": 7, "done": 3990},
    "refused": {},
    "requests": {},
}
FARM = {
    "farm": "web",
    "map": False,
    "up": 1,
    "servers": 2,
    "sessions": 3,
    "queue": {"waiting": 4, "length": 10},
    "panic": False,
}
STATUS: dict[str, Any] = {
    "version": "1.2",
    "level": "info",
    "draining": False,
    "sessions": 3,
    "most": 8000,
    "limit": None,
    "workers": [WORKER | {"descriptors": 9, "lingering": 0, "pipes": 1}],
    "fronts": [FRONT],
    "farms": [FARM],
    "logs": [{"log": "access log /x", "dropped": 0, "waiting": 0}],
}


def lines(answering: Answering, **changes: Any) -> list[str]:
    answering.says("status", STATUS | changes)
    status, out, err = answering.run("status")
    assert (status, err) == (0, "")
    return out.splitlines()


def test_a_gateway_is_told_at_a_glance(answering: Answering) -> None:
    assert lines(answering) == [
        "bridge 1.2, 3 sessions of at most 8000, log level info",
        "",
        "WORKER   PID    UP  CPU  SESSIONS  DESCRIPTORS  PIPES",
        "     0  4711  1h1m  12s         3            9      1",
        "",
        "FRONT  SESSIONS  ACCEPTED       UP     DOWN  FARMS",
        "web           3      4000  1.00KiB  5.00GiB  web, api",
        "web: listens on [::]:80, [::]:443",
        "web: endings done 3990, idle 7",
        "",
        "FARM  SERVERS  SESSIONS  WAITING  NOTE",
        "web       1/2         3        4  -",
    ]
    assert answering.paths == [SOCKET]


def test_what_is_not_well_is_told(answering: Answering) -> None:
    log = {"log": "access log /x", "dropped": 2, "waiting": 0}
    refused = FRONT | {"refused": {"limits.per_source": 5}}
    told = "\n".join(
        lines(
            answering,
            draining=True,
            fronts=[refused],
            farms=[FARM | {"up": 0}, FARM | {"up": 0, "panic": True}],
            logs=[log],
        )
    )
    assert "bridge 1.2, draining, " in told
    assert "web: refused limits.per_source 5" in told
    assert "no server gets sessions" in told
    assert "no server is up: all are tried" in told
    assert told.endswith("access log /x: 2 lines dropped: its reader is slow")


def test_generations_are_told_of_when_there_is_more_than_one(
    answering: Answering,
) -> None:
    worker = STATUS["workers"][0]
    workers = [worker | {"generation": 2}, worker | {"generation": 1, "sessions": 7}]
    one = {"generation": 1, "retires": True, "restarts": 0, "processes": []}
    two = {"generation": 2, "retires": False, "restarts": 1, "processes": []}
    told = lines(answering, workers=workers, generations=[two, one])
    assert told[2:7] == [
        "GENERATION  WORKER   PID    UP  CPU  SESSIONS  DESCRIPTORS  PIPES",
        "         2       0  4711  1h1m  12s         3            9      1",
        "         1       0  4711  1h1m  12s         7            9      1",
        "generation 2: 1 worker died, and others took their places",
        "generation 1 retires, 7 sessions left",
    ]
    alone = lines(answering, workers=workers[:1], generations=[two | {"restarts": 0}])
    assert alone == lines(answering)


def test_of_many_ports_a_few_are_named(answering: Answering) -> None:
    many = FRONT | {"listen": [f"[::]:{port}" for port in range(8000, 8011)]}
    told = lines(answering, fronts=[many])
    assert "web: listens on [::]:8000, [::]:8001, [::]:8002, [::]:8003 and 7 more" in (
        told
    )


def test_no_line_is_wider_than_a_terminal(answering: Answering) -> None:
    assert max(map(len, lines(answering))) <= 80


def test_a_program_gets_what_the_gateway_says(answering: Answering) -> None:
    answering.says("status", STATUS)
    status, out, _ = answering.run("status", "--json", "--socket", "/x")
    assert status == 0 and json.loads(out) == STATUS
    assert out.count("\n") == 1 and answering.paths == ["/x"]


def test_the_state_is_told_line_by_line(answering: Answering) -> None:
    answering.says("state", {"lines": ["web: 1 session", "a\x1bb"]})
    assert answering.run("state")[1] == "web: 1 session\na\\x1bb\n"
