"""What a gateway has of all that is told as metrics."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from bridge.farm.state import State
from bridge.service.counted import STATES, of_all, of_bytes, of_process
from bridge.service.gateway import Gateway
from bridge.session.flow import Event
from bridge.watch.metrics import METRICS, NANO, SUM, Kind, Series, Whole
from tests.pumping import PATIENCE
from tests.questioned import Asked, asked


@pytest.fixture
def running() -> Iterator[Asked]:
    with asked() as made:
        yield made


def all_of(gateway: Gateway) -> dict[Series, int]:
    told = list(of_all(gateway))
    assert len(dict(told)) == len(told)  # each once
    return dict(told)


def test_sessions_that_run_and_that_have_ended(running: Asked) -> None:
    running.connect()
    running.connect()
    (one, _) = running.sessions()
    found = all_of(running.gateway)
    assert found["sessions_active", "one"] == 2
    assert found["sessions_accepted", "one"] == 2
    assert found["sessions", "one", "killed"] == 0
    assert found["session_seconds", "one", SUM] == 0
    running.turn(1.0)
    one.handle(Event.KILLED)
    found = all_of(running.gateway)
    assert found["sessions_active", "one"] == found["sessions", "one", "killed"] == 1
    assert found["session_seconds", "one", SUM] >= NANO
    assert found["sessions_accepted", "two"] == 0


def test_farms_and_servers(running: Asked) -> None:
    running.connect()
    found = all_of(running.gateway)
    assert found["farm_sessions_active", "inner"] == 1
    assert found["server_sessions_active", "inner", "b"] == 1
    assert found["server_up", "inner", "b"] == found["farm_servers_up", "inner"] == 1
    assert found["farm_servers", "inner"] == 1
    assert STATES[found["server_state", "inner", "b"] - 1] is State.UP
    dials = [n for s, n in found.items() if s[:2] == ("dial_seconds", "inner")]
    assert sum(dials) - found["dial_seconds", "inner", SUM] == 1
    running.ask("drain", server="b")
    found = all_of(running.gateway)
    assert found["server_up", "inner", "b"] == found["farm_servers_up", "inner"] == 0
    assert STATES[found["server_state", "inner", "b"] - 1] is State.DRAINING


def test_a_dial_that_fails_has_a_reason() -> None:
    with asked(", retries: 0") as running:
        running.server.close()
        (listens,) = running.gateway.fronts[0].listens
        where = "127.0.0.1", int(listens.rsplit(":", 1)[1])
        client = socket.create_connection(where, PATIENCE)
        running.until(lambda: running.gateway.fronts[0].counters.endings)
        client.close()
        found = all_of(running.gateway)
        assert found["dial_failures", "inner", "b", "refused"] == 1
        assert found["sessions", "one", "dial_failed"] == 1


def test_bytes_on_their_way_are_told(running: Asked) -> None:
    client, accepted = running.connect()
    running.move(client, accepted, 1000)
    running.move(accepted, client, 50)
    found = dict(filter(None, of_bytes(running.gateway)))
    assert found["bytes", "one", "up"] == 1000
    assert found["bytes", "one", "down"] == 50
    assert found["bytes", "two", "up"] == 0


def test_the_process_itself(running: Asked) -> None:
    running.connect()
    found = dict(of_process(running.gateway, now=5.0, lag=0.25))
    assert found["beat",] == 5 * NANO and found["reactor_lag_seconds",] == NANO // 4
    assert found["worker_sessions_active",] == 1
    assert found["worker_sessions_limit",] == running.gateway.house.room.most
    assert found["worker_cpu_seconds",] > 0
    assert {str(name) for (name,) in found} == {
        name for name, metric in METRICS.items() if metric.whole is Whole.EACH
    }


def test_all_that_is_told_is_known_by_its_name(running: Asked) -> None:
    running.connect()
    for each in (*of_all(running.gateway), *of_bytes(running.gateway)):
        if each is None:  # the end of a slice
            continue
        (name, *labels), _ = each
        metric = METRICS[str(name)]
        parts = metric.kind is Kind.HISTOGRAM
        assert len(labels) == len(metric.labels) + parts


def test_nothing_is_measured_where_nobody_can_ask() -> None:
    with asked(more="admin: {web: off}") as running:
        running.connect()
        found = all_of(running.gateway)
        assert found["sessions_active", "one"] == 1
        assert not any(METRICS[str(s[0])].kind is Kind.HISTOGRAM for s in found)
