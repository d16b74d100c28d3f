"""A worker's link: what it begins with, and what it does without a supervisor."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from bridge.config import parse
from bridge.farm.dns_values import Sought
from bridge.farm.server_state import ServerState
from bridge.service.farms import Farms
from tests.linked import Processes
from tests.servers import server
from tests.zones import Zone, a


def test_a_worker_begins_once_it_knows_all_that_there_is_to_know() -> None:
    processes = Processes()
    states = [
        ServerState("web", f"s{n}", ordered=1.0, order="drain") for n in range(900)
    ]
    for state in states:
        processes.hub.note(state, None)
    worker = processes.join()
    began: list[Any] = []
    worker.link.ready.addCallback(began.append)
    processes.clock.advance(0)
    worker.move()
    assert not began, "it takes some pieces"
    processes.settle()
    assert began == [None]
    known: list[ServerState] = []
    worker.link.attach(known.extend)
    assert known == states
    processes.hub.note(ServerState("web", "new", ordered=2.0), None)
    processes.settle()
    assert [state.server for state in known[900:]] == ["new"]


def test_without_a_supervisor_verdicts_stay_and_names_have_no_answer() -> None:
    processes = Processes(fall=1)
    link = processes.join().link
    verdicts: list[bool] = []
    check = link.checks_of("web", lambda server: "asked")(
        server("a"), lambda up, why: verdicts.append(up)
    )
    check.start()
    processes.settle()
    processes.checkers.find("192.0.2.1:80", False)
    processes.settle()
    told: list[Any] = []
    link.lookup().find(Sought("web", 80)).addCallback(told.append)
    link.lost()
    link.lost()
    assert (verdicts, check.up) == ([False], False)
    assert told[0].services.why == "the supervisor has gone"
    check.stop()
    link.changed(ServerState("web", "a"))
    processes.settle()
    assert processes.hub.states() == [], "nobody is there to be told"


def test_who_waits_to_begin_does_not_wait_for_a_supervisor_that_is_gone() -> None:
    link = Processes().join().link
    began: list[Any] = []
    link.ready.addCallback(began.append)
    link.lost()
    assert began == [None]


def test_names_that_were_looked_up_before_are_known_when_it_begins() -> None:
    zone = Zone(web=[a("192.0.2.1", 60)])
    processes = Processes(zone)
    config = parse(
        'fronts: {web: {listen: "[::1]:0", to: web}}\n'
        'farms: {web: {servers: ["web:80"], check: off}}'
    ).config
    prepared: list[Any] = []
    processes.hub.prepare(config).addCallback(prepared.append)
    assert prepared == [None]
    link = processes.join().link
    processes.settle()
    pump: Any = SimpleNamespace(reactor=processes.clock)
    farms = Farms(config, pump, {}, hub=link)
    farms.start()
    assert [each.name for each in farms["web"].servers] == ["192.0.2.1:80"]
    assert farms["web"].expecting == 0, "nobody who comes has to wait"
    assert len(zone.asked) == 2
    farms.stop()
