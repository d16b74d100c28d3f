"""What is odd in a farm on any host: it can work, but hardly as it was meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from bridge.config import Document
from bridge.config.farm import Farm, Server
from bridge.config.hostnames import HostName, ServiceName
from bridge.config.problems import Path
from bridge.net.address import Address

_Odd: TypeAlias = Iterator[tuple[Path, str]]


def oddities(document: Document) -> _Odd:
    """Each key that is odd, and why."""
    written: dict[str | int, set[str | int]] = {}
    for step in document.places:
        if step[:1] == ("farms",) and len(step) > 2:
            written.setdefault(step[1], set()).add(step[2])
    led_to = {to for front in document.config.fronts.values() for to in front.farms}
    for name, farm in document.config.farms.items():
        path: Path = ("farms", name)
        if name not in led_to:
            yield path, "no front leads to it"
        yield from _servers((*path, "servers"), farm)
        yield from _idle(path, farm, written.get(name, set()))
        yield from _sources((*path, "source"), farm)
        yield from _checked((*path, "check", "kind"), farm)


def _servers(path: Path, farm: Farm) -> _Odd:
    if farm.servers and all(server.disabled for server in farm.servers):
        yield path, "all are disabled: sessions end as no_server until one is ready"
    first: dict[object, Server] = {}
    for index, server in enumerate(farm.servers):
        here = (*path, index)
        if server is not first.setdefault(server.address, server):
            twice = f"{server.address} is server {first[server.address].name} already"
            yield here, f"{twice}: it gets the sessions and the checks of both"
        if farm.balance == "first" and server.weight != 1:
            yield (*here, "weight"), "does nothing with balance first"
        if isinstance(server.address, ServiceName) and (
            server.weight != 1 or server.backup
        ):
            yield here, "weight and backup do nothing: the SRV records give both"


def _idle(path: Path, farm: Farm, written: set[str | int]) -> _Odd:
    """Keys that were written and have nothing to do."""
    each = (server.connections for server in farm.servers)
    limited = any(most is not None for most in (*each, farm.connections))
    if "queue" in written and farm.queue is not None and not limited:
        yield (*path, "queue"), "nobody waits in it: no server has connections"
    if farm.balance == "first" and farm.slow_start is not None:
        yield (*path, "slow_start"), "does nothing with balance first"
    if "hash_key" in written and farm.balance != "source_hash":
        yield (*path, "hash_key"), f"does nothing with balance {farm.balance}"


def _sources(path: Path, farm: Farm) -> _Odd:
    addresses = [s.address for s in farm.servers if isinstance(s.address, Address)]
    if farm.map is not None or len(addresses) < len(farm.servers):
        return  # nobody knows yet which families a name has
    families = {address.family for address in addresses}
    for source in farm.own_sources:
        family = 6 if ":" in source else 4
        if family not in families:
            yield path, f"{source} does nothing: no server is IPv{family}"


def _checked(path: Path, farm: Farm) -> _Odd:
    """Servers that take offence at who connects and leaves."""
    if farm.check is None or farm.check.kind != "tcp":
        return
    ports = {
        server.address.port
        for server in farm.servers
        if isinstance(server.address, Address | HostName)
    }
    for port in sorted(ports & _OFFENDED.keys()):
        yield path, _OFFENDED[port]


_OFFENDED = {
    22: "tcp makes sshd log an error at each check, and count it against the gateway: "
    'write {kind: exchange, send: "SSH-2.0-bridge-check\\r\\n", expect: none}',
    3306: "tcp is a connect error to MySQL and MariaDB, which after 100 of them block "
    "the gateway (error 1129): write kind: mysql",
}
"""By port: what a check that says nothing does there, and what to write."""
