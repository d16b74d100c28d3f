"""A supervisor's hub and its workers' links, in memory; checks find what tests say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from bridge.farm.check import Check, Settings, Verdict
from bridge.farm.follow_names import Finding
from bridge.farm.lookup import Lookup
from bridge.farm.probe import Outcome, Tcp
from bridge.service.checkers import Checkers, Named
from bridge.service.hub import Hub
from bridge.service.hub_link import HubLink
from tests.zones import Zone


class Probed(Check):
    """A check whose probes find what a test says."""

    def __init__(self, clock: Clock, verdict: Verdict, **settings: Any) -> None:
        made = Settings(question=Tcp(), random=lambda: 0.5, **settings)
        super().__init__(made, clock, self._dial, verdict)

    def _dial(self, factory: object) -> Callable[[], None]:
        return lambda: None

    @property
    def runs(self) -> bool:
        return self._timer is not None

    def find(self, passed: bool | None, reason: str = "") -> None:
        """The outcome of a probe; nothing, if it is not running."""
        if self.runs:
            word = "connected" if passed else "connection refused"
            self._told(Outcome(passed, reason or word))


class ScriptedCheckers(Checkers):
    """Makes checks of any server there is."""

    def __init__(self, clock: Clock, generation: int = 1, **settings: Any) -> None:
        self.generation = generation
        self.clock = clock
        self.settings = settings
        self.made: list[tuple[Named, Probed]] = []

    def check(self, named: Named, verdict: Verdict) -> Probed:
        check = Probed(self.clock, verdict, **self.settings)
        self.made.append((named, check))
        return check

    def running(self, address: str) -> list[Probed]:
        return [c for named, c in self.made if c.runs and address in named.addresses]

    def find(self, address: str, passed: bool | None, reason: str = "") -> None:
        for check in self.running(address):
            check.find(passed, reason)


class Wire:
    """One direction: pieces on their way, taken when a test says so."""

    def __init__(self) -> None:
        self.pieces: list[tuple[bytes, Deferred[object]]] = []

    def send(self, piece: bytes) -> Deferred[object]:
        taken: Deferred[object] = Deferred()
        self.pieces.append((piece, taken))
        return taken

    def move(self, receive: Callable[[bytes], None]) -> bool:
        if not self.pieces:
            return False
        piece, taken = self.pieces.pop(0)
        receive(piece)
        taken.callback(None)
        return True


class Linked:
    """One worker's link."""

    def __init__(
        self, hub: Hub, clock: Clock, checkers: Checkers, tells: bool = True
    ) -> None:
        self.up, self.down = Wire(), Wire()
        self.link = HubLink(clock, self.up.send, tells)
        self.peer = hub.join(self.down.send, checkers)

    def move(self) -> bool:
        """A piece each way; whether there was any."""
        up = self.up.move(self.peer.receive)
        return self.down.move(self.link.receive) or up

    def die(self) -> None:
        """The worker, with all it had to say still."""
        self.up.pieces.clear()
        self.down.pieces.clear()
        self.peer.lost()


class Processes:
    """A hub on a clock turned by hand, and its workers."""

    def __init__(self, zone: Zone | None = None, **settings: Any) -> None:
        self.clock = Clock()
        self.clock.advance(1000)
        self.zone = zone or Zone()
        self.hub = Hub(self.clock, self._lookup)
        self.checkers = ScriptedCheckers(self.clock, **settings)
        self.workers: list[Linked] = []

    def _lookup(self) -> Finding:
        return Lookup(self.clock, self.zone)

    def join(self, checkers: Checkers | None = None, tells: bool = True) -> Linked:
        worker = Linked(self.hub, self.clock, checkers or self.checkers, tells)
        self.workers.append(worker)
        return worker

    def die(self, worker: Linked) -> None:
        self.workers.remove(worker)
        worker.die()

    def settle(self) -> None:
        """Until nobody has anything to say."""
        moved = True
        while moved:
            self.clock.advance(0)
            moved = sum(worker.move() for worker in self.workers) > 0
