"""
What sources owe to servers and to fronts: families that meet, pools without servers.

Like ``references``, these read the plain values and pass over what is of the wrong
type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, TypeAlias

from bridge.config import listen_checks
from bridge.config.addresses import server_address
from bridge.config.problems import Flaw, Path, Place, place_of
from bridge.config.scalars import switch
from bridge.config.source import pool_of
from bridge.net import hosts
from bridge.net.address import Address, SystemdName, UnixPath
from bridge.net.prefix_listen import PrefixListen
from bridge.net.prefixes import Network, Prefixes

Parts: TypeAlias = Mapping[str, dict[str, Any]]
"""The maps of one section, by name."""

_BOTH = frozenset({4, 6})
_MAPPED = "what its map leads to"


def flaws(fronts: Parts, farms: Parts, places: Mapping[Path, Place]) -> Iterator[Flaw]:
    """Everything wrong with the sources of all *farms*."""
    for name, farm in farms.items():
        for path, message in _families(("farms", name), farm, fronts):
            yield Flaw(place_of(places, path).value, path, message)
    for path, message in _hidden(fronts, farms):
        yield Flaw(place_of(places, path).value, path, message)


def is_client(source: Any) -> bool:
    """Whether servers are to see clients' own addresses."""
    if isinstance(source, dict):
        return source.get("client") in (True, "true")
    return bool(source == "client")


def servers(farm: Mapping[str, Any]) -> Iterator[tuple[Path, Address]]:
    """The servers of *farm* that have an address, each with its path within."""
    listed = farm.get("servers")
    for index, server in enumerate(listed if isinstance(listed, list) else ()):
        path: Path = ("servers", index)
        if isinstance(server, dict):
            path, server = (*path, "address"), server.get("address")
        try:
            address = server_address(server)
        except ValueError:
            continue  # the model reports it
        if isinstance(address, Address):
            yield path, address


def leading_to(farm: str, fronts: Parts) -> Iterator[tuple[str, dict[str, Any]]]:
    """The fronts whose sessions may go to *farm*."""
    for name, front in fronts.items():
        to = front.get("to")
        if farm == to or (isinstance(to, dict) and farm in to.values()):
            yield name, front


def _families(path: Path, farm: dict[str, Any], fronts: Parts) -> Iterator[_Said]:
    """A server that no source reaches, since both must be of one family."""
    source = farm.get("source", "auto")
    path = (*path, "source")
    clients = _clients(str(path[1]), fronts) if is_client(source) else {}
    if is_client(source):
        source = source.get("otherwise") if isinstance(source, dict) else None
        if source is not None:
            path = (*path, "otherwise")
    ours = _families_of(source) if source is not None else None
    for family, server in _wanted(farm).items():
        others = [f for f, them in clients.items() if family not in them]
        if ours is None and others:
            who = f"front {others[0]} may have clients that are not IPv{family}"
            right = "say what it sees of those, like {client: true, otherwise: auto}"
            yield path, f"{who}, and {server} is: {right}"
        elif ours is not None and family not in ours and (others or not clients):
            what = f"has no IPv{family} address, which {server} needs: add one"
            yield path, f"{what}, or write auto"
        else:
            continue
        return


_Said: TypeAlias = tuple[Path, str]


def _clients(farm: str, fronts: Parts) -> dict[str, frozenset[int]]:
    """The families that the clients of each front are all of, if that is known."""
    found = {}
    for name, front in leading_to(farm, fronts):
        sure = _BOTH
        for _, listen in listen_checks.listens(name, front):
            sure &= _family(listen, front)
        found[name] = sure
    return found


def has_senders(front: dict[str, Any]) -> bool:
    """Whether some who come in speak for others, by a PROXY header."""
    return front.get("accept_proxy") not in (None, [], "off", False)


def _family(listen: object, front: dict[str, Any]) -> frozenset[int]:
    """The families of which every client that comes in there is."""
    if has_senders(front):
        return frozenset()  # the header may name anybody
    if isinstance(listen, SystemdName):
        return _BOTH  # not known here
    if isinstance(listen, UnixPath):
        return frozenset()
    if isinstance(listen, PrefixListen):
        return frozenset({6})
    assert isinstance(listen, Address)
    try:
        dual = switch(front.get("dual_stack", False))
    except ValueError:
        dual = False  # the model reports it
    both = dual and listen.host == "::"
    return frozenset() if both else frozenset({listen.family})


def _wanted(farm: dict[str, Any]) -> dict[int, object]:
    """Each family that servers are of, with the first one that is."""
    if isinstance(farm.get("map"), dict):
        return {4: _MAPPED}
    found: dict[int, object] = {}
    for _, address in servers(farm):
        found.setdefault(address.family, address)
    return found


def _families_of(source: Any) -> frozenset[int]:
    """Of the addresses that *source* has; all of them where that is not known."""
    if isinstance(source, dict):
        return frozenset({4})  # pools are IPv4
    items = source if isinstance(source, list) else [source]
    try:
        return frozenset(ip_address(str(item)).version for item in items)
    except ValueError:
        return _BOTH  # auto, or the model reports it


def _hidden(fronts: Parts, farms: Parts) -> Iterator[_Said]:
    """Servers with an address that is this host's, as are all in pools and prefixes."""
    ours = dict(_ours(fronts, farms))
    if not ours:
        return
    table = Prefixes(ours)
    for name, farm in farms.items():
        for path, address in servers(farm):
            network = table.longest(hosts.number(address.host))
            if network is not None:
                what = f"{address} is in {ours[network]}, which is all this host's"
                yield ("farms", name, *path), f"{what}: dials would come back to us"


def _ours(fronts: Parts, farms: Parts) -> Iterator[tuple[Network, str]]:
    """Networks of which every address is this host's, and what they are."""
    for name, network in pools(farms):
        yield network, f"the pool {network} of farm {name}"
    for name, front in fronts.items():
        for _, listen in listen_checks.listens(name, front):
            if isinstance(listen, PrefixListen):
                network6: IPv6Network = listen.network
                yield network6, f"the prefix {network6} of front {name}"


def pools(farms: Parts) -> Iterator[tuple[str, IPv4Network]]:
    """The pool of each farm that has one."""
    for name, farm in farms.items():
        source = farm.get("source")
        if isinstance(source, dict) and isinstance(source.get("otherwise"), dict):
            source = source["otherwise"]
        if isinstance(source, dict) and "pool" in source:
            try:
                yield name, pool_of(source["pool"])
            except ValueError:
                continue  # the model reports it
