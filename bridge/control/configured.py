"""
What commands want to know of a configuration: its pools of sources, its maps, its
access log.

The answers are values of ``who`` and ``zone``, which know no configuration; what it
needs of the kernel ``doctor.needs`` tells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from ipaddress import IPv4Address

from bridge.config import Config
from bridge.config.log_target import file_of
from bridge.config.secret_keys import octets_of
from bridge.config.source import ClientSource
from bridge.control.who import Pool
from bridge.net.mapping import Map
from bridge.net.pseudonym import nothing_left_out


def pools(
    config: Config, left_out: Callable[[int], bool] = nothing_left_out
) -> list[Pool]:
    """
    The pools of *config*; farms with the same one and the same key share it.

    *left_out* tells addresses that a gateway of it does not use, being its own.
    """
    found: dict[tuple[object, ...], Pool] = {}
    for name, farm in config.farms.items():
        pool = farm.pool
        if pool is None:
            continue
        # Servers of a pool are IPv4, and so see IPv4 clients themselves.
        themselves = isinstance(farm.source, ClientSource)
        same = (pool.pool, pool.per, octets_of(pool.key), themselves)
        known = found.get(same) or Pool(pool.pseudonyms(left_out), only_ipv6=themselves)
        found[same] = replace(known, farms=(*known.farms, name))
    return list(found.values())


def maps(config: Config) -> Mapping[str, Map]:
    """
    The farms that have a map, by their names.

    Pools are known to be the gateway's own; its other addresses are not.
    """
    ours = {farm.pool.pool for farm in config.farms.values() if farm.pool is not None}

    def is_own(ipv4: int) -> bool:
        return any(IPv4Address(ipv4) in pool for pool in ours)

    return {
        name: farm.map.mapping(is_own)
        for name, farm in config.farms.items()
        if farm.map is not None
    }


def access_log(config: Config) -> str | None:
    """The file that the access log is written to; None where it is none."""
    return file_of(config.log.access)
