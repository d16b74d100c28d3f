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
    configured = config.farms.get(farm)
    if configured is None:
        return False
    return configured.map is not None or any(
        _may_be(each, server) for each in configured.servers
    )


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
