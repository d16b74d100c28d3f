"""Orders and ejections that several workers meet: in the end all agree."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from bridge.config import parse
from bridge.farm.server_state import order_of
from bridge.farm.state import State
from bridge.service.farms import Farms
from tests.linked import Processes

TEXT = """
fronts: {web: {listen: "[::1]:0", to: web}}
farms:
  web:
    servers:
      - {address: "192.0.2.1:80", name: a}
      - {address: "192.0.2.2:80", name: b, disabled: true}
      - {address: "192.0.2.3:80", name: c}
      - {address: "192.0.2.4:80", name: z}
    check: off
    all_down: refuse
    eject: {failures: 1, for: 10s}
"""
CONFIG = parse(TEXT).config
OTHER = parse(TEXT.replace("name: a}", "name: a, disabled: true}")).config
OUT = (State.DRAINING, State.DISABLED)

numbers = st.integers(0, 2)
names = st.sampled_from("abc")


class Orders(RuleBasedStateMachine):
    """Workers that come, go and die; what they tell each other is late."""

    def __init__(self) -> None:
        super().__init__()
        self.processes = Processes()
        self.workers: list[tuple[Any, Farms]] = []
        self.last = dict[str, str]()
        """The last order about each server."""

    def worker(self, number: int) -> Farms | None:
        """Each thing happens at a time of its own."""
        self.processes.clock.advance(0.001)
        return self.workers[number][1] if number < len(self.workers) else None

    @rule()
    def join(self) -> None:
        """It begins with all there is, as a worker does."""
        if len(self.workers) < 3:
            self.processes.settle()
            linked = self.processes.join()
            self.processes.settle()
            pump: Any = SimpleNamespace(reactor=self.processes.clock)
            farms = Farms(CONFIG, pump, {}, hub=linked.link)
            farms.start()
            self.workers.append((linked, farms))

    @rule(number=numbers)
    def die(self, number: int) -> None:
        """What it was told to do had been heard."""
        if number < len(self.workers):
            self.processes.settle()
            linked, farms = self.workers.pop(number)
            self.processes.die(linked)
            farms.stop()

    @rule(
        number=numbers, name=names, order=st.sampled_from(["drain", "ready", "disable"])
    )
    def order(self, number: int, name: str, order: str) -> None:
        """As the admin socket has it: one, or all of them one after the other."""
        farms = self.worker(number)
        if farms is not None:
            getattr(farms["web"], order)(name)
            (server,) = (s for s in farms["web"].servers if s.name == name)
            self.last[name] = order_of(server)

    @rule(number=numbers, name=names)
    def fail(self, number: int, name: str) -> None:
        farms = self.worker(number)
        if farms is not None:
            web = farms["web"]
            for server in web.servers:
                if server.name == name and server.state is not State.DISABLED:
                    web.dial_failed(server, "Connection refused")

    @rule(number=numbers, name=names)
    def answer(self, number: int, name: str) -> None:
        farms = self.worker(number)
        if farms is not None:
            for server in farms["web"].servers:
                if server.name == name and server.watched:
                    farms["web"].dialed(server)

    @rule(number=numbers)
    def move(self, number: int) -> None:
        self.processes.clock.advance(0)
        if number < len(self.workers):
            self.workers[number][0].move()

    @rule(seconds=st.sampled_from([1, 15]))
    def wait(self, seconds: int) -> None:
        self.processes.settle()
        self.processes.clock.advance(seconds)

    @rule()
    def agree(self) -> None:
        self.processes.settle()
        found = [
            {s.name: (s.state, s.ordered, order_of(s)) for s in farms["web"].servers}
            for _, farms in self.workers
        ]
        assert all(each == found[0] for each in found)
        if found:
            orders = {name: order for name, (_, _, order) in found[0].items()}
            assert self.last == {name: order for name, order in orders.items() if order}

    def teardown(self) -> None:
        self.agree()
        for _, farms in self.workers:
            snapshot = farms.snapshot()
            farms.stop()
            self._is_what_a_new_generation_has(farms, snapshot)
        self.processes.settle()
        self.processes.hub.stop()
        assert self.processes.clock.getDelayedCalls() == []

    def _is_what_a_new_generation_has(self, old: Farms, snapshot: Any) -> None:
        pump: Any = SimpleNamespace(reactor=self.processes.clock)
        for config in (CONFIG, OTHER):
            new = Farms(config, pump, {})
            new.restore(snapshot)
            new.start()
            for was, now in zip(old["web"].servers, new["web"].servers, strict=True):
                if was.disabled is now.disabled:
                    assert now.state is was.state
                else:
                    assert now.state is State.DISABLED, "the file has changed its word"
            new.stop()


TestOrders = Orders.TestCase
TestOrders.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
