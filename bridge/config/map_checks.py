"""
What the keys of a farm's ``map`` owe each other, and to the fronts that lead there.

Like ``references``, these read the plain values and pass over what is of the wrong
type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Any, TypeAlias

from bridge.config import listen_checks
from bridge.config.farm_map import network4, network6, prefix_of, reached
from bridge.config.problems import Flaw, Path, Place, place_of
from bridge.config.source_checks import Parts, has_senders, leading_to, pools
from bridge.net import hosts
from bridge.net.address import Address, SystemdName
from bridge.net.mapping import NOT_GLOBAL
from bridge.net.prefix_listen import PrefixListen
from bridge.net.prefixes import Network, Prefixes
from bridge.net.translation import WELL_KNOWN, Explicit, ExplicitTable

_SERVERS_ONLY = ("balance", "hash_key", "slow_start")
"""Keys of a farm that say something of servers beside each other."""

_Said: TypeAlias = tuple[Path, str]


def flaws(fronts: Parts, farms: Parts, places: Mapping[Path, Place]) -> Iterator[Flaw]:
    """Everything wrong with the maps of all *farms*."""
    ours = [network for _, network in pools(farms)]
    for name, farm in farms.items():
        path: Path = ("farms", name)
        wanted = farm.get("map")
        if not isinstance(wanted, dict):
            continue
        for here, message in _beside(path, farm):
            yield Flaw(place_of(places, here).key, here, message)
        path = (*path, "map")
        for here, message in (
            *_inside(path, wanted, places),
            *_leading(path, wanted, ours),
            *_unmapped(name, wanted, fronts),
        ):
            yield Flaw(place_of(places, here).value, here, message)


def _beside(path: Path, farm: dict[str, Any]) -> Iterator[_Said]:
    if "servers" in farm:
        yield (*path, "map"), "a farm has servers or a map: take one of them out"
    for key in _SERVERS_ONLY:
        if key in farm:
            right = "take it out"
            yield (*path, key), f"does nothing for a map, which chooses none: {right}"


def _inside(
    path: Path, wanted: dict[str, Any], places: Mapping[Path, Place]
) -> Iterator[_Said]:
    if "prefix" not in wanted and not wanted.get("eam"):
        yield path, "has neither prefix nor eam: nothing would lead anywhere"
    first: dict[Network, Path] = {}
    for here, entry in _entries(path, wanted):
        try:
            ExplicitTable([entry])
        except ValueError as error:
            yield here, str(error)
        for key, network in (("front", entry.front), ("back", entry.back)):
            at = (*here, key)
            if first.setdefault(network, at) != at:
                where = place_of(places, first[network]).value
                right = "give it another, or take one of them out"
                yield at, f"{network} is mapped already, at {where}: {right}"


def _leading(
    path: Path, wanted: dict[str, Any], ours: list[IPv4Network]
) -> Iterator[_Said]:
    """Entries of ``to`` of which no address is ever reached."""
    backs = [entry.back for _, entry in _entries(path, wanted)]
    prefix = _prefix(wanted)
    for here, network in _to(path, wanted):
        pool = next((pool for pool in ours if network.subnet_of(pool)), None)
        if pool is not None:
            yield here, f"{network} is in the pool {pool}, which is all this host's"
        if (
            prefix == WELL_KNOWN
            and any(network.subnet_of(private) for private in NOT_GLOBAL)
            and not any(network.overlaps(back) for back in backs)
        ):
            what = f"{WELL_KNOWN} must not carry {network}, which is not global"
            right = "take a prefix of your own, or one of 64:ff9b:1::/48 (RFC 8215)"
            yield here, f"{what} (RFC 6052, section 3.1): {right}"


def _unmapped(farm: str, wanted: dict[str, Any], fronts: Parts) -> Iterator[_Said]:
    """
    Where fronts listen that lead to *farm*, and it has no address for it.  What senders
    of PROXY headers say that their clients want is not known here.
    """
    fronts_of_map = [entry.front for _, entry in _entries((), wanted)]
    prefix = _prefix(wanted)
    fronts_of_map += [prefix] if prefix is not None else []
    if not fronts_of_map:
        return
    table = Prefixes(fronts_of_map)
    for name, front in leading_to(farm, fronts):
        if has_senders(front):
            continue
        for here, listen in listen_checks.listens(name, front):
            if not _is_mapped(listen, fronts_of_map, table):
                right = f"listen on [{fronts_of_map[-1]}]:PORT"
                yield here, f"the map of farm {farm} has no address of it: {right}"


def _is_mapped(listen: object, fronts: list[IPv6Network], table: Prefixes) -> bool:
    if isinstance(listen, PrefixListen):
        return any(listen.network.overlaps(network) for network in fronts)
    if isinstance(listen, Address):
        every = listen.host == "::"
        return every or table.longest(hosts.number(listen.host)) is not None
    return isinstance(listen, SystemdName)  # whose address is not known here


def _prefix(wanted: dict[str, Any]) -> IPv6Network | None:
    try:
        return prefix_of(wanted.get("prefix"))
    except ValueError:
        return None  # there is none, or the model reports it


def _entries(path: Path, wanted: dict[str, Any]) -> Iterator[tuple[Path, Explicit]]:
    eam = wanted.get("eam")
    for index, entry in enumerate(eam if isinstance(eam, list) else ()):
        if not isinstance(entry, dict):
            continue
        try:
            front, back = network6(entry.get("front")), network4(entry.get("back"))
        except ValueError:
            continue  # the model reports it
        yield (*path, "eam", index), Explicit(front, back)


def _to(path: Path, wanted: dict[str, Any]) -> Iterator[tuple[Path, IPv4Network]]:
    to = wanted.get("to")
    for index, entry in enumerate(to if isinstance(to, list) else (to,)):
        try:
            network = reached(entry)
        except ValueError:
            continue  # the model reports it
        yield (*path, "to", index) if isinstance(to, list) else (*path, "to"), network
