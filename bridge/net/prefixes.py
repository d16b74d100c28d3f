"""
All addresses on one line of numbers, and networks as stretches of it.

Here: which of many networks, the longest, an address is in.  Not here: what follows
(``door``), and how a peer's text becomes a number (``hosts``).  Touches no socket.

Networks of one family either lie inside one another or apart.  So they cut the line
into at most two pieces for each network, every piece has one longest network, and a
look-up is one bisection, however many prefix lengths there are.  Measured with 10,000
networks of both families: 0.25 µs, where a table for each length took up to 18.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network

IPV4 = 1 << 32
"""
How far IPv4 is moved down: 0.0.0.0 is at -2**32 and 255.255.255.255 at -1.

An IPv6 address is its own number, from 0 on.  Below zero a shift to the right still
counts prefixes, and none of them ever meets one of IPv6.
"""

MAPPED = 0xFFFF << 32
"""``::ffff:0.0.0.0``: where IPv6 has IPv4 (RFC 4291 section 2.5.5.2)."""

NOBODY = -IPV4 - 1
"""The number of what has no address, such as a UNIX peer: below all, in no network."""


def number_of(ip: IPv4Address | IPv6Address) -> int:
    """
    Where *ip* is on the line; an IPv4-mapped address is where its IPv4 one is.

    A scope id (RFC 4007) says nothing of where.

    >>> number_of(IPv6Address("::ffff:255.255.255.255")), number_of(IPv6Address("::1"))
    (-1, 1)
    """
    value = int(ip)
    if ip.version == 4:
        return value - IPV4
    return value - MAPPED - IPV4 if value >> 32 == 0xFFFF else value


class Prefixes:
    """Networks, asked for the longest one that holds a number.  Never changes."""

    __slots__ = ("_owners", "starts")

    def __init__(self, networks: Iterable[Network] = ()) -> None:
        self.starts: list[int] = []
        """Where pieces begin, in order; each reaches to the next one."""
        self._owners: list[Network | None] = [None]  # first, of what is below them all
        around: list[tuple[int, Network]] = []  # the ends and networks we are in
        for first, beyond, network in sorted(map(_stretch, networks), key=_outer_first):
            self._leave(around, first)
            around.append((beyond, network))
            self._begin(first, network)
        self._leave(around, None)

    def longest(self, number: int) -> Network | None:
        """The network with the longest prefix that holds *number*; None: none does."""
        return self._owners[bisect_right(self.starts, number)]

    def _leave(self, around: list[tuple[int, Network]], until: int | None) -> None:
        """Come out of the networks that end before or at *until*; None: out of all."""
        while around and (until is None or around[-1][0] <= until):
            beyond, _ = around.pop()
            self._begin(beyond, around[-1][1] if around else None)

    def _begin(self, at: int, owner: Network | None) -> None:
        if self.starts and self.starts[-1] == at:
            self._owners[-1] = owner
        else:
            self.starts.append(at)
            self._owners.append(owner)


def _stretch(network: Network) -> tuple[int, int, Network]:
    """Its first number, the one beyond its last, and itself."""
    first = int(network.network_address) - (IPV4 if network.version == 4 else 0)
    return first, first + (1 << network.max_prefixlen - network.prefixlen), network


def _outer_first(stretch: tuple[int, int, Network]) -> tuple[int, int]:
    first, beyond, _ = stretch
    return first, -beyond
