"""
(d) A path of 1280 in front whose ICMPv6 is filtered; (e) a switch that drops silently
what is larger than 1500 behind.

The two links say 1500 and 9000, and what is larger than they carry is gone: nobody is
told.  A megabyte must arrive within ``LIMIT``, or has not.
"""

from __future__ import annotations

from collections.abc import Callable

from bench.loads import Figures
from bench.path.bed import (
    DIRECT,
    Line,
    Turn,
    Way,
    bridge,
    contending,
    haproxy,
)
from bench.path.ends import fetch, obliging, store
from tests.netlab import Lab

MEGABYTE = 1_000_000
LIMIT = 12.0
"""Seconds, in which the kernel sends a segment anew six times."""

NEAR = 0.005
NARROW = Line(delay=NEAR, mtu=1280)
SWITCH = Line(mtu=1500)

FRONT = (
    DIRECT,
    Way("HAProxy", haproxy()),
    Way("HAProxy, mss 1220", haproxy("mss 1220")),
    Way("bridge, mss: auto", bridge()),
    Way("bridge, mss: auto, tcp_mtu_probing 1", bridge(), probing=1),
    Way("bridge, mss: safe", bridge({"mss": "safe"})),
)
BACK = (
    DIRECT,
    Way("HAProxy", haproxy()),
    Way("bridge, jumbo", bridge()),
    Way("bridge, jumbo, tcp_mtu_probing 1", bridge(), probing=1),
    Way("bridge, jumbo with mss: 1460", bridge(back={"mss": 1460})),
)


def narrow_front(turn: Turn, way: Way) -> Figures:
    return both_ways(turn, way, lambda: Lab(routed=True, front_link=NARROW))


def switch_behind(turn: Turn, way: Way) -> Figures:
    return both_ways(turn, way, lambda: Lab(routed=True, back_link=SWITCH))


def both_ways(turn: Turn, way: Way, make: Callable[[], Lab]) -> Figures:
    """Seconds for a small answer, for a megabyte down, and for one up; or None."""
    with make() as lab, obliging(lab), contending(lab, turn, way) as target:
        where = target.host, target.bulk
        return {
            "small": fetch(lab, where, 500, LIMIT),
            "down": fetch(lab, where, MEGABYTE, LIMIT),
            "up": store(lab, where, MEGABYTE, LIMIT),
        }
