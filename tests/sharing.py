"""A farm that several processes have: all of them in this one, each with its column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from twisted.internet.task import Clock

from bridge.farm.claims import Claims
from bridge.farm.farm import Policy
from bridge.farm.rules import Rules
from bridge.farm.server import Server
from bridge.farm.shared import SharedFarm
from bridge.net.board import Board
from bridge.net.turns import LOOK
from tests.servers import server


@dataclass
class Process:
    """One of them, with its own idea of the servers."""

    farm: SharedFarm
    claims: Claims
    servers: list[Server]
    taken: list[Server] = field(default_factory=list)

    def take(self, count: int = 1) -> int:
        """As many places as there are, *count* at most."""
        for got in range(count):
            found = self.farm.choose()
            if found is None:
                return got
            self.taken.append(found)
        return count

    def give(self) -> None:
        """The one that was taken first is given back."""
        self.farm.release(self.taken.pop(0))

    def wait(self, count: int = 1) -> list[Waiting]:
        clients = [Waiting(self) for _ in range(count)]
        assert all(self.farm.wait(client) for client in clients)
        return clients


@dataclass(eq=False)
class Waiting:
    """Waits in a process's queue, and keeps the place that it is given."""

    process: Process
    key: int = 0
    told: str = ""

    def served(self, server: Server) -> None:
        self.told = server.name
        self.process.taken.append(server)

    def waited_long(self) -> None:
        self.told = "waited long"

    def stranded(self) -> None:
        self.told = "stranded"


class Together:
    """So many processes with the farm ``web``, of servers as *limits* says."""

    def __init__(self, processes: int, *limits: int | None, **policy: Any) -> None:
        self.clock = Clock()
        self.clock.advance(1000.0)
        self.board = Board.create(processes + 1, 65_536)
        self.limits = limits
        self._policy = {"queue_length": 1000, **policy}
        self.processes = [self.process(number) for number in range(1, processes + 1)]

    def process(self, number: int) -> Process:
        claims = Claims(self.board.column(number), self.clock)
        policy = Policy(claims=claims, **self._policy)
        web = SharedFarm("web", policy, Rules(), self.clock)
        members = [
            server(chr(ord("a") + place), f"192.0.2.{place}", most=most, place=place)
            for place, most in enumerate(self.limits)
        ]
        for member in members:
            web.add(member)
        return Process(web, claims, members)

    def look(self, times: int = 1) -> None:
        """Everybody does, who has something to look at."""
        for _ in range(times):
            self.clock.advance(LOOK)

    @property
    def looking(self) -> int:
        """How many of them have something to look at."""
        calls: Any = self.clock.getDelayedCalls()
        return sum(isinstance(call.func.__self__, Claims) for call in calls)

    def active(self, place: int = 0) -> int:
        """Sessions of all at one server."""
        return sum(each.servers[place].active for each in self.processes)

    def counted(self, place: int = 0) -> int:
        """The same as the board has it."""
        name, where = chr(ord("a") + place), f"192.0.2.{place}"
        return self.board.total(self.board.key("server", "web", name, where, 80))

    def close(self) -> None:
        for process in self.processes:
            process.farm.close()
            process.claims.close()
        self.board.close()
