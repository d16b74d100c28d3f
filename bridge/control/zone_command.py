"""
``bridgectl zone``, its command line: which farm, and which addresses by which names.

What DNS is told of them is in ``zone``.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from pathlib import Path

from bridge.config import load
from bridge.control.commands import DONE, CommandError, Commands, UsageError
from bridge.control.configured import maps
from bridge.control.zone import reverse_zone, why_not, zone
from bridge.net.address import parse_network
from bridge.net.mapping import Map

MOST = 65_536
"""Addresses of which lines are made: two lines each, and a /16 is enough of them."""


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "zone",
        help="print the AAAA and PTR lines of a farm behind a prefix",
        description="What a zone file needs so that clients find the servers of a "
        "farm with a map: an AAAA line for each, and a PTR line for the reverse zone.",
    )
    parser.set_defaults(run=run, parser=parser)
    parser.add_argument("file", metavar="FILE", type=Path, help="the configuration")
    parser.add_argument(
        "addresses",
        metavar="ADDRESS",
        nargs="*",
        help="of servers, or networks of them; all that the map leads to by default",
    )
    parser.add_argument(
        "--domain", help="in which names stand; FARM.internal by default"
    )
    parser.add_argument(
        "--names",
        metavar="FILE",
        help="servers' names, as /etc/hosts has them, ADDRESS NAME a line; "
        "- reads standard input",
    )
    parser.add_argument("--farm", metavar="NAME", help="where several have a map")


def run(options: argparse.Namespace) -> int:
    names = _names(options.names) if options.names else {}
    parts = [
        "\n".join(_lines(options, names, farm, mapping))
        for farm, mapping in _farms(options).items()
    ]
    print("\n\n".join(parts))
    return DONE


def _farms(options: argparse.Namespace) -> Mapping[str, Map]:
    """The farms that are meant, and their maps."""
    found = maps(load(options.file, os.environ).config)
    known = ", ".join(found)
    if not found:
        raise CommandError(f"{options.file}: no farm has a map, so none needs a zone")
    if options.farm:
        if options.farm not in found:
            raise UsageError(f"no farm {options.farm} has a map, but {known}")
        return {options.farm: found[options.farm]}
    if len(found) > 1 and (options.addresses or options.names):
        raise UsageError(f"several farms have a map, {known}: write --farm NAME")
    return found


def _lines(
    options: argparse.Namespace,
    names: Mapping[IPv4Address, str],
    farm: str,
    mapping: Map,
) -> Iterator[str]:
    """A zone file's comments begin with a semicolon (RFC 1035, section 5.1)."""
    domain = options.domain or f"{farm}.internal"
    wanted = _wanted(options.addresses, mapping, names)
    try:
        pairs = list(zone(mapping, wanted, domain, names))
    except ValueError as error:
        raise CommandError(str(error)) from None
    fronts = mapping.fronts
    above = reverse_zone(fronts[0]) if len(fronts) == 1 else "ip6.arpa."
    yield f"; {options.file}, farm {farm}: {len(pairs)} servers"
    yield f"; into the zone of {domain}"
    yield from (pair.forward for pair in pairs)
    yield ""
    yield f"; into the reverse zone, {above} or one above it"
    yield from (pair.reverse for pair in pairs)


def _wanted(
    texts: list[str], mapping: Map, names: Mapping[IPv4Address, str]
) -> list[IPv4Address]:
    """
    Whom lines are made of: those of *texts*, or else those with names, or else all.

    Who is named one by one is to be reached; of a network, whoever is.
    """
    if names and not texts:
        return list(_warned_of(names, mapping))
    networks = [_network(text) for text in texts] or list(mapping.to)
    count = sum(network.num_addresses for network in networks)
    if count > MOST:
        right = "write the servers' addresses, or smaller networks"
        raise UsageError(f"{count:,} addresses are more than {MOST:,}: {right}")
    single = {network for network in networks if texts and network.prefixlen == 32}
    hosts = ((network, host) for network in networks for host in network.hosts())
    return [h for network, h in hosts if network in single or not why_not(mapping, h)]


def _network(text: str) -> IPv4Network:
    try:
        network = parse_network(text)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if isinstance(network, IPv6Network):
        raise UsageError(f"{network}: write servers' own addresses, which are IPv4")
    return network


def _warned_of(names: Mapping[IPv4Address, str], mapping: Map) -> Iterator[IPv4Address]:
    """Those who can be reached: a list of hosts has others as well."""
    for address, name in names.items():
        why = why_not(mapping, address)
        if why:
            print(f"warning: {address} {name} is left out: {why}", file=sys.stderr)
        else:
            yield address


def _names(path: str) -> Mapping[IPv4Address, str]:
    """
    The first name of each IPv4 address, by hosts(5).

    Raises CommandError for what cannot be read, and for what is no such file.
    """
    names: dict[IPv4Address, str] = {}
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise CommandError(f"{path} cannot be read: {why}") from None
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words or ":" in words[0]:
            continue
        try:
            names.setdefault(IPv4Address(words[0]), words[1])
        except (ValueError, IndexError):
            what = f"{line.strip()[:60]!r} is no ADDRESS NAME, like 192.0.2.33 www"
            raise CommandError(f"{path}:{number}: {what}") from None
    return names
