"""
(a) A server that writes 100 bytes at a time, and one whose window is 4 KiB.

What the far client's line carries of it: packets per MB, and goodput.
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
    packets,
)
from bench.path.ends import PIECE, ask, obliging, store
from tests.netlab import Lab

SMALL = {"ipv4__tcp_rmem": "4096 8192 8192"}
"""Half of a buffer is announced as window (tcp(7): tcp_adv_win_scale)."""

PAUSE = 100e-6
"""Seconds between two pieces of a slow server: some 5 Mb/s."""

MEGABYTE = 1_000_000
LIMIT = 30.0

PIECES = (
    DIRECT,
    Way("HAProxy", haproxy()),
    Way("bridge, wan", bridge()),
    Way("bridge, wan with nodelay: false", bridge({"nodelay": False})),
)
WINDOWS = (DIRECT, Way("HAProxy", haproxy()), Way("bridge, wan", bridge()))


def slow_pieces(turn: Turn, way: Way) -> Figures:
    """A piece, a pause: a server that makes its answer while it sends it."""
    return pieces(turn, way, turn.seconds * 4000, PAUSE)


def quick_pieces(turn: Turn, way: Way) -> Figures:
    """A piece after the other, without a pause."""
    return pieces(turn, way, turn.seconds * 40_000, 0.0)


def pieces(turn: Turn, way: Way, count: int, pause: float) -> Figures:
    with (
        Lab(routed=True, front_link=Line(delay=FAR)) as lab,
        obliging(lab),
        contending(lab, turn, way) as target,
    ):
        before, _ = packets(lab.client, "front")
        request = f"pieces {count} {pause}\n".encode()
        where = target.host, target.bulk
        seconds = ask(lab, where, request, count * PIECE, LIMIT)
        after, _ = packets(lab.client, "front")
    if seconds is None:
        return {}
    size = count * PIECE / 1e6
    return {"packets": (after - before) / size, "rate": size * 8 / seconds}


def small_window(turn: Turn, way: Way) -> Figures:
    """An upload of a megabyte to a server that never announces more than 4 KiB."""
    with Lab(routed=True, front_link=Line(delay=FAR)) as lab:
        lab.server.sysctl(**SMALL)
        with obliging(lab), contending(lab, turn, way) as target:
            seconds = store(lab, (target.host, target.bulk), MEGABYTE, LIMIT)
    return {
        "seconds": seconds,
        "rate": MEGABYTE * 8 / seconds / 1e6 if seconds else None,
    }
