"""
(b) A server's old stack: 64 KiB of buffers, and a client that is far away.

What a sender may have under way is bounded by its buffer; at 50 ms that is 10 Mb/s,
and one per cent of loss takes most of that from CUBIC.  Behind a gateway the same
server has a round trip of microseconds.
"""

from __future__ import annotations

from bench.loads import Figures
from bench.path.bed import (
    DIRECT,
    FAR,
    Line,
    Turn,
    Way,
    bridge,
    contending,
    haproxy,
    serve,
)
from bench.path.ends import drink
from tests.netlab import Lab

LOSS = 0.01
OLD = {
    "ipv4__tcp_wmem": "4096 16384 65536",
    "ipv4__tcp_rmem": "4096 65536 65536",
}

WAYS = (
    DIRECT,
    Way("direct, the server's stack renewed", congestion="bbr", tuned=True),
    Way("HAProxy, CUBIC in front", haproxy("cc cubic")),
    Way("HAProxy, BBR in front", haproxy("cc bbr")),
    Way("bridge, wan with CUBIC", bridge({"congestion": "cubic"})),
    Way("bridge, wan with BBR", bridge({"congestion": "bbr"})),
)


def measure(turn: Turn, way: Way) -> Figures:
    """One download of all that gets through, in Mb/s."""
    return through(turn, way, 0.0)


def measure_limited(turn: Turn, way: Way) -> Figures:
    """The same where the client's line has 100 Mbit/s."""
    return through(turn, way, 12_500_000)


def through(turn: Turn, way: Way, rate: float) -> Figures:
    line = Line(delay=FAR, loss=LOSS, rate=rate, seed=turn.seed)
    with Lab(routed=True, front_link=line) as lab:
        serve(lab, **({} if way.tuned else OLD))
        with contending(lab, turn, way) as target:
            size = drink(lab, (target.host, target.bulk), turn.seconds)
    return {"rate": size * 8 / turn.seconds / 1e6}
