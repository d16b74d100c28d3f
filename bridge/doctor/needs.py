"""
What a configuration asks of the kernel beyond sockets: networks that are this host's
in whole, and packets that are diverted to it.

Not here: the commands that see to it (``control.setup``), and whether it is so already
(``identity``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from bridge.config import Config
from bridge.config.farm import Farm
from bridge.config.model import Front
from bridge.config.source import ClientSource
from bridge.net.address import Address, UnixPath
from bridge.net.prefix_listen import PrefixListen
from bridge.net.prefixes import Network

_BOTH = frozenset({4, 6})


@dataclass(frozen=True)
class EveryPort:
    """A prefix of which all TCP ports lead to one transparent listener on ::1."""

    network: IPv6Network
    port: int


@dataclass(frozen=True)
class Needs:
    """What a configuration asks of the kernel."""

    prefixes: tuple[Network, ...] = ()
    """Whose every address a wildcard listener is to accept for (AnyIP)."""
    every_port: tuple[EveryPort, ...] = ()
    pools: tuple[IPv4Network, ...] = ()
    spoofed: frozenset[int] = frozenset()
    """Families, 4 and 6, in which servers see the client's own address."""


def needs(config: Config) -> Needs:
    """What *config* asks of the kernel."""
    farms = config.farms.values()
    every_port = (
        EveryPort(listen.network, front.tproxy_port)
        for front in config.fronts.values()
        for listen in front.listen
        if isinstance(listen, PrefixListen) and listen.port is None
    )
    return Needs(
        tuple(_outermost(_prefixes(config))),
        tuple(dict.fromkeys(every_port)),
        tuple(dict.fromkeys(f.pool.pool for f in farms if f.pool is not None)),
        frozenset().union(*(_spoofed(config, name) for name in config.farms)),
    )


def _prefixes(config: Config) -> Iterator[IPv6Network]:
    """Those that ordinary listeners accept for: AnyIP."""
    for front in config.fronts.values():
        for listen in front.listen:
            if isinstance(listen, PrefixListen) and listen.port is not None:
                yield listen.network
            if isinstance(listen, Address) and listen.host == "::":
                if front.accept_proxy.is_written:  # headers say what is wanted
                    continue
                # What arrives it takes, so what its farms stand for is to arrive.
                yield from _fronts(config.farms[farm] for farm in front.farms)


def _outermost(networks: Iterable[IPv6Network]) -> Iterator[IPv6Network]:
    """Without those that lie in another: a route for that is one for them."""
    around: IPv6Network | None = None
    for network in sorted(networks):
        if around is None or not network.subnet_of(around):
            around = network
            yield network


def _fronts(farms: Iterable[Farm]) -> Iterator[IPv6Network]:
    for farm in farms:
        if farm.map is not None:
            yield from farm.map.mapping().fronts


def _spoofed(config: Config, name: str) -> frozenset[int]:
    """The families in which servers of the farm *name* see clients' own addresses."""
    farm = config.farms[name]
    if not isinstance(farm.source, ClientSource):
        return frozenset()
    fronts = (f for f in config.fronts.values() if name in f.farms)
    clients = frozenset().union(*map(_families, fronts))
    return clients & _server_families(farm)


def _families(front: Front) -> frozenset[int]:
    """Those that a client of *front* may be of."""
    if front.accept_proxy.is_written:
        return _BOTH
    families: set[int] = set()
    for listen in front.listen:
        if isinstance(listen, Address):
            dual = front.dual_stack and listen.host == "::"
            families |= _BOTH if dual else {listen.family}
        elif isinstance(listen, PrefixListen):
            families.add(6)
        elif not isinstance(listen, UnixPath):
            families |= _BOTH  # systemd's: not known here
    return frozenset(families)


def _server_families(farm: Farm) -> frozenset[int]:
    if farm.map is not None:
        return frozenset({4})
    addresses = [server.address for server in farm.servers]
    known = {each.family for each in addresses if isinstance(each, Address)}
    named = any(not isinstance(each, Address) for each in addresses)
    return _BOTH if named else frozenset(known)
