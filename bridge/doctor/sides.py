"""
Where each side of the gateway meets its network: interfaces, MTUs, offloads.

Not here: what the way beyond them carries (``path_looking``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from bridge.config import Config
from bridge.config.profile import Profile
from bridge.doctor.network import Network
from bridge.doctor.report import Finding, Severity
from bridge.net.address import Address
from bridge.net.ethtool import Offloads
from bridge.net.prefix_listen import PrefixListen
from bridge.net.routes import Route

LOOPBACK = "lo"


@dataclass(frozen=True)
class Side:
    """One way in or out, on one interface."""

    subject: str
    """``front web``, ``farm web``."""
    interface: str
    """Empty: nobody knows."""
    link: int
    """Its MTU, in bytes; 0: nobody knows."""
    route: int
    """The MTU that a route over it says; 0: it says none."""
    wanted: int | None
    """What the profile says that it carries."""
    offloads: Offloads
    servers: int = 0
    """How many are there; 0 of a front."""
    why: str = ""
    """Why there is no way."""

    @property
    def mtu(self) -> int:
        """What connections go by; 0: nobody knows."""
        return min((size for size in (self.link, self.route) if size), default=0)

    @property
    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {
            "subject": self.subject,
            "interface": self.interface or None,
            "link_mtu": self.link or None,
            "route_mtu": self.route or None,
            "wanted": self.wanted,
            "offloads": dict(self.offloads),
            "servers": self.servers,
            "why": self.why or None,
        }


@dataclass(frozen=True)
class Ways:
    """Whom to ask about them."""

    network: Network
    route_to: Callable[[str, Profile], Route]
    """To an address, with a profile's interface and mark.  Raises OSError."""
    offloads: Callable[[str], Offloads]


def fronts(config: Config, ways: Ways) -> Iterator[Side]:
    """Each interface that a front is met on."""
    for name, front in config.fronts.items():
        profile = config.profile(front.profile)
        found: dict[str, None] = {}
        for listen in front.listen:
            found |= dict.fromkeys(_met_on(listen, front.dual_stack, profile, ways))
        for interface in found:
            yield _side(f"front {name}", interface, 0, profile, ways)


def _met_on(
    listen: object, dual_stack: bool, profile: Profile, ways: Ways
) -> tuple[str, ...]:
    if profile.interface:
        return (profile.interface,)
    if isinstance(listen, PrefixListen):
        return ways.network.outside(6)
    if not isinstance(listen, Address):
        return ()
    if listen.scope:
        return (listen.scope,)
    if listen.host == "::":
        both = ways.network.outside(4) if dual_stack else ()
        return tuple(dict.fromkeys((*ways.network.outside(6), *both)))
    if listen.host == "0.0.0.0":
        return ways.network.outside(4)
    interface = ways.network.addresses.get(listen.host, "")
    return (interface,) if interface else ()


def farms(
    config: Config, ways: Ways, hosts: Iterable[tuple[str, str]]
) -> Iterator[Side]:
    """The ways to *hosts*, each a farm's name and an address; what is alike, once."""
    alike: dict[tuple[str, str, int, str], int] = {}
    for farm, host in hosts:
        profile = config.profile(config.farms[farm].profile)
        try:
            route, why = ways.route_to(host, profile), ""
        except OSError as error:
            route, why = Route(""), f"no way there: {error.strerror or error}"
        key = farm, route.interface, route.mtu, why
        alike[key] = alike.get(key, 0) + 1
    for (farm, interface, mtu, why), count in alike.items():
        profile = config.profile(config.farms[farm].profile)
        yield _side(f"farm {farm}", interface, mtu, profile, ways, count, why)


def _side(
    subject: str,
    interface: str,
    route: int,
    profile: Profile,
    ways: Ways,
    servers: int = 0,
    why: str = "",
) -> Side:
    link = ways.network.mtu(interface)
    offloads = ways.offloads(interface) if interface else {}
    return Side(subject, interface, link, route, profile.mtu, offloads, servers, why)


def findings(sides: Iterable[Side]) -> Iterator[Finding]:
    """What is not as it should be of them."""
    for side in sides:
        if side.why:
            cure = "ip route add ADDRESS via ROUTER dev INTERFACE"
            yield Finding(side.subject, Severity.FAIL, side.why, cure)
            continue
        yield from _sizes(side)
        yield from _offloads(side)


def _sizes(side: Side) -> Iterator[Finding]:
    wanted = side.wanted
    if wanted is None:
        return
    if 0 < side.link < wanted:
        what = f"its profile has mtu {wanted}, and {side.interface} carries {side.link}"
        cure = f"ip link set dev {side.interface} mtu {wanted}"
        yield Finding(side.subject, Severity.WARN, what, cure)
    elif 0 < side.route < wanted:
        what = f"its profile has mtu {wanted}, and the route says {side.route}"
        cure = f"ip route show dev {side.interface}  # take its mtu {side.route} out"
        yield Finding(side.subject, Severity.WARN, what, cure)


def _offloads(side: Side) -> Iterator[Finding]:
    if side.interface == LOOPBACK:
        return
    for name, is_on in side.offloads.items():
        if is_on is False:
            what = f"{name.upper()} is off on {side.interface}: packets cost one by one"
            cure = f"ethtool -K {side.interface} {name} on"
            yield Finding(side.subject, Severity.WARN, what, cure)
