"""Sessions that would come back to where they began: a farm that is our own front."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import TypeAlias

from bridge.config import Config
from bridge.config.model import Front
from bridge.config.problems import Path
from bridge.net.address import Address

_WILDCARDS = ("0.0.0.0", "::")

_Listeners: TypeAlias = Mapping[int, list[tuple[str, Front, Address]]]
"""By port: a front's name, the front, and one address that it listens on."""


def loops(config: Config) -> Iterator[tuple[Path, str]]:
    """The server that leads each front back to itself, and the way there."""
    listeners: dict[int, list[tuple[str, Front, Address]]] = {}
    for name, front in config.fronts.items():
        for listen in front.listen:
            if isinstance(listen, Address) and listen.port:
                listeners.setdefault(listen.port, []).append((name, front, listen))
    for name in config.fronts:
        for path, way in _ways(config, listeners, (name,)):
            circle = " -> ".join([*way, name])
            yield (
                path,
                f"is our own front: sessions would run in a circle, {circle}",
            )


def _ways(
    config: Config, listeners: _Listeners, way: tuple[str, ...]
) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Each server that is the first front of *way*, and the fronts passed before."""
    for farm in config.fronts[way[-1]].farms:
        for index, server in enumerate(config.farms[farm].servers):
            address = server.address
            if not isinstance(address, Address):
                continue  # what a name stands for is not known here
            reached = {
                name
                for name, front, listen in listeners.get(address.port, ())
                if _takes(front, listen, address)
            }
            if way[0] in reached:
                yield ("farms", farm, "servers", index), way
            for name in sorted(reached.difference(way)):
                yield from _ways(config, listeners, (*way, name))


def _takes(front: Front, listen: Address, address: Address) -> bool:
    """
    Whether what is dialed to *address*, whose port is the same, arrives at *listen*.

    A wildcard takes every address of this host, of which only loopback is known here.
    """
    if (listen.host, listen.scope) == (address.host, address.scope):
        return True
    if listen.host not in _WILDCARDS or not ip_address(address.host).is_loopback:
        return False
    same = listen.family == address.family
    return same or (listen.family == 6 and front.dual_stack)
