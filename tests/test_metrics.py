"""The names of what is measured, which users rely on."""

from __future__ import annotations

import re

import pytest

from bridge.watch.metrics import METRICS, Kind, Whole, is_total

CONTRACT = (
    ("sessions", ("front", "ending")),
    ("sessions_active", ("front",)),
    ("bytes", ("front", "direction")),
    ("server_up", ("farm", "server")),
    ("server_sessions_active", ("farm", "server")),
    ("dial_seconds", ("farm",)),
    ("session_seconds", ("front",)),
    ("dial_failures", ("farm", "server", "reason")),
    ("queue_length", ("farm",)),
    ("rejected", ("front", "reason")),
    ("tls_handshake_failures", ("front",)),
    ("certificate_not_after_timestamp_seconds", ("owner", "file")),
    ("reactor_lag_seconds", ()),
    ("pipes_in_use", ()),
)


@pytest.mark.parametrize(("name", "labels"), CONTRACT)
def test_the_contracts_names_are_there(name: str, labels: tuple[str, ...]) -> None:
    assert METRICS[name].labels == labels


@pytest.mark.parametrize("name", METRICS)
def test_names_and_labels_are_prometheuss(name: str) -> None:
    metric = METRICS[name]
    for each in (name, *metric.labels):
        assert re.fullmatch(r"[a-z][a-z_]*", each)
    assert not name.endswith("_total")  # the format adds it
    assert not set(metric.labels) & {"generation", "worker", "le"}
    assert metric.help and not metric.help.endswith(".")
    if metric.kind is Kind.HISTOGRAM:
        assert list(metric.bounds) == sorted(set(metric.bounds)) and metric.bounds
    else:
        assert metric.bounds == ()
    if metric.whole in (Whole.LEAST, Whole.MOST):
        assert metric.kind is Kind.GAUGE


def test_what_only_grows_outlives_its_process() -> None:
    assert is_total(("bytes", "web", "up"))
    assert is_total(("session_seconds", "web", 3))
    assert not is_total(("sessions_active", "web"))
    assert not is_total(("worker_cpu_seconds",))  # nobody's but its own
