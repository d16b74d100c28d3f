"""A farm's whole life in any order: checks, dials, orders, names and the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from twisted.internet.task import Clock

from bridge.farm import maglev
from bridge.farm.check import Verdict
from bridge.farm.farm import Farm, Policy
from bridge.farm.panic import WORTH_TRYING
from bridge.farm.rules import Rules
from bridge.farm.server import Server
from bridge.farm.state import TRAFFIC, State
from tests.logged import logged
from tests.servers import server


@dataclass
class Scripted:
    """A check whose verdicts the test gives."""

    verdict: Verdict
    up: bool = True
    runs: bool = False
    said: str = ""
    sure: bool = True

    def start(self) -> None:
        self.up = self.runs = True

    def stop(self) -> None:
        self.runs = False


@dataclass(eq=False)
class Client:
    """A session: it fails from within ``served`` while *luck* has it so."""

    farm: Farm
    luck: list[bool]
    key: int = 0
    server: Server | None = None
    over: bool = False

    def served(self, server: Server) -> None:
        assert not self.over
        if self.luck and self.luck.pop():
            self.over = True
            self.farm.dial_failed(server, "Connection refused")
            self.farm.release(server)
        else:
            self.server = server
            if server.watched:
                self.farm.dialed(server)

    def waited_long(self) -> None:
        self.over = True

    stranded = waited_long


def ready_to_eject(**rules: Any) -> tuple[Farm, Clock, dict[str, Scripted]]:
    """Two servers with room for one session each; one failure ejects."""
    clock, checks = Clock(), dict[str, Scripted]()

    def check(of: Server, verdict: Verdict) -> Scripted:
        return checks.setdefault(of.name, Scripted(verdict))

    policy = Policy(queue_length=10, queue_timeout=50.0)
    web = Farm("web", policy, Rules(check, failures=1, **rules), clock)
    for name, address in (("a", "192.0.2.1"), ("b", "192.0.2.2")):
        web.add(server(name, address, most=1))
    return web, clock, checks


def test_a_server_that_is_readmitted_and_ejected_from_within_has_one_timer() -> None:
    """It starts slowly, is given to who waits, whose dial fails at once."""
    web, clock, _ = ready_to_eject(ejected=30.0, slow_start=10.0)
    a, b = web.servers
    web.dial_failed(a, "Connection refused")
    assert web.choose() is b
    waiting = Client(web, [True])
    assert web.wait(waiting)
    with logged() as log:
        clock.advance(30)
        assert waiting.over
        assert [a.state, b.state] == [State.EJECTED, State.UP]
        clock.advance(59)
        assert a.state is State.EJECTED
        clock.advance(1)
        assert state(a) is State.STARTING, "after twice the time, and not never"
        for _ in range(10):
            clock.advance(1)
    assert state(a) is State.UP
    told = [line.split(", ")[0].rpartition(" is ")[2] for line in log.lines]
    assert told == ["starting", "ejected", "starting"]
    assert "ejected, for 60 s" in log.lines[1]
    assert log.tracebacks == 0


def state(of: Server) -> State:
    """Asked anew each time, which a type checker does not expect of an attribute."""
    return of.state


def test_who_waits_is_not_given_to_a_server_made_ready_whose_checks_fail() -> None:
    web, _, checks = ready_to_eject()
    a, b = web.servers
    web.drain("a")
    checks["a"].up = False
    assert web.choose() is b
    waiting = Client(web, [])
    assert web.wait(waiting)
    web.ready("a")
    assert (a.state, waiting.server) == (State.DOWN, None)


class Lives(RuleBasedStateMachine):
    """Four servers and a backup; whoever waits may fail from within ``served``."""

    balance = "round_robin"
    slow_start = 7.0
    try_all = True

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.checks: dict[Server, Scripted] = {}
        policy = Policy(
            balance=self.balance,
            queue_length=3,
            queue_timeout=9.0,
            try_all=self.try_all,
            together=2.0,
        )
        rules = Rules(self._check, failures=2, ejected=10.0, slow_start=self.slow_start)
        self.web = Farm("web", policy, rules, self.clock)
        self.all = [
            server(name, f"192.0.2.{n}", most=2, backup=name == "e", place=n)
            for n, name in enumerate("abcde")
        ]
        self.ordered: dict[Server, State] = {}
        self.clients: list[Client] = []
        for each in self.all:
            self.web.add(each)

    def _check(self, of: Server, verdict: Verdict) -> Scripted:
        check = self.checks[of] = Scripted(verdict)
        return check

    numbers = st.integers(0, 4)
    luck = st.lists(st.booleans(), max_size=4)

    @rule(number=numbers, up=st.booleans())
    def check(self, number: int, up: bool) -> None:
        check = self.checks[self.all[number]]
        if check.runs and check.up is not up:
            check.up = up
            check.verdict(up, "as scripted")

    @rule(seconds=st.floats(0.1, 20))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(number=numbers, order=st.sampled_from(["drain", "ready", "disable"]))
    def order(self, number: int, order: str) -> None:
        each = self.all[number]
        if each in self.web.servers:
            getattr(self.web, order)(each.name)

    @rule(number=numbers)
    def come_or_go(self, number: int) -> None:
        each = self.all[number]
        before = each.state
        if each in self.web.servers:
            self.web.remove(each)
            assert each.state is before
        else:
            self.web.add(each)
            assert each.state in (before, State.UP, State.EJECTED), "it may be served"
            if before not in (*TRAFFIC, State.EJECTED):
                assert each.state is before

    @rule(number=numbers, weight=st.integers(1, 9), backup=st.booleans(), to=numbers)
    def become(self, number: int, weight: int, backup: bool, to: int) -> None:
        each = self.all[number]
        if each in self.web.servers:
            new = server(each.name, f"192.0.{to}.{number}", weight=weight, most=2)
            new.backup = backup
            self.web.become(each, new)
            assert (each.weight, each.backup) == (weight, backup)

    @rule(key=st.integers(0, 2**64 - 1), luck=luck)
    def come(self, key: int, luck: list[bool]) -> None:
        client = Client(self.web, luck, key)
        chosen = self.web.choose(key)
        if chosen is not None:
            client.served(chosen)
        elif self.web.available:
            self.web.wait(client)
        self.clients.append(client)

    @rule(number=st.integers(0, 20))
    def leave(self, number: int) -> None:
        held = [client for client in self.clients if client.server is not None]
        if held:
            client = held[number % len(held)]
            gone, client.server, client.over = client.server, None, True
            assert gone is not None
            self.web.release(gone)

    @invariant()
    def all_is_what_the_states_say(self) -> None:
        web = self.web
        standing = [each for each in web.servers if each.state in TRAFFIC]
        assert web.standing() == (len(standing), len(web.servers))
        trying = any(each.state in WORTH_TRYING for each in web.servers)
        assert web.panicking is (self.try_all and not standing and trying)
        timed = {
            each
            for each in web.servers
            if each.state in (State.STARTING, State.EJECTED)
        }
        health = web.health
        assert {*health._timers, *health._slow_start._timers} == timed
        others = web._queue.armed + (web._preparing is not None)
        assert len(self.clock.getDelayedCalls()) == len(timed) + others

    @invariant()
    def places_are_counted(self) -> None:
        for each in self.all:
            assert each.active == sum(c.server is each for c in self.clients)
            assert 0 <= each.active <= 2

    @invariant()
    def nobody_waits_who_could_be_served(self) -> None:
        web = self.web
        if not web.waiting:
            return
        states = WORTH_TRYING if web.panicking else TRAFFIC
        assert not [s for s in web.servers if s.state in states and s.free]
        assert web.available


class Steady(Lives):
    balance = "least_connections"
    slow_start = 0.0


class Refusing(Lives):
    balance = "two_choices"
    try_all = False


class Hashing(Lives):
    balance = "source_hash"


FEW = settings(max_examples=25, stateful_step_count=30, deadline=None)


def test_whatever_happens_timers_traffic_and_places_are_what_states_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(maglev, "SIZE", 251)
    for machine in (Lives, Steady, Refusing, Hashing):
        run_state_machine_as_test(machine, settings=FEW)
