"""What moves servers between states, and what of it reaches traffic and log."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from twisted.internet.task import Clock

from bridge.farm.check import Verdict
from bridge.farm.health import Health
from bridge.farm.rules import Rules
from bridge.farm.server import Server
from bridge.farm.server_state import ServerState
from bridge.farm.state import Event, State
from tests.logged import logged
from tests.servers import servers


@dataclass
class Traffic:
    """Remembers weights, as a farm's balance would have them."""

    name: str = "web"
    weights: dict[str, float] = field(default_factory=dict)
    servers: int = 0

    def enter(self, server: Server, weight: float) -> None:
        assert server.name not in self.weights
        self.weights[server.name] = weight

    def leave(self, server: Server) -> None:
        del self.weights[server.name]

    def reweigh(self, server: Server, weight: float) -> None:
        assert server.name in self.weights
        self.weights[server.name] = weight

    def settled(self, server: Server) -> None:
        """Nobody waits for it."""

    def standing(self) -> tuple[int, int]:
        return len(self.weights), self.servers


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

    def find(self, up: bool, why: str) -> None:
        assert self.runs
        self.up = up
        self.verdict(up, why)


class Ward:
    """Three servers, weighing 2 each, and their health."""

    def __init__(self, checked: bool = True, **rules: Any) -> None:
        self.clock = Clock()
        self.traffic = Traffic(servers=3)
        self.checks: dict[str, Scripted] = {}
        check = self._check if checked else None
        self.health = Health(self.traffic, Rules(check, **rules), self.clock)
        self.servers = servers([2, 2, 2])
        self.a, self.b, self.c = self.servers

    def _check(self, server: Server, verdict: Verdict) -> Scripted:
        check = self.checks[server.name] = Scripted(verdict)
        return check

    def admit(self) -> Ward:
        for server in self.servers:
            self.health.add(server)
        return self

    def fail(self, server: Server, times: int) -> None:
        for _ in range(times):
            self.health.dial_failed(server, "Connection refused")


def state(server: Server) -> State:
    """Asked anew each time, which a type checker does not expect of an attribute."""
    return server.state


def test_servers_begin_in_traffic_with_their_weight() -> None:
    ward = Ward().admit()
    assert ward.traffic.weights == {"a": 2, "b": 2, "c": 2}
    assert all(check.runs for check in ward.checks.values())


def test_a_server_disabled_by_configuration_is_neither_used_nor_checked() -> None:
    ward = Ward()
    ward.b.state = State.DISABLED
    ward.admit()
    assert set(ward.traffic.weights) == {"a", "c"}
    assert not ward.checks["b"].runs


def test_a_check_takes_a_server_out_and_brings_it_back() -> None:
    ward = Ward().admit()
    with logged() as log:
        ward.checks["b"].find(False, "status 503")
        assert set(ward.traffic.weights) == {"a", "c"}
        ward.checks["b"].find(True, "status 200")
    assert ward.traffic.weights == {"a": 2, "b": 2, "c": 2}
    assert log.lines == [
        "farm web: server b is down, status 503; 2 of 3 servers get sessions",
        "farm web: server b is up, status 200; 3 of 3 servers get sessions",
    ]
    assert log.levels == ["warn", "info"]


def test_the_last_server_that_goes_is_an_error() -> None:
    ward = Ward().admit()
    with logged() as log:
        for check in ward.checks.values():
            check.find(False, "connection refused")
    assert log.levels == ["warn", "warn", "error"]
    assert log.lines[-1].endswith("0 of 3 servers get sessions")


def test_what_changes_nothing_is_not_logged() -> None:
    ward = Ward().admit()
    with logged() as log:
        ward.health.tell(ward.a, Event.PASSED, "connected")
        ward.health.tell(ward.a, Event.READMIT, "late")
    assert not log.lines


def test_slow_start_gives_the_weight_in_ten_steps() -> None:
    ward = Ward(slow_start=10.0).admit()
    ward.checks["a"].find(False, "x")
    ward.checks["a"].find(True, "y")
    assert state(ward.a) is State.STARTING
    seen = [ward.traffic.weights["a"]]
    for _ in range(9):
        ward.clock.advance(1)
        seen.append(ward.traffic.weights["a"])
    assert seen == pytest.approx([0.2 * n for n in range(1, 11)])
    assert state(ward.a) is State.UP
    assert ward.clock.getDelayedCalls() == []


def test_a_server_that_fails_while_it_starts_begins_anew() -> None:
    ward = Ward(slow_start=10.0).admit()
    ward.checks["a"].find(False, "x")
    ward.checks["a"].find(True, "y")
    ward.clock.advance(5)
    ward.checks["a"].find(False, "x")
    ward.clock.advance(20)
    assert "a" not in ward.traffic.weights
    ward.checks["a"].find(True, "y")
    assert ward.traffic.weights["a"] == pytest.approx(0.2)


def test_dials_that_fail_in_a_row_eject_for_longer_each_time() -> None:
    ward = Ward(failures=5, ejected=30.0).admit()
    ward.fail(ward.a, 4)
    assert "a" in ward.traffic.weights
    ward.fail(ward.a, 1)
    assert state(ward.a) is State.EJECTED
    ward.clock.advance(30)
    assert state(ward.a) is State.UP
    ward.fail(ward.a, 1)
    ward.clock.advance(59)
    assert state(ward.a) is State.EJECTED
    ward.clock.advance(1)
    assert state(ward.a) is State.UP


def test_a_dial_that_is_answered_forgets_the_failures() -> None:
    ward = Ward(failures=5).admit()
    ward.fail(ward.a, 4)
    assert ward.a.failing
    ward.health.dialed(ward.a)
    assert not ward.a.failing
    ward.fail(ward.a, 4)
    assert state(ward.a) is State.UP


def test_the_last_server_is_never_ejected() -> None:
    ward = Ward(failures=1).admit()
    for server in ward.servers:
        ward.fail(server, 3)
    assert len(ward.traffic.weights) == 1


def test_without_eject_failures_mean_nothing() -> None:
    ward = Ward(failures=0).admit()
    ward.fail(ward.a, 1000)
    assert state(ward.a) is State.UP
    assert not ward.a.failing


def test_a_check_that_fails_ends_an_ejection_as_down() -> None:
    ward = Ward(failures=1).admit()
    ward.fail(ward.a, 1)
    ward.checks["a"].find(False, "x")
    assert state(ward.a) is State.DOWN
    ward.clock.advance(1000)
    assert state(ward.a) is State.DOWN, "and its timer does not bring it back"


def test_draining_goes_on_with_checks_and_disabling_without() -> None:
    ward = Ward().admit()
    ward.health.order(ward.a, Event.DRAIN)
    ward.health.order(ward.b, Event.DISABLE)
    assert set(ward.traffic.weights) == {"c"}
    assert [ward.checks[name].runs for name in "ab"] == [True, False]
    ward.health.order(ward.b, Event.READY)
    assert ward.checks["b"].runs
    assert set(ward.traffic.weights) == {"b", "c"}


def test_an_order_does_not_bring_up_what_fails_its_checks() -> None:
    ward = Ward().admit()
    ward.health.order(ward.a, Event.DRAIN)
    ward.checks["a"].find(False, "x")
    assert state(ward.a) is State.DRAINING
    ward.health.order(ward.a, Event.READY)
    assert state(ward.a) is State.DOWN
    ward.checks["a"].find(True, "y")
    assert state(ward.a) is State.UP


def test_who_is_removed_is_not_checked_and_not_timed() -> None:
    ward = Ward(failures=1).admit()
    ward.fail(ward.a, 1)
    ward.health.remove(ward.a)
    ward.health.remove(ward.b)
    assert set(ward.traffic.weights) == {"c"}
    assert ward.clock.getDelayedCalls() == []
    assert not ward.checks["a"].runs


def test_stopping_stops_everything() -> None:
    ward = Ward(failures=1, slow_start=10.0).admit()
    ward.fail(ward.a, 1)
    ward.health.stop()
    assert ward.clock.getDelayedCalls() == []
    assert not any(check.runs for check in ward.checks.values())


def test_a_farm_without_checks_has_all_its_servers_up() -> None:
    ward = Ward(checked=False).admit()
    ward.health.order(ward.a, Event.DISABLE)
    ward.health.order(ward.a, Event.READY)
    assert ward.traffic.weights == {"a": 2, "b": 2, "c": 2}


class Memory:
    """What is known beyond this process; remembers what it is told."""

    def __init__(self, *known: ServerState) -> None:
        self.known = {state.server: state for state in known}
        self.told: list[ServerState] = []

    def recall(self, server: str) -> ServerState | None:
        return self.known.get(server)

    def changed(self, state: ServerState) -> None:
        self.told.append(state)


def known(name: str, place: int, **fields: Any) -> ServerState:
    return ServerState("web", name, (f"10.0.0.{place}:80",), **fields)


def kept(memory: Memory, **rules: Any) -> Ward:
    return Ward(kept=memory, asked=lambda server: "asked", **rules)


def test_others_are_told_of_every_change_and_of_what_was_ordered() -> None:
    memory = Memory()
    ward = kept(memory, failures=1, slow_start=10.0).admit()
    ward.clock.advance(5)
    ward.checks["a"].find(False, "status 503")
    ward.fail(ward.b, 1)
    ward.health.order(ward.c, Event.DRAIN)
    a, b, c = memory.told
    assert (a.state, a.why, a.changed) == ("down", "status 503", 5)
    assert (a.asked, a.up) == ("asked", False)
    assert (b.state, b.ejected, b.ejections, b.until) == ("ejected", 5, 1, 35)
    assert (c.state, c.order, c.ordered) == ("draining", "drain", 5)
    memory.told.clear()
    for _ in range(50):
        ward.clock.advance(1)
    assert [(s.server, s.state) for s in memory.told] == [
        ("b", "starting"),
        ("b", "up"),
    ], "the end of its slow start, too"
    memory.told.clear()
    ward.health.dialed(ward.b)
    ward.health.dialed(ward.b)
    assert [(s.server, s.ejections) for s in memory.told] == [("b", 0)]


def test_servers_begin_as_they_were_known_before_anybody_is_told_how_many() -> None:
    memory = Memory(
        known("a", 0, state="down", asked="asked", why="status 503", changed=3.0),
        known("b", 1, state="ejected", ejected=90.0, ejections=2, until=130.0),
    )
    ward = kept(memory, failures=1, ejected=10.0)
    ward.clock.advance(100)
    with logged() as log:
        ward.health.add(*ward.servers)
    assert [each.state for each in ward.servers] == [
        State.DOWN,
        State.EJECTED,
        State.UP,
    ]
    assert not ward.checks["a"].up
    assert log.lines == [
        "farm web: server a is down, as it was before; 1 of 3 servers get sessions",
        "farm web: server b is ejected, as it was before; 1 of 3 servers get sessions",
    ]
    assert memory.told == [], "they know"
    ward.checks["a"].find(True, "status 200")
    ward.clock.advance(30)
    assert [each.state for each in ward.servers] == [State.UP] * 3
    ward.fail(ward.b, 1)
    assert ward.b.until == 170, "four times as long, for it is the third in a row"


def test_a_dial_that_is_answered_ends_the_row_that_others_have_begun() -> None:
    memory = Memory(known("b", 1, state="up", ejected=90.0, ejections=2))
    ward = kept(memory, failures=2, ejected=10.0).admit()
    assert ward.b.watched
    ward.health.dialed(ward.b)
    ward.fail(ward.b, 1)
    assert ward.b.state is State.UP


def test_a_slow_start_goes_on() -> None:
    memory = Memory(known("a", 0, state="starting", since=96.0))
    ward = kept(memory, slow_start=10.0)
    ward.clock.advance(100)
    ward.admit()
    assert ward.traffic.weights["a"] == pytest.approx(1.0)
    for _ in range(5):
        ward.clock.advance(1)
    assert (state(ward.a), ward.traffic.weights["a"]) == (State.UP, 2)
    assert ward.clock.getDelayedCalls() == []


def test_who_is_known_already_is_what_it_is_here() -> None:
    memory = Memory(known("a", 0, state="down", asked="asked"))
    ward = kept(memory)
    ward.a.changed = 1.0
    ward.admit()
    assert state(ward.a) is State.UP


def test_a_server_that_is_checked_lazily_is_not_down_for_ever() -> None:
    memory = Memory(known("a", 0, state="down", asked="asked"))
    ward = kept(memory, lazily=True).admit()
    assert state(ward.a) is State.UP


def test_orders_of_others_hold_here_by_the_newest_and_are_not_told_back() -> None:
    memory = Memory()
    ward = kept(memory).admit()
    drained = known("a", 0, order="drain", ordered=10.0)
    ward.health.learn(ward.a, drained)
    assert state(ward.a) is State.DRAINING
    ward.health.learn(ward.a, replace(drained, order="ready", ordered=9.0))
    assert state(ward.a) is State.DRAINING, "that was before"
    ward.health.learn(ward.a, replace(drained, order="disable", ordered=11.0))
    assert (state(ward.a), ward.checks["a"].runs) == (State.DISABLED, False)
    ward.health.learn(ward.a, replace(drained, order="ready", ordered=12.0))
    assert state(ward.a) is State.UP
    assert memory.told == []


def test_an_order_of_another_configuration_is_not_followed() -> None:
    ward = kept(Memory()).admit()
    ward.health.learn(ward.a, known("a", 0, order="drain", ordered=10.0, disabled=True))
    assert (state(ward.a), ward.a.ordered) == (State.UP, 0)


def test_an_ejection_by_others_holds_here_for_as_long() -> None:
    ward = kept(Memory(), failures=5).admit()
    ejected = known("a", 0, why="for 30 s: refused", ejected=1.0, ejections=1, until=30)
    ward.health.learn(ward.a, ejected)
    assert (state(ward.a), ward.a.why) == (State.EJECTED, "for 30 s: refused")
    ward.clock.advance(30)
    assert state(ward.a) is State.UP
    ward.health.learn(ward.a, ejected)
    assert state(ward.a) is State.UP, "it has been heard of"
    ward.fail(ward.a, 1)
    assert (state(ward.a), ward.a.until) == (State.EJECTED, 90)


def test_the_last_server_here_is_not_ejected_by_others() -> None:
    ward = kept(Memory(), failures=1).admit()
    for place, one in enumerate(ward.servers):
        told = known(one.name, place, ejected=1.0, ejections=1, until=30.0)
        ward.health.learn(one, told)
    assert set(ward.traffic.weights) == {"c"}


@pytest.mark.parametrize(
    ("failures", "address"), [(0, "10.0.0.0:80"), (1, "192.0.2.9:80")]
)
def test_an_ejection_means_nothing_where_there_are_none_or_to_another(
    failures: int, address: str
) -> None:
    ward = kept(Memory(), failures=failures).admit()
    told = ServerState("web", "a", (address,), ejected=1.0, ejections=1, until=30.0)
    ward.health.learn(ward.a, told)
    assert state(ward.a) is State.UP


EJECTED_AT_5 = known(
    "a", 0, state="ejected", changed=5.0, ejected=5.0, ejections=1, until=35.0
)


def test_an_order_ends_only_what_came_before_it_in_whatever_order_it_is_heard() -> None:
    before = replace(EJECTED_AT_5, order="ready", ordered=4.0)
    after = replace(EJECTED_AT_5, order="ready", ordered=6.0)
    for told, ends in ((before, State.EJECTED), (after, State.UP)):
        ward = kept(Memory(), failures=5).admit()
        ward.health.learn(ward.a, EJECTED_AT_5)
        ward.health.learn(ward.a, told)
        assert state(ward.a) is ends
        ward.health.learn(ward.b, replace(told, server="b", addresses=("10.0.0.1:80",)))
        assert state(ward.b) is ends


def test_of_two_ejections_the_longer_counts() -> None:
    ward = kept(Memory(), failures=5).admit()
    ward.health.learn(ward.a, EJECTED_AT_5)
    ward.health.learn(ward.a, replace(EJECTED_AT_5, ejected=7.0, until=37.0))
    ward.clock.advance(36)
    assert (state(ward.a), ward.health.due(ward.a)) == (State.EJECTED, 37)
    ward.clock.advance(1)
    assert state(ward.a) is State.UP
    assert ward.clock.getDelayedCalls() == []


def test_a_row_that_another_saw_end_has_ended_here() -> None:
    ward = kept(Memory(), failures=2).admit()
    ward.health.learn(ward.a, replace(EJECTED_AT_5, until=0.0))
    ward.health.learn(ward.a, replace(EJECTED_AT_5, until=0.0, ejections=0))
    ward.fail(ward.a, 1)
    assert state(ward.a) is State.UP


def test_who_was_disabled_here_and_drained_elsewhere_drains() -> None:
    ward = kept(Memory()).admit()
    ward.health.order(ward.a, Event.DISABLE)
    ward.health.learn(ward.a, known("a", 0, order="drain", ordered=10.0))
    assert (state(ward.a), ward.checks["a"].runs) == (State.DRAINING, True)
    assert "a" not in ward.traffic.weights


def test_who_comes_back_has_missed_no_order() -> None:
    memory = Memory()
    ward = kept(memory).admit()
    ward.health.remove(ward.a)
    memory.known["a"] = known("a", 0, order="drain", ordered=10.0)
    ward.health.add(ward.a)
    assert state(ward.a) is State.DRAINING
