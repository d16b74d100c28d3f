"""
(c) MTU 9000 behind, or 1500: packets and CPU for a GB, with and without offloads.

With offloads a host makes and takes 64 KiB at a time, whatever the MTU, and what cuts
them up costs nobody here anything; without them every packet passes the stack by
itself.  The front keeps its own in both cases.
"""

from __future__ import annotations

from bench.loads import Bench, Figures, flood
from bench.measure import cpu_seconds
from bench.path.bed import (
    DIRECT,
    Turn,
    Way,
    bridge,
    contending,
    haproxy,
    packets,
    serve,
)
from tests.netlab import Lab

SMALL, LARGE = 1500, 9000

WAYS = (
    DIRECT,
    Way("HAProxy, 1500", haproxy()),
    Way("HAProxy, 9000", haproxy()),
    Way("bridge, 1500", bridge(back={"mtu": SMALL})),
    Way("bridge, 9000", bridge()),
)


def joined(turn: Turn, way: Way) -> Figures:
    """With offloads, as hosts come."""
    return measure(turn, way, True)


def single(turn: Turn, way: Way) -> Figures:
    """Without offloads behind."""
    return measure(turn, way, False)


def measure(turn: Turn, way: Way, offload: bool) -> Figures:
    """One download: what the server's link carried of it, and whose CPU it took."""
    mtu = SMALL if way.name.endswith(f" {SMALL}") else LARGE
    with Lab(routed=True, back_mtu=mtu) as lab:
        if not offload:
            for host in (lab.gateway, lab.server):
                host.ip("link set back gso_max_segs 1")
        server = serve(lab)
        with contending(lab, turn, way) as target:
            sent = packets(lab.server, "back")[1]
            spent = cpu_seconds(server), _cpu(target.pid)
            size, seconds = flood(Bench(lab, turn.seconds), target, "pull", 1)
            gigabytes = size / 1e9
            return {
                "packets": (packets(lab.server, "back")[1] - sent) / gigabytes / 1e3,
                "server": (cpu_seconds(server) - spent[0]) / gigabytes,
                "gateway": (_cpu(target.pid) - spent[1]) / gigabytes
                if target.pid
                else None,
                "rate": size * 8 / seconds / 1e9,
            }


def _cpu(pid: int) -> float:
    return cpu_seconds(pid) if pid else 0.0
