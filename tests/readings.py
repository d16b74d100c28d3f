"""Readings for tests: what a gateway with a front, a farm and two workers has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bridge.watch.metrics import METRICS, SUM, Series, Whole
from bridge.watch.reading import Process, Reading, Running

EACH = [name for name, metric in METRICS.items() if metric.whole is Whole.EACH]

NUMBERS: dict[Series, int] = {
    ("sessions", "web", "done"): 7,
    ("sessions", "web", "idle"): 0,
    ("sessions_accepted", "web"): 9,
    ("sessions_active", "web"): 2,
    ("bytes", "web", "up"): 10,
    ("bytes", "web", "down"): 1 << 60,
    ("rejected", "web", "limits.per_source"): 3,
    ("requests", "web", "2xx"): 4,
    ("tls_handshake_failures", "web"): 1,
    ("session_seconds", "web", SUM): 1_500_000_000,
    ("session_seconds", "web", 0): 5,
    ("session_seconds", "web", 8): 1,
    ("session_seconds", "web", 17): 1,
    ("mss_front_bytes", "web", SUM): 2440,
    ("mss_front_bytes", "web", 2): 2,
    ("retransmits_front", "web"): 6,
    ("blackhole_suspected_front", "web"): 1,
    ("limited", "web", "front_net"): 2,
    ("limited", "web", "none"): 5,
    ("farm_sessions_active", "a"): 2,
    ("queue_length", "a"): 5,
    ("farm_servers", "a"): 2,
    ("farm_servers_up", "a"): 1,
    ("dial_seconds", "a", SUM): 0,
    ("mss_back_bytes", "a", SUM): 8948,
    ("mss_back_bytes", "a", 9): 1,
    ("retransmits_back", "a"): 0,
    ("blackhole_suspected_back", "a"): 3,
    ("source_ports", "a"): 28232,
    ("source_ports_in_use", "a"): 12,
    ("server_up", "a", "b"): 1,
    ("server_state", "a", "b"): 2,
    ("server_sessions_active", "a", "b"): 2,
    ("dial_failures", "a", "b", "refused"): 8,
    ("server_up", "a", 'odd\n"name\\'): 0,
    ("server_state", "a", 'odd\n"name\\'): 0,
    ("certificate_not_after_timestamp_seconds", "front web", "/a.pem"): 1_800_000_000,
    ("log_lines_dropped", "access log /x"): 11,
}


def process(worker: int = 0, **more: Any) -> Process:
    numbers = dict.fromkeys(EACH, 0) | {"worker_cpu_seconds": 2_500_000_000}
    given: dict[str, Any] = {
        "generation": 2,
        "worker": worker,
        "pid": 70 + worker,
        "retires": False,
        "age": 0.25,
        "up": True,
        "numbers": numbers,
    }
    return Process(**given | more)


READING = Reading(
    time=1_764_406_000.5,
    seconds=100.25,
    version="1.2",
    started=1_764_000_000.0,
    draining=False,
    why=(),
    digest="0123456789abcdef",
    reloaded=None,
    reloaded_at=1_764_000_000.0,
    generations=(Running(2, False, 2, 1), Running(1, True, 1, 0)),
    processes=(process(0), process(1, age=None, up=False)),
    numbers=NUMBERS,
)


def reading(**more: Any) -> Reading:
    """As above, but for *more*."""
    return replace(READING, **more)
