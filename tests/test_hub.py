"""Several workers and their supervisor: each server is in one state for all of them."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bridge.config import parse
from bridge.farm.check import Verdict
from bridge.farm.dns_values import Sought
from bridge.farm.farm import Farm, Policy
from bridge.farm.rules import Rules
from bridge.farm.server import Server
from bridge.farm.server_state import ServerState, as_plain
from bridge.farm.state import Event, State
from bridge.net.dial import Target
from bridge.service.hub import Hub
from tests.linked import Linked, Probed, Processes, ScriptedCheckers
from tests.logged import logged
from tests.zones import Zone, a

ADDRESSES = ("192.0.2.1", "192.0.2.2", "192.0.2.3")


def server_at(address: str) -> Server:
    return Server(address, Target(socket.AF_INET, (address, 80), ()))


class Worker:
    """One with a farm; beside it the same farm as it were with checks of its own."""

    def __init__(self, processes: Processes, number: int) -> None:
        self.processes = processes
        self.linked = processes.join()
        self.own: dict[str, Probed] = {}
        link, clock = self.linked.link, processes.clock
        told = link.checks_of("web", lambda server: "asked")
        policy = Policy(try_all=False)
        self.told_farm = Farm("web", policy, Rules(told), clock)
        self.own_farm = Farm("web", policy, Rules(self._check), clock)

    def _check(self, server: Server, verdict: Verdict) -> Probed:
        clock, settings = self.processes.clock, self.processes.checkers.settings
        check = self.own[server.name] = Probed(clock, verdict, **settings)
        return check

    def toggle(self, address: str) -> None:
        """Add that server, or remove it."""
        for farm in (self.told_farm, self.own_farm):
            there = [each for each in farm.servers if each.name == address]
            if there:
                farm.remove(there[0])
            else:
                farm.add(server_at(address))

    def order(self, address: str, event: Event) -> None:
        for farm in (self.told_farm, self.own_farm):
            for each in farm.servers:
                if each.name == address:
                    farm.health.order(each, event)

    def states(self, farm: Farm) -> dict[str, State]:
        return {each.name: each.state for each in farm.servers}

    def close(self) -> None:
        for farm in (self.told_farm, self.own_farm):
            farm.close()


class Lives(RuleBasedStateMachine):
    """Workers come, go and die; servers too; and messages are late."""

    def __init__(self) -> None:
        super().__init__()
        self.processes = Processes(rise=1, fall=1)
        self.workers: list[Worker] = []
        self.works = dict.fromkeys(ADDRESSES, True)

    numbers = st.integers(0, 2)
    addresses = st.sampled_from(ADDRESSES)

    @rule()
    def join(self) -> None:
        if len(self.workers) < 3:
            self.workers.append(Worker(self.processes, len(self.workers)))

    @rule(number=numbers)
    def die(self, number: int) -> None:
        if number < len(self.workers):
            worker = self.workers.pop(number)
            self.processes.die(worker.linked)
            worker.close()

    @rule(number=numbers, address=addresses)
    def toggle(self, number: int, address: str) -> None:
        if number < len(self.workers):
            self.workers[number].toggle(address)

    @rule(
        number=numbers,
        address=addresses,
        event=st.sampled_from([Event.DRAIN, Event.READY, Event.DISABLE]),
    )
    def order(self, number: int, address: str, event: Event) -> None:
        if number < len(self.workers):
            self.workers[number].order(address, event)

    @rule(address=addresses, works=st.booleans())
    def probe(self, address: str, works: bool) -> None:
        """Every check of it finds that, the supervisor's and those of its own."""
        self.works[address] = works
        self.processes.checkers.find(f"{address}:80", works)
        for worker in self.workers:
            if address in worker.own:
                worker.own[address].find(works)

    @rule(number=numbers)
    def move(self, number: int) -> None:
        self.processes.clock.advance(0)
        if number < len(self.workers):
            self.workers[number].linked.move()

    @rule()
    def compare(self) -> None:
        """Once all that is said has been heard, and each check has run once more."""
        self.processes.settle()
        for address, works in self.works.items():
            self.probe(address, works)
        self.processes.settle()
        for worker in self.workers:
            told, own = worker.told_farm, worker.own_farm
            assert worker.states(told) == worker.states(own)
            for each in told.servers:
                check = told.health.check(each)
                assert check is not None
                assert check.sure or each.state is State.DISABLED

    @invariant()
    def only_what_somebody_may_want_is_checked(self) -> None:
        wanted = {each.name for w in self.workers for each in w.told_farm.servers}
        if not self.workers:
            assert len(self.processes.hub.checks) == 0
        assert len(self.processes.hub.checks) <= len(ADDRESSES)
        assert wanted <= set(ADDRESSES)

    def teardown(self) -> None:
        self.compare()
        for worker in self.workers:
            worker.close()
        self.processes.settle()
        assert len(self.processes.hub.checks) == 0
        self.processes.hub.stop()
        assert self.processes.clock.getDelayedCalls() == []


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


class Two:
    """Two workers that know the same states."""

    def __init__(self, **rules: Any) -> None:
        self.processes = Processes()
        self.a, self.b = self.processes.join(), self.processes.join()
        self.heard: list[tuple[str, ServerState]] = []
        self.a.link.attach(lambda states: self._learn("a", states))
        self.b.link.attach(lambda states: self._learn("b", states))

    def _learn(self, who: str, states: Any) -> None:
        self.heard.extend((who, state) for state in states)

    def say(self, worker: Linked, state: ServerState) -> list[tuple[str, ServerState]]:
        """What the others hear."""
        self.heard.clear()
        worker.link.changed(state)
        self.processes.settle()
        return self.heard


ONE = ServerState("web", "a", ("192.0.2.1:80",), changed=1.0)


def test_orders_and_ejections_reach_the_others_once() -> None:
    two = Two()
    drained = replace(ONE, order="drain", ordered=5.0)
    assert two.say(two.a, drained) == [("b", drained)]
    assert two.say(two.b, drained) == [], "that is known"
    ejected = replace(ONE, ejected=6.0, ejections=1, until=36.0)
    both = replace(drained, ejected=6.0, ejections=1, until=36.0)
    assert two.say(two.b, ejected) == [("a", both)]
    assert two.say(two.a, replace(ONE, order="ready", ordered=4.0)) == []


def test_what_a_check_has_found_reaches_only_those_who_begin() -> None:
    two = Two()
    down = replace(ONE, state="down", changed=7.0, asked="asked", up=False)
    assert two.say(two.a, down) == []
    assert two.processes.hub.states() == [as_plain(down)]
    late = two.processes.join()
    two.processes.settle()
    known: list[ServerState] = []
    late.link.attach(known.extend)
    assert known == [down]


def test_a_worker_that_is_gone_is_told_nothing_and_has_no_say() -> None:
    two = Two()
    two.processes.die(two.b)
    two.b.peer.receive(b'{"kind": "state"}\n')
    assert two.say(two.a, replace(ONE, order="drain", ordered=5.0)) == []
    assert two.b.down.pieces == []


def test_a_worker_that_stands_still_costs_no_more_than_what_is_new() -> None:
    processes = Processes()
    stopped, other = processes.join(), processes.join()
    processes.clock.advance(0)
    for n in range(3000):
        state = replace(ONE, server=f"s{n % 3}", order="drain", ordered=float(n + 1))
        other.link.changed(state)
        processes.clock.advance(0)
        other.move()
        processes.clock.advance(0)
        other.move()
    assert len(stopped.down.pieces) == 1
    assert len(stopped.peer._post) == 3


def test_a_bug_in_one_message_leaves_the_rest() -> None:
    processes = Processes()
    worker = processes.join()
    with logged() as log:
        worker.peer.receive(b'{"kind": "check", "id": 1}\n{"kind": "what"}\nx\n')
        drained = replace(ONE, order="drain", ordered=5.0)
        worker.link.changed(drained)
        processes.settle()
    assert log.tracebacks == 2
    assert processes.hub.states() == [as_plain(drained)]


def test_names_are_answered_through_it_whatever_the_size() -> None:
    zone = Zone(web=[a(f"10.0.{n >> 8}.{n & 255}") for n in range(1500)])
    processes = Processes(zone)
    told: list[Any] = []
    for worker in (processes.join(), processes.join()):
        worker.link.lookup().find(Sought("web", 80)).addCallback(told.append)
    processes.settle()
    assert told[0] == told[1]
    assert len(told[0].hosts["web"].four.records) == 1500
    assert len(zone.asked) == 2, "each family once"


def test_a_worker_that_dies_with_a_question_under_way_is_not_answered() -> None:
    zone = Zone(web=[a("192.0.2.1")])
    processes = Processes(zone)
    worker = processes.join()
    zone.silent |= {1, 28}
    worker.link.lookup().find(Sought("web", 80))
    processes.settle()
    processes.die(worker)
    zone.speak()
    processes.clock.advance(0)
    assert worker.down.pieces == []


TEXT = """
fronts: {{web: {{listen: "[::1]:0", to: web}}}}
farms: {{web: {{servers: [{servers}]}}}}
"""


def test_it_is_said_before_the_start_that_nobody_can_be_asked_for_names() -> None:
    def refuse() -> Any:
        raise OSError("no resolv.conf")

    hub = Hub(Processes().clock, refuse)
    hub.prepare(parse(TEXT.format(servers='"192.0.2.1:80"')).config)
    with pytest.raises(OSError, match="resolv"):
        hub.prepare(parse(TEXT.format(servers='"web.farm:80"')).config)


def test_a_new_configuration_has_its_servers_forgotten() -> None:
    processes = Processes()
    for name in ("192.0.2.1:80", "192.0.2.2:80"):
        processes.hub.note(replace(ONE, server=name, ordered=1.0), None)
    processes.hub.keep(parse(TEXT.format(servers='"192.0.2.2:80"')).config)
    assert [state["server"] for state in processes.hub.states()] == ["192.0.2.2:80"]


def test_a_gateway_that_was_alone_hands_on_what_it_knows() -> None:
    processes = Processes()
    known = replace(ONE, state="down", asked="asked", up=False, said="status 503")
    processes.hub.prime([as_plain(known)])
    worker = processes.join()
    verdicts: list[tuple[bool, str]] = []
    make = worker.link.checks_of("web", lambda server: "asked")
    make(server_at("192.0.2.1"), lambda *verdict: verdicts.append(verdict)).start()
    processes.settle()
    assert verdicts == [(False, "status 503")]
    states: list[ServerState] = []
    worker.link.attach(states.extend)
    assert states == [known]


def test_generations_share_their_checks_while_the_old_one_drains() -> None:
    processes = Processes(fall=1)
    second = ScriptedCheckers(processes.clock, 2, fall=1)
    old, new = processes.join(), processes.join(second)
    verdicts: list[tuple[str, bool]] = []
    for name, worker in (("old", old), ("new", new)):
        make = worker.link.checks_of("web", lambda server: "asked")

        def verdict(up: bool, why: str, name: str = name) -> None:
            verdicts.append((name, up))

        make(server_at("192.0.2.1"), verdict).start()
    processes.settle()
    assert len(processes.hub.checks) == 1
    second.find("192.0.2.1:80", False)
    processes.settle()
    assert verdicts == [("old", False), ("new", False)]


def test_a_file_that_says_something_new_of_a_server_ends_what_was_ordered() -> None:
    processes = Processes()
    worker = processes.join()
    drained = replace(ONE, order="drain", ordered=5.0)
    worker.link.changed(drained)
    processes.settle()

    def after(disabled: str) -> dict[str, Any]:
        servers = f'{{address: "192.0.2.1:80", name: a, disabled: {disabled}}}'
        processes.hub.keep(parse(TEXT.format(servers=servers)).config)
        (known,) = processes.hub.states()
        return known

    assert after("false")["order"] == "drain", "it says what it said"
    assert after("true")["order"] == ""
    worker.link.changed(replace(drained, state="draining", changed=9.0))
    processes.settle()
    assert after("false")["order"] == "", "though the old generation may repeat it"
