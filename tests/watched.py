"""A gateway that is only told of, by numbers and answers of the shape of real ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed

from bridge.control.orders import Answer, AnswerError
from bridge.control.slices import Steps
from bridge.web.looking import Sources


def histogram(*counts: tuple[float, int]) -> dict[str, Any]:
    """So many below each bound, and not below the one before."""
    total, buckets = 0, []
    for bound, count in counts:
        total += count
        buckets.append([bound, total])
    return {"count": total, "sum": 0.0, "buckets": buckets}


class World:
    """What happens in it is done by writing its attributes."""

    def __init__(self, servers: int = 3) -> None:
        self.time, self.seconds = 1_764_406_000.0, 100.0
        self.fronts = {"web": front(), "mail": front()}
        names = [f"s{number}" for number in range(1, servers + 1)]
        self.farms = {"web": farm(names), "mail": farm(["m1", "m2"])}
        self.certificates: list[dict[str, Any]] = []
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.endings: list[dict[str, Any]] = []
        self.sessions: list[dict[str, Any]] = []
        self.warnings: list[str] = []
        self.paths: dict[str, Any] = {"fronts": {}, "farms": {}, "warnings": []}
        self.numbers_asked = 0
        self.hangs = False
        """Whoever is asked does not answer."""

    def pass_time(self, seconds: float = 1.0) -> None:
        self.time += seconds
        self.seconds += seconds

    def sources(self, *, changes: bool = False) -> Sources:
        return Sources(
            self.numbers, self.plan, lambda: self.warnings, self.ask, changes
        )

    def numbers(self) -> Steps[Mapping[str, Any]]:
        self.numbers_asked += 1
        yield
        return {
            "time": self.time,
            "seconds": self.seconds,
            "version": "0.9",
            "started": 1_764_400_000.0,
            "ready": True,
            "draining": False,
            "why": [],
            "config": {"hash": "0123456789abcdef", "reloaded": None, "at": 0.0},
            "generation": 1,
            "generations": [
                {"generation": 1, "retires": False, "workers": 2, "restarts": 0}
            ],
            "workers": [worker(number) for number in range(2)],
            "fronts": {name: dict(each) for name, each in self.fronts.items()},
            "farms": {name: dict(each) for name, each in self.farms.items()},
            "certificates": list(self.certificates),
            "logs": [],
        }

    def plan(self) -> Mapping[str, Any]:
        side = {"interface": None, "announces": "auto"}
        fronts = {
            name: {
                "listen": [f"[2001:db8::80]:{port}"],
                "mode": "stream",
                "tls": port == 443,
                "farms": [name],
                "most": None,
                "profile": "wan",
                "mtu": 1500,
                **side,
            }
            for name, port in (("web", 443), ("mail", 25))
        }
        farms = {
            name: {"map": False, "tls": False, "profile": "inside", "mtu": 9000, **side}
            for name in self.farms
        }
        return {"fronts": fronts, "farms": farms}

    def ask(self, command: str, args: dict[str, Any]) -> Deferred[Answer]:
        self.said.append((command, args))
        if self.hangs:
            return Deferred()
        if command == "servers":
            return succeed({"servers": list(self._servers())})
        if command == "endings":
            return succeed({"endings": list(self.endings)})
        if command == "sessions":
            count = len(self.sessions)
            shown = self.sessions[: args.get("limit", 100)]
            return succeed({"total": count, "matching": count, "sessions": shown})
        if command == "path":
            return succeed(self.paths)
        if command == "session":
            return fail(AnswerError(f"there is no session {args['session']}: look"))
        return succeed({"done": command})

    def _servers(self) -> Any:
        for name, each in self.farms.items():
            for number, (server, told) in enumerate(each["servers"].items()):
                yield {
                    "farm": name,
                    "server": server,
                    "address": f"192.0.2.{number % 250 + 1}:80",
                    "state": told["state"],
                    "seconds": self.seconds - 40.0 + number,
                    "why": "" if told["up"] else "3 checks failed: connection refused",
                    "sessions": told["active"],
                    "connections": None,
                    "weight": 1,
                    "backup": False,
                    "failing": False,
                    "check": "connected in 0.4 ms",
                    "due": 0.5,
                }


def front() -> dict[str, Any]:
    return {
        "active": 0,
        "accepted": 0,
        "bytes": {"up": 0, "down": 0},
        "endings": {},
        "refused": {},
        "requests": {},
        "tls_failures": 0,
        "seconds": histogram((1.0, 0)),
        "mss": histogram((1220, 10), (1440, 90)),
        "retransmits": 0,
    }


def farm(servers: list[str]) -> dict[str, Any]:
    return {
        "active": 0,
        "waiting": 0,
        "servers_up": len(servers),
        "servers_all": len(servers),
        "dial": histogram((0.001, 100)),
        "mss": histogram((8960, 100)),
        "retransmits": 0,
        "source_ports": {"in_use": 0, "most": 28232},
        "servers": {
            name: {"state": "up", "up": True, "active": 0, "dial_failures": {}}
            for name in servers
        },
    }


def worker(number: int) -> dict[str, Any]:
    return {
        "generation": 1,
        "worker": number,
        "pid": 71 + number,
        "up": True,
        "retires": False,
        "age": 0.2,
        "lag": 0.0004,
        "cpu": 0.0,
        "sessions": 0,
        "sessions_most": 400,
        "pipes": 0,
        "descriptors": 31,
    }
