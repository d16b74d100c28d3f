"""
Which servers a configuration may have, by their names, and what is looked up for them.

Pure.  Not here: which it has, and who looks up.
"""

from __future__ import annotations

from bridge.config.farm import Server
from bridge.config.hostnames import HostName
from bridge.config.model import Config
from bridge.farm.dns_values import Sought
from bridge.net.address import Address


def may_have(config: Config, farm: str, server: str) -> bool:
    """Whether *farm* has, or may come to have, a server called *server*."""
    return bool(words_of(config, farm, server))


def words_of(config: Config, farm: str, server: str) -> frozenset[bool]:
    """
    What is said there of ``disabled`` for a server of that name: nothing, if it cannot
    be there; both, if there are several that it may be.
    """
    configured = config.farms.get(farm)
    if configured is None:
        return frozenset()
    if configured.map is not None:
        return frozenset({False})
    named = (each for each in configured.servers if _may_be(each, server))
    return frozenset(each.disabled for each in named)


def sought_for(server: Server) -> Sought | None:
    """What its addresses are looked up by; None: it has one."""
    where = server.address
    if isinstance(where, Address):
        return None
    if isinstance(where, HostName):
        return Sought(where.host, where.port)
    return Sought(where.name)


def all_sought(config: Config) -> frozenset[Sought]:
    """What is looked up for all of them."""
    servers = (each for farm in config.farms.values() for each in farm.servers)
    return frozenset(filter(None, map(sought_for, servers)))


def _may_be(configured: Server, name: str) -> bool:
    """Those behind a name of DNS are called by their addresses, whatever these are."""
    if sought_for(configured) is None:
        return configured.name == name
    if configured.name == str(configured.address):
        return True
    return name.startswith(f"{configured.name}@")
