"""
All that can be seen of a configuration on this host, from one side to the other.

Not here: how it is shown (``control``), or the parts that are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from bridge.config import Config, Document
from bridge.config.profile import Profile
from bridge.doctor import clock, ports, settings, sides
from bridge.doctor.findings import oddities
from bridge.doctor.host import Host
from bridge.doctor.network import read_network
from bridge.doctor.path_looking import PATIENCE, look
from bridge.doctor.report import Finding, Severity, is_well, worst_first
from bridge.doctor.servers import (
    Known,
    hosts_of,
    known,
    resolve,
    target,
    unseen,
)
from bridge.doctor.sides import Side, Ways
from bridge.doctor.verdict import About, Verdict, finding
from bridge.net.ethtool import offloads
from bridge.net.routes import Route, route_to


@dataclass(frozen=True)
class Path:
    """To one server: what has been found of it."""

    server: Known
    verdict: Verdict
    interface: str = ""
    """Where packets to it leave; empty: nobody knows."""

    @property
    def plain(self) -> dict[str, object]:
        """For JSON."""
        names = {"farm": self.server.farm, "server": self.server.server}
        return {**names, "address": str(self.server.address), **self.verdict.plain}


@dataclass(frozen=True)
class Examination:
    """What has been found."""

    sides: Sequence[Side]
    paths: Sequence[Path]
    findings: Sequence[Finding]
    """The worst first."""

    def with_more(self, findings: Iterable[Finding]) -> Examination:
        """With what somebody else has found."""
        return replace(self, findings=worst_first([*self.findings, *findings]))

    @property
    def is_well(self) -> bool:
        """Nothing fails."""
        return is_well(self.findings)

    @property
    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {
            "well": self.is_well,
            "sides": [side.plain for side in self.sides],
            "paths": [path.plain for path in self.paths],
            "findings": [each.plain for each in self.findings],
        }


def examine(document: Document, host: Host, patience: float = PATIENCE) -> Examination:
    """Everything; the paths within *patience* seconds, names within three more."""
    config = document.config
    names, why = resolve(hosts_of(config))
    servers = list(known(config, names))
    ways = own_ways()
    both = [
        *sides.fronts(config, ways),
        *sides.farms(config, ways, ((one.farm, one.address.host) for one in servers)),
    ]
    paths = look_at(config, servers, ways, patience)
    read = settings.reader()
    found = chain(
        (path_finding(config, path) for path in paths),
        sides.findings(both),
        unseen(config, why),
        settings.findings(config, host, read),
        ports.findings(config, read, ports.listening(), ports.owner_of()),
        (
            Finding(place, Severity.WARN, text)
            for place, text in oddities(document, host)
        ),
        [clock.finding()],
    )
    return Examination(both, paths, worst_first(found))


def look_at(
    config: Config, servers: Sequence[Known], ways: Ways, patience: float
) -> list[Path]:
    """The path to each of *servers*; one that stands there twice is looked at once."""
    met = [_met(config, one, ways) for one in servers]
    targets = [
        target(one, config, mtu) for one, (_, mtu) in zip(servers, met, strict=True)
    ]
    once = list(dict.fromkeys(targets))
    verdicts = dict(zip(once, look(once, patience), strict=True))
    return [
        Path(one, verdicts[each], interface)
        for one, each, (interface, _) in zip(servers, targets, met, strict=True)
    ]


def own_ways() -> Ways:
    """As this host has them now."""
    return Ways(read_network(), _route_to, offloads)


def _met(config: Config, one: Known, ways: Ways) -> tuple[str, int]:
    """The interface towards a server, and what connections over it go by."""
    profile = config.profile(config.farms[one.farm].profile)
    try:
        route = ways.route_to(one.address.host, profile)
    except OSError:
        return "", 0
    link = ways.network.mtu(route.interface)
    mtu = min((size for size in (link, route.mtu) if size), default=0)
    return route.interface, mtu


def path_finding(config: Config, path: Path) -> Finding:
    """What a path's verdict comes to."""
    one = path.server
    profile, address = config.farms[one.farm].profile, one.address
    about = About(
        *(one.subject, one.farm, profile, address.host, address.family),
        path.interface,
    )
    return finding(path.verdict, about)


def _route_to(host: str, profile: Profile) -> Route:
    return route_to(host, interface=profile.interface or "", mark=profile.mark)
