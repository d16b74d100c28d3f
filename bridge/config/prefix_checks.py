"""
Whether prefixes at which fronts listen leave each other, and others, their clients.

Like ``references``, this reads the plain values and passes over what is of the wrong
type.  What sockets occupy is said in ``listen_checks``; but packets to all ports of a
prefix are diverted before any socket is looked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv6Network
from typing import Any

from bridge.config.listen_checks import listens, takes_every_port
from bridge.config.problems import Flaw, Path, Place, place_of
from bridge.net.address import Address, Listen
from bridge.net.prefix_listen import PrefixListen


def flaws(fronts: Mapping[str, Any], places: Mapping[Path, Place]) -> Iterator[Flaw]:
    """What has addresses in common with a prefix of which all ports are taken."""
    written = [each for name in fronts for each in listens(name, fronts[name])]
    around: list[tuple[IPv6Network, int]] = []
    for network, at in sorted(_networks(listen for _, listen in written)):
        while around and not network.subnet_of(around[-1][0]):
            around.pop()
        for _, other in around:
            first, later = sorted((at, other))
            (there, one), (path, listen) = written[first], written[later]
            if takes_every_port(one) or takes_every_port(listen):
                what = f"{listen} has addresses of {one}, at {place_of(places, there)}"
                message = f"{what}: of one address only one front can take all ports"
                yield Flaw(place_of(places, path).value, path, message)
                break
        around.append((network, at))


def _networks(written: Iterator[Listen]) -> Iterator[tuple[IPv6Network, int]]:
    """The addresses of which packets may be diverted, with the place in *written*."""
    for at, listen in enumerate(written):
        if isinstance(listen, PrefixListen):
            yield listen.network, at
        elif isinstance(listen, Address) and listen.family == 6 and listen.host != "::":
            yield IPv6Network(listen.host), at
