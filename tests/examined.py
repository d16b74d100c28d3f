"""Networks made up, for what looks at both sides of a configuration."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.config import Config, parse
from bridge.config.profile import Profile
from bridge.doctor.network import Network
from bridge.doctor.sides import Ways
from bridge.net.ethtool import Offloads
from bridge.net.routes import Route
from bridge.net.rtnetlink import Link

ALL_ON: Offloads = {"gro": True, "gso": True, "tso": True}

LINKS = {
    name: Link(number, name.encode(), mtu, up=True, running=True)
    for number, (name, mtu) in enumerate(
        {"lo": 65536, "eth0": 1500, "eth1": 9000}.items(), 1
    )
}
NETWORK = Network(
    LINKS,
    {
        "127.0.0.1": "lo",
        "::1": "lo",
        "2001:db8::80": "eth0",
        "192.0.2.80": "eth0",
        "198.18.0.1": "eth1",
    },
)


def config(
    front: str = "", farm: str = "", *, profiles: str = "", to: str = "web"
) -> Config:
    """One front and one farm, both called web, with more keys if given."""
    front = front or 'listen: "[2001:db8::80]:443"'
    farm = farm or "servers: [198.18.0.10:80]"
    return parse(
        f"profiles: {{{profiles}}}\n"
        f"fronts: {{web: {{{front}, to: {to}}}}}\nfarms: {{web: {{{farm}}}}}\n",
        name="f",
    ).config


def ways(
    routes: Mapping[str, Route | OSError] | None = None, offloads: Offloads = ALL_ON
) -> Ways:
    """Every address is beyond eth1, unless *routes* says so."""

    def route_to(host: str, profile: Profile) -> Route:
        found = (routes or {}).get(host, Route("eth1"))
        if isinstance(found, OSError):
            raise found
        return found

    return Ways(NETWORK, route_to, lambda name: offloads)
