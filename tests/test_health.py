"""What moves servers between states, and what of it reaches traffic and log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from twisted.internet.task import Clock

from bridge.farm.check import Verdict
from bridge.farm.health import Health, Rules
from bridge.farm.server import Server
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
