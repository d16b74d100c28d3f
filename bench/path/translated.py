"""
(f) The same farm behind packet translation: tayga (RFC 7915) on the gateway, or bridge.

A translator changes headers and leaves TCP alone: the far client talks to the server's
own window, and its path is the server's.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.contenders import BULK, PATIENCE, Target
from bench.loads import Figures
from bench.path.bed import (
    FAR,
    PORT,
    Line,
    Turn,
    Way,
    bridge,
    contending,
    packets,
    serve,
)
from bench.path.ends import drink, fetch, obliging, store
from bench.path.holes import LIMIT, MEGABYTE, NARROW
from bench.path.old import LOSS, OLD
from bench.path.pieces import SMALL
from tests.netlab import Lab

PREFIX, POOL = "2001:db8:64::", "192.168.255"
TRANSLATED = "tayga"

WAYS = (
    Way(TRANSLATED),
    Way("bridge, wan", bridge({"congestion": "cubic"})),
    Way("bridge, wan with mss: safe", bridge({"congestion": "cubic", "mss": "safe"})),
)


@contextmanager
def between(lab: Lab, turn: Turn, way: Way) -> Iterator[Target]:
    if way.name != TRANSLATED:
        with contending(lab, turn, way) as target:
            yield target
        return
    with contending(lab, turn, way):
        turn.directory.mkdir(exist_ok=True)
        file = turn.directory / "tayga.conf"
        file.write_text(
            f"tun-device nat64\nipv4-addr {POOL}.1\nprefix {PREFIX}/96\n"
            f"dynamic-pool {POOL}.0/24\ndata-dir {turn.directory}\n"
        )
        lab.gateway.run(["tayga", "--mktun", "-c", str(file)])
        lab.gateway.sysctl(ipv6__conf__all__forwarding=1)
        lab.gateway.ip(
            "link set nat64 up",
            f"route add {POOL}.0/24 dev nat64",
            f"route add {PREFIX}/96 dev nat64",
        )
        lab.client.ip(f"route add {PREFIX}/96 via {lab.front_address}")
        tayga = lab.gateway.popen(["tayga", "-n", "-c", str(file)])
        address = f"{PREFIX}{lab.server.address}"
        try:
            _wait(lab, address)
            yield Target(address, PORT, BULK, tayga.pid)
        finally:
            lab.gateway.stop(tayga)


def _wait(lab: Lab, address: str) -> None:
    """Until packets are translated."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            lab.client.connect((address, BULK), 0.3).close()
            return
        except TimeoutError:
            if time.monotonic() > until:
                raise


def measure(turn: Turn, way: Way) -> Figures:
    """Five things of one way, each in a bed of its own."""
    return {
        "window": _window(turn, way),
        "old": _old(turn, way),
        **_narrow_client(turn, way),
        "hole": _hole(turn, way),
    }


def _window(turn: Turn, way: Way) -> float | None:
    """Seconds for a megabyte to a server of (a)'s small window."""
    with Lab(routed=True, front_link=Line(delay=FAR)) as lab:
        lab.server.sysctl(**SMALL)
        with obliging(lab), between(lab, turn, way) as target:
            return store(lab, (target.host, target.bulk), MEGABYTE, 30.0)


def _old(turn: Turn, way: Way) -> float:
    """Mb/s of (b)'s server and line."""
    line = Line(delay=FAR, loss=LOSS, seed=turn.seed)
    with Lab(routed=True, front_link=line) as lab:
        serve(lab, **OLD)
        with between(lab, turn, way) as target:
            size = drink(lab, (target.host, target.bulk), turn.seconds)
            return size * 8 / turn.seconds / 1e6


def _narrow_client(turn: Turn, way: Way) -> Figures:
    """A client whose own link is of 1280: what the server sends it, in packets."""
    with Lab(routed=True, front_link=Line(delay=FAR), offload=False) as lab:
        lab.client.ip("link set front mtu 1280")
        serve(lab)
        with between(lab, turn, way) as target:
            before = packets(lab.server, "back")[1]
            size = drink(lab, (target.host, target.bulk), turn.seconds)
            sent = packets(lab.server, "back")[1] - before
    return {"packets": sent / (size / 1e6), "narrow": size * 8 / turn.seconds / 1e6}


def _hole(turn: Turn, way: Way) -> float | None:
    """Seconds for a megabyte over (d)'s path, or None."""
    with (
        Lab(routed=True, front_link=NARROW) as lab,
        obliging(lab),
        between(lab, turn, way) as target,
    ):
        return fetch(lab, (target.host, target.bulk), MEGABYTE, LIMIT)
