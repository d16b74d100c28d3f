"""Sessions that would come back to where they began: a farm that is our own front."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TypeAlias

from bridge.config import Config
from bridge.config.farm_map import FarmMap
from bridge.config.problems import Path, circle
from bridge.net.address import Address, Networks

_WILDCARDS = {4: "0.0.0.0", 6: "::"}

_TOLD = 20
"""
Servers of one component (circles that meet) that are told: a way is looked for from
each of them, and all of them together may lead through everything there is.
"""

_Node: TypeAlias = tuple[str, str]
"""A section and a name in it: a front or a farm."""

_Steps: TypeAlias = Mapping[_Node, list[tuple[Path, _Node]]]
"""
From each front the farms it leads to, from each farm the fronts that its servers are,
with the key that leads there.  Farms are in it because many fronts may share one.
"""


def loops(config: Config) -> Iterator[tuple[Path, str]]:
    """The servers that lead fronts back to themselves, with the shortest way there."""
    steps = _steps(config)
    components = _components(steps)
    told: dict[int, int] = {}
    for node in (("farms", name) for name in config.farms):
        for path, front in steps[node]:
            if components[node] != components[front]:
                continue
            count = told[components[node]] = told.get(components[node], 0) + 1
            if count <= _TOLD:
                way = circle([name for kind, name in _way(steps, front, node)][::2])
                what = "is our own front: sessions would run in a circle"
                yield path, f"{what}, {way}"


def _steps(config: Config) -> _Steps:
    """All in the configuration's order."""
    listeners = _Listeners()
    steps: dict[_Node, list[tuple[Path, _Node]]] = {}
    for name, front in config.fronts.items():
        path: Path = ("fronts", name, "to")
        steps["fronts", name] = [(path, ("farms", farm)) for farm in front.farms]
        for listen in front.listen:
            if isinstance(listen, Address) and listen.port:
                listeners.add(name, listen, front.dual_stack)
    for name, farm in config.farms.items():
        steps["farms", name] = [
            (("farms", name, "servers", index), ("fronts", front))
            for index, server in enumerate(farm.servers)
            # What a name stands for is not known here.
            if isinstance(server.address, Address)
            for front in listeners.reached(server.address)
        ]
        if farm.map is not None:
            path = ("farms", name, "map", "to")
            led_to = listeners.mapped(farm.map)
            steps["farms", name] += [(path, ("fronts", front)) for front in led_to]
    return steps


@dataclass(slots=True)
class _Listeners:
    """Fronts by the addresses at which they take connections."""

    exact: dict[Address, list[str]] = field(default_factory=dict)
    every: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    """Wildcards, by family and port."""

    def add(self, name: str, listen: Address, dual_stack: bool) -> None:
        self.exact.setdefault(listen, []).append(name)
        if listen.host == _WILDCARDS[listen.family]:
            for family in (4, 6) if dual_stack else (listen.family,):
                self.every.setdefault((family, listen.port), []).append(name)

    def reached(self, address: Address) -> list[str]:
        """
        The fronts at which what is dialed to *address* arrives.

        A wildcard takes every address of this host, of which only loopback is known.
        """
        found = list(self.exact.get(address, ()))
        if ip_address(address.host).is_loopback:
            found += self.every.get((address.family, address.port), ())
        return sorted(set(found))

    def mapped(self, farm_map: FarmMap) -> list[str]:
        """The fronts that the map's servers may be, by addresses of their own."""
        to, ports = Networks(farm_map.to), farm_map.ports
        found = [
            name
            for listen, names in self.exact.items()
            if listen.family == 4 and to.contains(listen.host)
            if ports is None or listen.port in ports.values()
            for name in names
        ]
        return sorted(set(found))


def _components(steps: _Steps) -> dict[_Node, int]:
    """
    A number for each node; two have the same if each leads to the other.

    Tarjan's strongly connected components, without recursion: there may be many.
    """
    index: dict[_Node, int] = {}
    low: dict[_Node, int] = {}
    components: dict[_Node, int] = {}
    met: list[_Node] = []
    for root in steps:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        met.append(root)
        work = [(root, iter(steps[root]))]
        while work:
            node, left = work[-1]
            for _, other in left:
                if other not in index:
                    index[other] = low[other] = len(index)
                    met.append(other)
                    work.append((other, iter(steps[other])))
                    break
                if other not in components:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    above = work[-1][0]
                    low[above] = min(low[above], low[node])
                if low[node] == index[node]:
                    _close(node, met, components, index[node])
    return components


def _close(
    node: _Node, met: list[_Node], components: dict[_Node, int], number: int
) -> None:
    """All that was opened since *node* is of one component with it."""
    while node not in components:
        components[met.pop()] = number


def _way(steps: _Steps, start: _Node, end: _Node) -> list[_Node]:
    """The shortest way from *start* to *end*, both included."""
    before: dict[_Node, _Node] = {start: start}
    ahead = [start]
    for node in ahead:  # which grows meanwhile
        if node == end:
            break
        for _, other in steps[node]:
            if other not in before:
                before[other] = node
                ahead.append(other)
    way = [end]
    while way[-1] != start:
        way.append(before[way[-1]])
    return way[::-1]
