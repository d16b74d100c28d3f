"""
``bridgectl zone F``: what DNS has to say of a farm behind a prefix.

AAAA lines for the names' zone (RFC 3596, section 2) and PTR lines for the prefix's
(section 2.5), as a zone file has them (RFC 1035, section 5.1).

Pure.  Not here: the command line, and where addresses and names come from
(``zone_command``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network

from bridge.net.hosts import dotted, text6
from bridge.net.mapping import Map, Refusal

# Letters, digits, hyphens (RFC 1123 section 2.1), and the underscore that is also met.
_NAME = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)+")
_LONGEST = 254  # with the dot at its end: RFC 1035 section 2.3.4


@dataclass(frozen=True)
class Pair:
    """What one server's address becomes."""

    forward: str
    """The AAAA line."""
    reverse: str
    """The PTR line, which belongs to another zone."""


def zone(
    mapping: Map,
    addresses: Iterable[IPv4Address],
    domain: str,
    names: Mapping[IPv4Address, str] | None = None,
) -> Iterator[Pair]:
    """
    The lines for *addresses*, each once, in their order.

    An address without one of *names* is called after itself, ``192-0-2-33``.  Names
    without a dot at their end stand in *domain*; all names are written in full, so that
    the lines fit any file.  Raises ValueError for what is no name, and for an address
    that the map would not let anybody reach: DNS is not to promise it.
    """
    names = names or {}
    for address in dict.fromkeys(addresses):
        name = absolute(names.get(address) or str(address).replace(".", "-"), domain)
        front = _front(mapping, address)
        yield Pair(f"{name} IN AAAA {front}", f"{front.reverse_pointer}. IN PTR {name}")


def absolute(name: str, domain: str) -> str:
    """
    *name* in full, as a zone file has it.

    >>> absolute("web", "farm.example")
    'web.farm.example.'

    Raises ValueError, which quotes it.
    """
    full = name if name.endswith(".") else f"{name}.{domain.rstrip('.')}."
    if not _NAME.fullmatch(full) or len(full) > _LONGEST:
        raise ValueError(f"{full!r} is no name of a host")
    return full


def why_not(mapping: Map, address: IPv4Address) -> str:
    """Why no client reaches *address*; empty where they do."""
    number = mapping.front(int(address))
    if number is None:
        return str(Refusal.UNMAPPED)
    front = text6(number)
    back = mapping.back(front)
    if isinstance(back, Refusal):
        return str(back)
    if back != int(address):
        return f"its {front} leads to {dotted(back)}"
    return ""


def _front(mapping: Map, address: IPv4Address) -> IPv6Address:
    why = why_not(mapping, address)
    number = mapping.front(int(address))
    if why or number is None:
        raise ValueError(f"{address}: {why}")
    return IPv6Address(number)


def reverse_zone(network: IPv6Network) -> str:
    """
    The smallest zone that has the PTR lines of all of *network*.

    >>> reverse_zone(IPv6Network("2001:db8::/32"))
    '8.b.d.0.1.0.0.2.ip6.arpa.'
    """
    labels = network.network_address.reverse_pointer.split(".")
    return ".".join(labels[32 - network.prefixlen // 4 :]) + "."
