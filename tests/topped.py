"""Answers of a gateway as ``bridgectl top`` gets them, and what it makes of them."""

from __future__ import annotations

from typing import Any

from bridge.control.top_looks import Look, Seen, Wanted, look, seen
from tests.answering import SESSION, Answer


def front(name: str = "web", **values: Any) -> Answer:
    return {
        "front": name,
        "listen": ["[::]:443"],
        "farms": ["web"],
        "sessions": 3,
        "accepted": 10,
        "bytes": {"up": 100, "down": 1000},
        "endings": {"done": 7},
        "refused": {},
        "requests": {},
    } | values


def farm(name: str = "web", **values: Any) -> Answer:
    return {
        "farm": name,
        "map": False,
        "up": 1,
        "servers": 2,
        "sessions": 3,
        "arrived": 10,
        "queue": {"waiting": 0, "length": 1000},
        "panic": False,
    } | values


def server(name: str = "b", **values: Any) -> Answer:
    return {
        "farm": "web",
        "server": name,
        "address": "192.0.2.10:80",
        "state": "up",
        "seconds": 75.0,
        "why": "",
        "sessions": 3,
        "taken": 10,
        "connections": None,
        "weight": 1,
        "backup": False,
        "failing": False,
        "check": "200",
        "due": None,
    } | values


def side(**values: Any) -> Answer:
    return {"rtt_ms": 84.2, "mss_out": 1208, "retransmits": 31} | values


def session(name: str = "abc-1", **values: Any) -> Answer:
    return (
        SESSION
        | {
            "session": name,
            "rate": {"up": 10, "down": 2000},
            "sides": {
                "front": side(),
                "back": side(rtt_ms=0.2, mss_out=8948, retransmits=0),
            },
        }
        | values
    )


def ending(name: str = "abc-0", **values: Any) -> Answer:
    return {
        "time": 1_700_000_000.0,
        "session": name,
        "front": "web",
        "farm": "web",
        "server": "b",
        "client": "2001:db8::1",
        "client_port": 50000,
        "ending": "done",
        "reason": "",
        "seconds": {"total": 1.5},
        "bytes": {"up": 1, "down": 2, "lost": 0},
        "worker": 0,
    } | values


def status(**values: Any) -> Answer:
    return {
        "version": "1.0",
        "level": "info",
        "draining": False,
        "sessions": 3,
        "most": 7972,
        "limit": None,
        "workers": [{"worker": 0, "seconds": 3700.0}],
        "fronts": [front()],
        "farms": [farm()],
        "logs": [],
    } | values


def listed(*sessions: Answer, **values: Any) -> Answer:
    count = len(sessions)
    return {"total": count, "matching": count, "sessions": list(sessions)} | values


def moves(name: str = "b", up: int = 5, down: int = 50, farm: str = "web") -> Answer:
    rate = {"up": up, "down": down}
    return {"farm": farm, "server": name, "sessions": 1, "rate": rate}


class Asked:
    """A gateway that has these *answers*, by command, and remembers what was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = {
            "status": status(),
            "servers": {"servers": [server()]},
            "sessions": listed(session(), sums=[moves()]),
            "endings": {"endings": [ending()]},
            "path": {"fronts": {}, "farms": {}, "warnings": []},
        } | answers
        self.asked: list[tuple[str, Answer]] = []

    def __call__(self, command: str, **args: Any) -> Answer:
        given = {key: value for key, value in args.items() if value is not None}
        self.asked.append((command, given))
        answer: Answer = self.answers[command]
        return answer


ALL = Wanted(servers=True, sessions=True, sums=True, endings=True, path=True)


def looked(at: float = 100.0, wanted: Wanted = ALL, **answers: Any) -> Look:
    """What a look at such a gateway comes to, at that second."""
    return look(Asked(**answers), wanted, lambda: at)


def seeing(before: Look | None = None, at: float = 100.0, **answers: Any) -> Seen:
    return seen(looked(at, **answers), before)
