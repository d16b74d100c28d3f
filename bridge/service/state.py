"""
What USR2 writes to the log: how fronts, farms, servers and names are doing; and what
the start writes of where sessions go.

Here: the lines, each about one thing and whole in itself.  Not here: counting any of
it, and what the process has of descriptors and pipes (``service``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from bridge.farm.state import State

if TYPE_CHECKING:
    from bridge.config.model import Config
    from bridge.farm.farm import Farm
    from bridge.farm.follow_names import Followed
    from bridge.farm.server import Server
    from bridge.session.terms import Terms

_NEXT = {State.EJECTED: "back in", State.STARTING: "more of its share in"}
"""What the timer of a server in this state is for."""


SHOWN = 20
"""Farms, and servers of each, that the line of a listener names: there are as many of
those lines as ports, and servers may be thousands."""


def ways_of(front: str, config: Config) -> str:
    """The farms that the sessions of *front* may go to, each with its servers."""
    farms, each = config.fronts[front].farms, []
    for farm in farms[:SHOWN]:
        servers = config.farms[farm].servers
        names = [server.name for server in servers[:SHOWN]]
        each.append(f"{farm} ({_some(names, len(servers))})")
    return ("farm " if len(farms) == 1 else "farms ") + _some(each, len(farms))


def _some(names: list[str], count: int) -> str:
    more = count - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def of_fronts(fronts: Mapping[str, Terms]) -> Iterator[str]:
    for name, terms in fronts.items():
        counters = terms.counters
        yield (
            f"{name}: {len(terms.sessions)} sessions active, "
            f"{counters.accepted} accepted, {counters.up} bytes up, "
            f"{counters.down} bytes down, endings {dict(counters.endings)}"
        )


def of_farms(farms: Iterable[Farm], now: float) -> Iterator[str]:
    """Each farm, then its servers.  *now* in seconds of the farms' clock."""
    for farm in farms:
        standing, servers = farm.standing()
        queue = f"{farm.waiting} of {farm.queue_length} wait in its queue"
        yield (
            f"farm {farm.name}: {standing} of {servers} servers get sessions, "
            f"{farm.active} sessions, {queue if farm.queue_length else 'no queue'}"
            f"{', dialed all the same' if farm.panicking else ''}"
        )
        for server in farm.servers:
            told = "; ".join(_server(farm, server, now))
            yield f"farm {farm.name}: server {server.name} is {told}"


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
