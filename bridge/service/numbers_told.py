"""
All numbers as plain values: what the page is made of, and whoever else reads JSON.

Not here: the same for Prometheus (``watch.exposition``).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from bridge.service.counted import STATES
from bridge.watch.metrics import METRICS, NANO, SUM, Kind, Metric, Series
from bridge.watch.reading import Process, Reading, Running

if TYPE_CHECKING:
    from bridge.control.slices import Steps

PIECE = 50
"""Series that are told in a slice."""

Told = dict[str, Any]

FRONTS = {
    "sessions_active": "active",
    "sessions_accepted": "accepted",
    "bytes": "bytes",
    "sessions": "endings",
    "rejected": "refused",
    "requests": "requests",
    "tls_handshake_failures": "tls_failures",
    "session_seconds": "seconds",
    "mss_front_bytes": "mss",
    "retransmits_front": "retransmits",
    "blackhole_suspected_front": "black_holes",
    "limited": "limited",
}
"""How each is called of a front; with two labels it is one value by the second."""

FARMS = {
    "farm_sessions_active": "active",
    "queue_length": "waiting",
    "farm_servers_up": "servers_up",
    "farm_servers": "servers_all",
    "dial_seconds": "dial",
    "mss_back_bytes": "mss",
    "retransmits_back": "retransmits",
    "blackhole_suspected_back": "black_holes",
}
"""The same of a farm."""


def plain(reading: Reading) -> Steps[Told]:
    """
    *reading* by front, farm, server and worker, in slices; names and units are the
    access log's and ``bridgectl status``'s.  Histograms count what is not above each
    bound.
    """
    told = _Told()
    for count, (series, number) in enumerate(reading.numbers.items(), 1):
        told.take(series, number)
        if count % PIECE == 0:
            yield
    current = reading.generations[0].generation if reading.generations else 0
    return {
        "time": reading.time,
        "seconds": reading.seconds,
        "version": reading.version,
        "started": reading.started,
        "ready": reading.ready,
        "draining": reading.draining,
        "why": list(reading.why),
        "config": {
            "hash": reading.digest,
            "reloaded": reading.reloaded,
            "at": reading.reloaded_at,
        },
        "generation": current,
        "generations": [_running(each) for each in reading.generations],
        "workers": [_process(each) for each in reading.processes],
        "fronts": dict(told.fronts),
        "farms": dict(told.farms),
        "certificates": told.certificates,
        "logs": told.logs,
    }


class _Told:
    """What is made of the numbers so far."""

    def __init__(self) -> None:
        self.fronts: dict[str, Told] = defaultdict(_front)
        self.farms: dict[str, Told] = defaultdict(_farm)
        self.certificates: list[Told] = []
        self.logs: list[Told] = []

    def take(self, series: Series, number: int) -> None:
        name, *labels = series
        metric, owner = METRICS[str(name)], str(labels[0])
        if name in FRONTS:
            _put(self.fronts[owner], FRONTS[str(name)], metric, labels[1:], number)
        elif name in FARMS:
            _put(self.farms[owner], FARMS[str(name)], metric, labels[1:], number)
        elif name == "source_ports":
            self.farms[owner]["source_ports"]["most"] = number
        elif name == "source_ports_in_use":
            self.farms[owner]["source_ports"]["in_use"] = number
        elif metric.labels[:2] == ("farm", "server"):
            self._of_server(str(name), owner, labels[1:], number)
        elif name == "certificate_not_after_timestamp_seconds":
            about = {"owner": owner, "file": labels[1], "not_after": number}
            self.certificates.append(about)
        elif name == "log_lines_dropped":
            self.logs.append({"log": owner, "dropped": number})

    def _of_server(
        self, name: str, farm: str, labels: list[str | int], number: int
    ) -> None:
        servers = self.farms[farm]["servers"]
        server = servers.setdefault(labels[0], _server())
        if name == "server_up":
            server["up"] = bool(number)
        elif name == "server_state":
            server["state"] = STATES[number - 1].value if number else None
        elif name == "server_sessions_active":
            server["active"] = number
        elif name == "dial_failures":
            server["dial_failures"][labels[1]] = number


def _put(
    whole: Told, name: str, metric: Metric, labels: list[str | int], number: int
) -> None:
    if metric.kind is Kind.HISTOGRAM:
        if whole[name] is None:
            whole[name] = _histogram(metric)
        _add_to(whole[name], metric, int(labels[0]), number)
    elif labels:
        whole[name][labels[0]] = number
    else:
        whole[name] = number


def _histogram(metric: Metric) -> Told:
    return {"count": 0, "sum": 0, "buckets": [[bound, 0] for bound in metric.bounds]}


def _add_to(histogram: Told, metric: Metric, part: int, number: int) -> None:
    """Parts come in any order: each of a bucket is in all that are above it, too."""
    if part == SUM:
        histogram["sum"] = number / metric.unit
        return
    histogram["count"] += number
    for bucket in histogram["buckets"][part:]:
        bucket[1] += number


def _front() -> Told:
    return {
        "active": 0,
        "accepted": 0,
        "bytes": {"up": 0, "down": 0},
        "endings": {},
        "refused": {},
        "requests": {},
        "tls_failures": 0,
        "seconds": _histogram(METRICS["session_seconds"]),
        "mss": None,
        "retransmits": 0,
        "black_holes": 0,
        "limited": {},
    }


def _farm() -> Told:
    return {
        "active": 0,
        "waiting": 0,
        "servers_up": 0,
        "servers_all": 0,
        "dial": _histogram(METRICS["dial_seconds"]),
        "mss": None,
        "retransmits": 0,
        "black_holes": 0,
        "source_ports": {"in_use": 0, "most": 0},
        "servers": {},
    }


def _server() -> Told:
    return {"state": None, "up": False, "active": 0, "dial_failures": {}}


def _running(running: Running) -> Told:
    return {
        "generation": running.generation,
        "retires": running.retires,
        "workers": running.workers,
        "restarts": running.restarts,
    }


def _process(process: Process) -> Told:
    numbers = process.numbers
    return {
        "generation": process.generation,
        "worker": process.worker,
        "pid": process.pid,
        "up": process.up,
        "retires": process.retires,
        "age": process.age,
        "lag": numbers["reactor_lag_seconds"] / NANO,
        "cpu": numbers["worker_cpu_seconds"] / NANO,
        "sessions": numbers["worker_sessions_active"],
        "sessions_most": numbers["worker_sessions_limit"],
        "pipes": numbers["pipes_in_use"],
        "descriptors": numbers["descriptors_watched"],
    }
