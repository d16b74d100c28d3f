"""
IPv4 addresses inside IPv6 ones: the algorithmic way (RFC 6052) and the explicit one
(RFC 7757), in both directions, on plain integers.

Here: what an address stands for.  Not here: whether anybody may go there (``mapping``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple, TypeVar

LENGTHS = (32, 40, 48, 56, 64, 96)
"""The prefix lengths that RFC 6052 has, section 2.2."""

WELL_KNOWN = IPv6Network("64:ff9b::/96")
"""RFC 6052, section 2.1.  It must not carry IPv4 addresses that are not global."""

_RESERVED = 0xFF << 56  # bits 64 to 71: RFC 6052 section 2.2
_NO_HOSTS = {
    IPv6Network("::/32"): "has the unspecified, loopback and IPv4-mapped addresses",
    IPv6Network("fe80::/10"): "is link-local",
    IPv6Network("ff00::/8"): "is multicast",
}


class Prefix:
    """
    One translation prefix of RFC 6052.

    >>> prefix = Prefix(IPv6Network("2001:db8:122:344::/64"))
    >>> f"{prefix.embed(0xC0000221):x}"
    '20010db80122034400c0000221000000'
    """

    __slots__ = ("_first", "_high", "_low", "_rest", "network")

    def __init__(self, network: IPv6Network) -> None:
        """Raises ValueError, whose message quotes *network*, for what is no prefix."""
        length = network.prefixlen
        if length not in LENGTHS:
            right = ", ".join(f"/{n}" for n in LENGTHS)
            raise ValueError(f"'{network}': a prefix is one of {right} (RFC 6052)")
        refuse_hostless(network)
        self._first = int(network.network_address)
        if self._first & _RESERVED:
            raise ValueError(f"'{network}': bits 64 to 71 must be zero (RFC 6052)")
        self.network = network
        # The IPv4 address goes round the reserved octet: its upper part ends where that
        # begins, and the rest of it, in bits, begins where that ends.
        self._high = 0 if length == 96 else 64
        self._rest = 0 if length == 96 else length - 32
        self._low = 56 - self._rest

    def embed(self, ipv4: int) -> int:
        """The IPv6 address that stands for *ipv4*."""
        rest = self._rest
        low = ipv4 & ((1 << rest) - 1)
        return self._first | (ipv4 >> rest) << self._high | low << self._low

    def covers(self, ipv6: int) -> bool:
        """Whether *ipv6* begins with this prefix, whatever follows."""
        return (ipv6 ^ self._first) >> (128 - self.network.prefixlen) == 0

    def extract(self, ipv6: int) -> int | None:
        """
        The IPv4 address in *ipv6*; None where ``embed`` makes no such address.

        That is so outside the prefix, and where reserved bits or the suffix are not
        zero.  The suffix SHOULD be zero, for extensions to come (section 2.2); to
        ignore it would give a server up to 2^56 addresses, and logs and lists as many
        names for it.
        """
        rest = self._rest
        low = (ipv6 >> self._low) & ((1 << rest) - 1)
        ipv4 = (ipv6 >> self._high & (0xFFFFFFFF >> rest)) << rest | low
        return ipv4 if self.embed(ipv4) == ipv6 else None


class Explicit(NamedTuple):
    """One explicit address mapping: an EAM of RFC 7757, section 3.2."""

    front: IPv6Network
    back: IPv4Network

    def __str__(self) -> str:
        return f"{self.front} -> {self.back}"


class ExplicitTable:
    """
    Explicit mappings, the longest match of which holds in either direction.

    The bits behind the one prefix go behind the other.  An IPv6 suffix may be longer:
    what follows is zero one way, and ignored the other way (RFC 7757, section 3.3).
    """

    def __init__(self, entries: Iterable[Explicit] = ()) -> None:
        """Raises ValueError for a mapping that cannot be, and for one of two."""
        self.entries = tuple(entries)
        self._fronts: dict[int, dict[int, Explicit]] = {}
        self._backs: dict[int, dict[int, Explicit]] = {}
        for entry in self.entries:
            _refuse_impossible(entry)
            self._add(self._fronts, entry.front, entry)
            self._add(self._backs, entry.back, entry)
        # Few bits to shift away are a long prefix.
        self._by_front = sorted(self._fronts.items())
        self._by_back = sorted(self._backs.items())

    @staticmethod
    def _add(
        table: dict[int, dict[int, Explicit]],
        network: IPv4Network | IPv6Network,
        entry: Explicit,
    ) -> None:
        suffix = network.max_prefixlen - network.prefixlen
        of_length = table.setdefault(suffix, {})
        other = of_length.setdefault(int(network.network_address) >> suffix, entry)
        if other is not entry:
            raise ValueError(f"{network} is mapped twice: {other}, and {entry}")

    def back(self, ipv6: int) -> int | None:
        """The IPv4 address that *ipv6* stands for; None where no entry has it."""
        for suffix, entries in self._by_front:
            entry = entries.get(ipv6 >> suffix)
            if entry is not None:
                back = entry.back
                tail = ipv6 & ((1 << suffix) - 1)
                surplus = suffix - (32 - back.prefixlen)
                return int(back.network_address) | tail >> surplus
        return None

    def front(self, ipv4: int) -> int | None:
        """The IPv6 address that stands for *ipv4*; None where no entry has it."""
        for suffix, entries in self._by_back:
            entry = entries.get(ipv4 >> suffix)
            if entry is not None:
                front = entry.front
                tail = ipv4 & ((1 << suffix) - 1)
                surplus = 128 - front.prefixlen - suffix
                return int(front.network_address) | tail << surplus
        return None

    def overlaps(self) -> Iterator[tuple[Explicit, Explicit]]:
        """
        Pairs of which the second has a part of the first's addresses, on either side.

        The longer prefix wins there, which may be meant.  But the two directions may
        then disagree: an address may lead to a server that another one stands for.
        """
        seen = set()
        fronts = _nested((entry.front, entry) for entry in self.entries)
        backs = _nested((entry.back, entry) for entry in self.entries)
        for pair in (*fronts, *backs):
            if pair not in seen:
                seen.add(pair)
                yield pair

    def __len__(self) -> int:
        return len(self.entries)


_N = TypeVar("_N", IPv4Network, IPv6Network)


def _nested(
    networks: Iterable[tuple[_N, Explicit]],
) -> Iterator[tuple[Explicit, Explicit]]:
    """Networks are nested or apart: sorted, each follows the ones it lies in."""
    around: list[tuple[_N, Explicit]] = []
    for network, entry in sorted(networks):
        while around and not network.subnet_of(around[-1][0]):
            around.pop()
        if around:
            yield around[-1][1], entry
        around.append((network, entry))


def _refuse_impossible(entry: Explicit) -> None:
    front, back = entry
    refuse_hostless(front)
    if 128 - front.prefixlen < 32 - back.prefixlen:
        longest = 96 + back.prefixlen
        raise ValueError(
            f"{entry}: {front} has fewer addresses than {back}: "
            f"its prefix has at most {longest} bits (RFC 7757)"
        )


def refuse_hostless(network: IPv6Network) -> None:
    """Raises ValueError for what has addresses that no host of the internet has."""
    for hostless, why in _NO_HOSTS.items():
        if network.overlaps(hostless):
            raise ValueError(f"'{network}' is no prefix for a farm: {hostless} {why}")
