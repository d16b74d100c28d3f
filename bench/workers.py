"""
The gateway with one worker and with two, beside HAProxy with as many threads.

Once with TLS in front and once without.
"""

from __future__ import annotations

from functools import partial

from bench import secure
from bench.contenders import UNCHECKED, Command, Place, haproxy
from bench.contenders import bridge as plain_bridge

ONE, TWO = "1 worker", "2 workers"
HAPROXY_ONE, HAPROXY_TWO = "haproxy, 1 thread", "haproxy, 2 threads"
TLS = "/tls"


def bridge(place: Place, workers: int, front: str = "") -> list[str]:
    rest = f"workers: {workers}"
    return plain_bridge(place, rest=UNCHECKED, front=front, more=rest)


def secure_bridge(place: Place, workers: int) -> list[str]:
    return bridge(place, workers, secure.front(place))


PLAIN: dict[str, Command] = {
    ONE: partial(bridge, workers=1),
    TWO: partial(bridge, workers=2),
    HAPROXY_ONE: partial(haproxy, threads=1),
    HAPROXY_TWO: partial(haproxy, threads=2),
}
SECURE: dict[str, Command] = {
    ONE + TLS: partial(secure_bridge, workers=1),
    TWO + TLS: partial(secure_bridge, workers=2),
    HAPROXY_ONE + TLS: partial(secure.haproxy, threads=1),
    HAPROXY_TWO + TLS: partial(secure.haproxy, threads=2),
}
WORKERS: dict[str, Command] = {**PLAIN, **SECURE}

THREADS = {HAPROXY_TWO: 2, HAPROXY_TWO + TLS: 2}
"""Whose one process is two that share the work."""

YARDSTICKS = (ONE, HAPROXY_ONE, ONE + TLS, HAPROXY_ONE + TLS)
