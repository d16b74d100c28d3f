"""
What a gateway has of all that is told as metrics, series by series.

Read from where it is counted anyway, so that nobody counts anything for it.  Each
number is told when it is asked for.  Not here: when that is (``publishing``), and what
the names mean (``watch.metrics``).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from bridge.farm.state import TRAFFIC, State
from bridge.service.moved import moved
from bridge.session.flow import Ending
from bridge.watch.limited import VERDICTS
from bridge.watch.metrics import NANO, Series

if TYPE_CHECKING:
    from bridge.farm.farm import Farm
    from bridge.service.front import RunningFront
    from bridge.service.gateway import Gateway
    from bridge.service.measured import Measured
    from bridge.watch.gathered import Gathered

Counted = tuple[Series, int]

ENDINGS = tuple(ending._value_ for ending in Ending)
STATES = tuple(State)
"""A server's state is told as its place here, from 1 on: 0 is what is not there."""


def of_all(gateway: Gateway) -> Iterator[Counted]:
    """But of the process, and of bytes, which take long."""
    measured = gateway.measured
    for front in gateway.fronts:
        yield from _of_front(front, measured)
    for name, farm in tuple(gateway.farms.items()):
        mapped = gateway.farms.mapped.get(name)
        yield from _of_farm(name, (farm,) if mapped is None else tuple(mapped))
        if measured is not None:
            yield from _distribution(measured.dials[name], "dial_seconds", name)
    if measured is not None:
        for name, side in tuple(measured.fronts.items()):
            yield from _distribution(side.mss, "mss_front_bytes", name)
            yield ("retransmits_front", name), side.retransmits
        for name, side in tuple(measured.farms.items()):
            yield from _distribution(side.mss, "mss_back_bytes", name)
            yield ("retransmits_back", name), side.retransmits
        for name, limited in tuple(measured.limited.items()):
            for verdict in VERDICTS:
                yield ("limited", name, verdict), limited[verdict]
    for name, paths in gateway.paths.fronts.items():
        yield ("blackhole_suspected_front", name), paths.suspects.sessions
    for name, each in gateway.paths.farms.items():
        yield ("blackhole_suspected_back", name), each.suspects.sessions
    for expiry in gateway.certificates.expiries():
        name = "certificate_not_after_timestamp_seconds"
        yield (name, expiry.owner, str(expiry.file)), int(expiry.not_after)
    for log in gateway.logs.outlets:
        yield ("log_lines_dropped", log.name), log.dropped


def of_bytes(gateway: Gateway) -> Iterator[Counted | None]:
    """Of all sessions, also those that run; None: a slice ends."""
    for front in gateway.fronts:
        up, down = yield from moved(front)
        yield ("bytes", front.name, "up"), up
        yield ("bytes", front.name, "down"), down


def of_process(gateway: Gateway, now: float, lag: float) -> Iterator[Counted]:
    """*now* and *lag*, which is how late it is, in seconds of the monotonic clock."""
    house = gateway.house
    yield ("beat",), int(now * NANO)
    yield ("reactor_lag_seconds",), int(lag * NANO)
    yield ("worker_cpu_seconds",), time.process_time_ns()
    yield ("worker_sessions_active",), house.room.taken
    yield ("worker_sessions_limit",), house.room.most
    yield ("pipes_in_use",), house.pipes.kept
    yield ("descriptors_watched",), len(house.pump)


def _of_front(front: RunningFront, measured: Measured | None) -> Iterator[Counted]:
    name, counters = front.name, front.counters
    yield ("sessions_accepted", name), counters.accepted
    yield ("sessions_active", name), front.sessions
    yield ("tls_handshake_failures", name), counters.unsecured
    for ending in ENDINGS:  # from 0 on: who collects sees the first one, too
        yield ("sessions", name, ending), counters.endings[ending]
    for reason, count in tuple(counters.refused.items()):
        yield ("rejected", name, reason), count
    for status, count in tuple(counters.requests.items()):
        yield ("requests", name, status), count
    if measured is not None:
        yield from _distribution(measured.lasted[name], "session_seconds", name)


def _of_farm(name: str, farms: tuple[Farm, ...]) -> Iterator[Counted]:
    """*farms* is one; or as many as a map has servers."""
    standing = [farm.standing() for farm in farms]
    yield ("farm_servers_up", name), sum(up for up, _ in standing)
    yield ("farm_servers", name), sum(servers for _, servers in standing)
    yield ("farm_sessions_active", name), sum(farm.active for farm in farms)
    yield ("queue_length", name), sum(farm.waiting for farm in farms)
    ports = max((farm.sources.ports for farm in farms), default=0)
    used = chain.from_iterable(farm.sources for farm in farms)
    yield ("source_ports", name), ports
    yield ("source_ports_in_use", name), max((count for *_, count in used), default=0)
    for server in chain.from_iterable(tuple(farm.servers) for farm in farms):
        who = name, server.name
        yield ("server_up", *who), int(server.state in TRAFFIC)
        yield ("server_state", *who), STATES.index(server.state) + 1
        yield ("server_sessions_active", *who), server.active
        for reason, count in tuple(server.failures.items()):
            yield ("dial_failures", *who, reason), count


def _distribution(gathered: Gathered, *series: str) -> Iterator[Counted]:
    for part, number in gathered.parts():
        yield (*series, part), number
