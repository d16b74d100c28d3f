"""
The servers of a configuration as targets: their addresses, and what should arrive.

Names are looked up as the system does it; what DNS does not know is told as unknown.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from bridge.config import Config
from bridge.config.hostnames import HostName, ServiceName
from bridge.config.profile import Profile
from bridge.doctor.path_looking import Target
from bridge.doctor.report import Finding, Severity
from bridge.doctor.start import NAMES, look_up
from bridge.net.address import Address
from bridge.net.mtu import IP_HEADER, SAFE_MSS, TCP_HEADER
from bridge.net.probing import for_way

LARGEST = 32_000
"""
Bytes; loopback carries twice that, but TCP sends no segment larger than half of the
window that it was told in a SYN, 65,535 at most (tcp_bound_to_half_wnd, net/tcp.h).
"""
USUAL = 1500
"""What a way carries of which nothing is known."""
MOST_OF_A_NAME = 16
"""Addresses of one name; more are only told of."""

Names = Mapping[str, tuple[str, ...]]
"""The addresses of names."""


@dataclass(frozen=True, slots=True)
class Known:
    """A server of a farm at one address."""

    farm: str
    server: str
    """As the configuration calls it."""
    index: int
    """In the farm's list."""
    address: Address

    @property
    def subject(self) -> str:
        """What findings are of."""
        where = str(self.address)
        named = "" if self.server == where else f" ({where})"
        return f"farm {self.farm}: {self.server}{named}"


def known(config: Config, names: Names) -> Iterator[Known]:
    """Each of them that gets sessions."""
    for name, farm in config.farms.items():
        for index, server in enumerate(farm.servers):
            if server.disabled:
                continue
            where = server.address
            if isinstance(where, Address):
                yield Known(name, server.name, index, where)
            elif isinstance(where, HostName):
                for host in names.get(where.host, ())[:MOST_OF_A_NAME]:
                    yield Known(name, server.name, index, Address(host, where.port))


def unseen(config: Config, why: Mapping[str, str]) -> Iterator[Finding]:
    """What of the farms nobody looks at, with *why* of each name."""
    for name, farm in config.farms.items():
        if farm.map is not None:
            what = "which servers are behind the map only sessions tell"
            yield Finding(f"farm {name}", Severity.UNKNOWN, what)
        for server in farm.servers:
            where, subject = server.address, f"farm {name}: {server.name}"
            if isinstance(where, ServiceName):
                what = "SRV records are looked up by the gateway alone"
                yield Finding(subject, Severity.UNKNOWN, what)
            elif isinstance(where, HostName) and where.host in why:
                what = f"{where.host}: {why[where.host]}"
                cure = f"getent ahosts {where.host}"
                yield Finding(subject, Severity.UNKNOWN, what, cure)


def hosts_of(config: Config) -> list[str]:
    """The names to be looked up."""
    found = (
        server.address.host
        for farm in config.farms.values()
        for server in farm.servers
        if isinstance(server.address, HostName) and not server.disabled
    )
    return list(dict.fromkeys(found))


def resolve(
    hosts: Iterable[str],
    ask: Callable[[str], Iterable[str]] | None = None,
) -> tuple[Names, Mapping[str, str]]:
    """The addresses of *hosts*, and why each of the others has none."""
    found: dict[str, tuple[str, ...]] = {}
    asked = list(hosts)

    def one(name: str) -> None:
        found[name] = tuple(dict.fromkeys((ask or _ask)(name)))

    why = dict(look_up(asked[:NAMES], ask=one))
    late = f"only {NAMES} names are looked up"
    why |= dict.fromkeys(asked[NAMES:], late)
    return {name: each for name, each in found.items() if name not in why}, why


def _ask(name: str) -> Iterator[str]:
    for *_, address in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM):
        yield str(address[0]).partition("%")[0]


def target(one: Known, config: Config, mtu: int) -> Target:
    """Where to look for *one*, whose way has *mtu* as far as this host knows."""
    farm = config.farms[one.farm]
    profile = config.profile(farm.profile)
    family = one.address.family
    own = (each for each in farm.own_sources if (":" in each) == (family == 6))
    return Target(
        one.address,
        wanted(profile, family, mtu),
        for_way(profile, family),
        next(own, ""),
    )


def wanted(profile: Profile, family: int, mtu: int) -> int:
    """The largest packet that sessions of *profile* would send, in bytes."""
    size = profile.mtu or mtu or USUAL
    mss = SAFE_MSS[family] if profile.mss == "safe" else profile.mss
    if isinstance(mss, int):
        size = min(size, mss + IP_HEADER[family] + TCP_HEADER)
    return min(size, LARGEST)
