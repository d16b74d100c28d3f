"""
Which servers a configuration may have, by their names.

Pure.  Not here: which it has, where names are to be looked up for that.
"""

from __future__ import annotations

from bridge.config.farm import Server
from bridge.config.model import Config
from bridge.net.address import Address


def may_have(config: Config, farm: str, server: str) -> bool:
    """Whether *farm* has, or may come to have, a server called *server*."""
    configured = config.farms.get(farm)
    if configured is None:
        return False
    return configured.map is not None or any(
        _may_be(each, server) for each in configured.servers
    )


def is_named(server: Server) -> bool:
    """Whether names are looked up for its addresses."""
    return not isinstance(server.address, Address)


def _may_be(configured: Server, name: str) -> bool:
    """Those behind a name of DNS are called by their addresses, whatever these are."""
    if not is_named(configured):
        return configured.name == name
    if configured.name == str(configured.address):
        return True
    return name.startswith(f"{configured.name}@")
