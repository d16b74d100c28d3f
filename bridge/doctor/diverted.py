"""
What this host's kernel has not been told yet: local routes of prefixes and pools, and
packets that are to be diverted to us.

Each comes with the command that does it, as ``bridgectl setup`` does; a route of
another host, which nobody can see from here, with what is to be said there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from bridge.config.model import Config
from bridge.config.problems import Path
from bridge.config.source import ClientSource
from bridge.doctor.host import NET_ADMIN, NET_RAW, Host
from bridge.doctor.needs import needs
from bridge.net.address import Address
from bridge.net.prefix_listen import PrefixListen
from bridge.net.prefixes import Network

_SETUP = "bridgectl setup FILE --apply"

_Said: TypeAlias = Iterator[tuple[Path, str]]


def findings(config: Config, host: Host) -> _Said:
    """What does not work on *host*, at the key that asks for it."""
    yield from _privileges(config, host)
    if host.local is None:
        return
    for network, path in _pools(config):
        if not _is_ours(network, host.local):
            what = f"servers could not answer to {network}"
            yield path, f"{what}: {_routes(network, 'servers need')}"
    for network, path in _prefixes(config):
        if not _is_ours(network, host.local):
            what = f"nobody would come in at {network}"
            yield path, f"{what}: {_routes(network, 'the router before it needs')}"
    yield from _undiverted(config, {each for each in host.local if not each.prefixlen})


def _is_ours(network: Network, local: frozenset[Network]) -> bool:
    """By a route that is no default of packets that are diverted."""
    lengths = range(1, network.prefixlen + 1)
    return any(network.supernet(new_prefix=length) in local for length in lengths)


def _routes(network: Network, who: str) -> str:
    ip = "ip -6" if network.version == 6 else "ip"
    here = f"{ip} route add local {network} dev lo ({_SETUP})"
    return f"{here}; {who} {ip} route add {network} via ADDRESS-OF-THIS-HOST"


def _pools(config: Config) -> Iterator[tuple[Network, Path]]:
    for name, farm in config.farms.items():
        if farm.pool is not None:
            path: Path = ("farms", name, "source")
            if isinstance(farm.source, ClientSource):
                path = (*path, "otherwise")
            yield farm.pool.pool, (*path, "pool")


def _prefixes(config: Config) -> Iterator[tuple[Network, Path]]:
    """What wildcard listeners are to accept for."""
    mapped: dict[str, None] = {}
    for name, front in config.fronts.items():
        for listen in front.listen:
            if isinstance(listen, PrefixListen) and listen.port is not None:
                yield listen.network, ("fronts", name, "listen")
            every = isinstance(listen, Address) and listen.host == "::"
            if every and not front.accept_proxy.is_written:
                mapped |= dict.fromkeys(front.farms)
    for name in mapped:
        farm = config.farms[name]
        for network in farm.map.mapping().fronts if farm.map is not None else ():
            yield network, ("farms", name, "map")


def _undiverted(config: Config, diverted: set[Network]) -> _Said:
    """Packets that reach no socket of ours: by family, which is all that is known."""
    missing = {4, 6} - {network.version for network in diverted}
    for name, front in config.fronts.items():
        if 6 in missing and any(map(_takes_every_port, front.listen)):
            what = "nobody would come in: packets to all ports are not diverted yet"
            yield ("fronts", name, "listen"), f"{what}: {_SETUP}"
    families = sorted(missing & needs(config).spoofed)
    for name, farm in config.farms.items():
        if families and isinstance(farm.source, ClientSource):
            what = f"answers to IPv{families[0]} clients are not diverted to us yet"
            yield ("farms", name, "source"), f"no dial would work: {what}: {_SETUP}"


def _takes_every_port(listen: object) -> bool:
    return isinstance(listen, PrefixListen) and listen.port is None


def _privileges(config: Config, host: Host) -> _Said:
    if host.may(NET_ADMIN, later=True) or host.may(NET_RAW, later=True):
        return
    for name, farm in config.farms.items():
        if isinstance(farm.source, ClientSource):
            what = "client needs CAP_NET_ADMIN or CAP_NET_RAW, every dial would fail"
            yield ("farms", name, "source"), f"{what}: keep one, or take a pool"
