"""
What USR2 writes to the log: how fronts, farms, servers, names, the logs and the
process are doing.

Here: the lines, each about one thing and whole in itself.  Not here: counting any of
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING

from bridge.farm.state import State

if TYPE_CHECKING:
    from bridge.farm.farm import Farm
    from bridge.farm.follow_names import Followed
    from bridge.farm.mapped import Mapped
    from bridge.farm.server import Server
    from bridge.service.front import RunningFront
    from bridge.session.terms import House
    from bridge.watch.outlet import Outlet

SHOWN = 20
"""Shared pseudonyms that are told, and those who share one."""

_NEXT = {State.EJECTED: "back in", State.STARTING: "more of its share in"}
"""What the timer of a server in this state is for."""


def in_short(fronts: Iterable[RunningFront], farms: Iterable[Farm]) -> str:
    """For one line of a service manager: what there is to do, and who can do it."""
    sessions = sum(front.sessions for front in fronts)
    counts = [farm.standing() for farm in farms]
    standing, servers = (sum(count[i] for count in counts) for i in (0, 1))
    told = f"{sessions} sessions"
    return told + (f", {standing} of {servers} servers get new ones" * bool(servers))


def of_fronts(fronts: Iterable[RunningFront]) -> Iterator[str]:
    for front in fronts:
        counters = front.counters
        told = (
            f"{front.name}: {front.sessions} sessions active, "
            f"{counters.accepted} accepted, {counters.up} bytes up, "
            f"{counters.down} bytes down, endings {dict(counters.endings)}, "
            f"refused {dict(counters.refused)}"
        )
        if counters.requests:
            told += f", requests {dict(sorted(counters.requests.items()))}"
        yield told


def of_farms(
    farms: Iterable[Farm], now: float, maps: Mapping[str, Mapped] = MappingProxyType({})
) -> Iterator[str]:
    """
    Each farm, then its servers.  *now* in seconds of the farms' clock; *maps* are those
    of farms that are maps, by their names.
    """
    for farm in farms:
        name, mapped = farm.name, maps.get(farm.name)
        yield from _of_farm(farm) if mapped is None else _of_map(mapped)
        for each in (farm,) if mapped is None else mapped:
            for server in each.servers:
                told = "; ".join(_server(each, server, now))
                yield f"farm {name}: server {server.name} is {told}"
        yield from _of_sharing(farm)


def _of_farm(farm: Farm) -> Iterator[str]:
    standing, servers = farm.standing()
    queue = f"{farm.waiting} of {farm.queue_length} wait in its queue"
    yield (
        f"farm {farm.name}: {standing} of {servers} servers get sessions, "
        f"{farm.active} sessions, {queue if farm.queue_length else 'no queue'}"
        f"{', dialed all the same' if farm.panicking else ''}"
    )


def _of_map(mapped: Mapped) -> Iterator[str]:
    sessions = sum(farm.active for farm in mapped)
    refused = {why.name.lower(): count for why, count in mapped.refused.items()}
    yield (
        f"farm {mapped.kind.name}: a map, {len(mapped)} servers of it known, "
        f"{sessions} sessions, refused {refused}"
    )


def _of_sharing(farm: Farm) -> Iterator[str]:
    """Of its pseudonyms, where it has any."""
    sharing = farm.origin.sharing
    if len(sharing) or sharing.collisions:
        yield (
            f"farm {farm.name}: {len(sharing)} pseudonyms in use, {sharing.shared} of "
            f"them by several; {sharing.collisions} collisions since the start"
        )
    for pseudonym, prefixes in islice(sharing, SHOWN):
        yield f"farm {farm.name}: {pseudonym} is now {', '.join(prefixes[:SHOWN])}"


def _server(farm: Farm, server: Server, now: float) -> Iterator[str]:
    health = farm.health
    yield f"{server.state.value} for {now - server.changed:.0f} s"
    limit = "" if server.most is None else f" of {server.most}"
    yield f"{server.active}{limit} sessions"
    if server.weight != 1 or server.backup:
        yield f"weight {server.weight}" + (", a backup" if server.backup else "")
    if server.why:
        yield f"because: {server.why}"
    due = health.due(server)
    if due is not None and server.state in _NEXT:
        yield f"{_NEXT[server.state]} {max(0.0, due - now):.0f} s"
    if server.failing:
        yield "its last dial failed"
    check = health.check(server)
    if check is not None and check.said:
        yield f"last check: {check.said}"


def of_names(names: Iterable[Followed], now: float) -> Iterator[str]:
    """What DNS said last of each name, and when it is asked again."""
    for name in names:
        servers = ", ".join(map(str, name.servers)) or "no server yet"
        again = "is being asked for"
        if name.due is not None:
            again = f"is asked for again in {max(0.0, name.due - now):.0f} s"
        why = f", last time in vain: {name.why}" if name.why else ""
        yield f"name {name} stands for {servers}; it {again}{why}"


def of_outlets(outlets: Iterable[Outlet]) -> Iterator[str]:
    """How far the readers of the logs are behind."""
    for outlet in outlets:
        yield (
            f"{outlet.name}: {outlet.dropped} lines dropped, "
            f"{outlet.waiting} bytes wait"
        )


def of_process(house: House) -> Iterator[str]:
    """What it has of descriptors, pipes and timers."""
    pump, pipes = house.pump, house.pipes
    yield (
        f"{len(pump)} descriptors watched, {pipes.kept} pipes kept by stalled "
        f"directions, {pipes.spilled} times memory instead, {len(pump.lingering)} "
        f"closed streams linger, {len(pump.reactor.getDelayedCalls())} timers"
    )
