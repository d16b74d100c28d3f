"""
The map of a prefix front: from the address and port that a client asked for to the
server's, or to the reason why there is none.

A prefix in front of whatever it can spell would be an open proxy.  So a map has a list
of where it leads (``to``), and places where it never leads, whatever that list says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias

from bridge.net.hosts import dotted, number
from bridge.net.prefixes import NOBODY
from bridge.net.translation import WELL_KNOWN, Explicit, ExplicitTable, Prefix

Destination: TypeAlias = tuple[str, int]
"""A server's IPv4 address and port, as connect(2) wants them."""


class Refusal(Enum):
    """Why an address leads nowhere.  A short closed list, fit for counters."""

    UNMAPPED = "no prefix and no explicit mapping has this address"
    RESERVED = "bits of the address that RFC 6052 wants zero are not"
    THIS_NETWORK = "0.0.0.0/8 is no destination"
    LOOPBACK = "127.0.0.0/8 is the gateway itself"
    LINK_LOCAL = "169.254.0.0/16 is link-local"
    MULTICAST = "224.0.0.0/4 is multicast"
    FUTURE = "240.0.0.0/4 is reserved, and has the broadcast address"
    OWN = "the address is the gateway's own"
    NOT_GLOBAL = "64:ff9b::/96 must not carry addresses that are not global"
    NOT_ALLOWED = "the address is not in the list of where the map leads"
    PORT = "the port is not mapped"

    def __str__(self) -> str:
        return self.value


NEVER = {
    IPv4Network("0.0.0.0/8"): Refusal.THIS_NETWORK,
    IPv4Network("127.0.0.0/8"): Refusal.LOOPBACK,
    IPv4Network("169.254.0.0/16"): Refusal.LINK_LOCAL,
    IPv4Network("224.0.0.0/4"): Refusal.MULTICAST,
    IPv4Network("240.0.0.0/4"): Refusal.FUTURE,
}
"""Where no map leads."""

NOT_GLOBAL = tuple(
    IPv4Network(text)
    for text in (
        "10.0.0.0/8",  # private, RFC 1918
        "100.64.0.0/10",  # shared by carriers, RFC 6598
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments, RFC 6890
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.88.99.0/24",  # 6to4 relays, RFC 7526; listed in RFC 5735
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks, RFC 2544
        "198.51.100.0/24",
        "203.0.113.0/24",
    )
)
"""
What else RFC 6052, section 3.1 keeps out of 64:ff9b::/96: what is not globally
reachable by IANA's registry of special-purpose addresses (RFC 6890).

192.0.0.9 and .10 are anycast and would be, but no server of a farm has them.
"""


class _Networks:
    """IPv4 networks, each with what is said of its addresses, asked for numbers."""

    def __init__(self, networks: Mapping[IPv4Network, Refusal]) -> None:
        said: dict[int, dict[int, Refusal]] = {}
        for network, what in networks.items():
            shift = 32 - network.prefixlen
            said.setdefault(shift, {})[int(network.network_address) >> shift] = what
        self._said = tuple(said.items())

    def get(self, ipv4: int) -> Refusal | None:
        for shift, of_length in self._said:
            if ipv4 >> shift in of_length:
                return of_length[ipv4 >> shift]
        return None


_NEVER = _Networks(NEVER)
_NOT_GLOBAL = _Networks(dict.fromkeys(NOT_GLOBAL, Refusal.NOT_GLOBAL))


def nothing_is(ipv4: int) -> bool:
    """The ``is_own`` of who does not know, or only asks where addresses lead."""
    return False


class Map:
    """
    Where the addresses and ports of a front lead.

    An explicit mapping counts before the prefix.  Without either nothing is mapped.
    """

    def __init__(
        self,
        prefix: IPv6Network | None,
        eam: Iterable[Explicit],
        to: Iterable[IPv4Network],
        ports: Mapping[int, int] | None = None,
        is_own: Callable[[int], bool] = nothing_is,
    ) -> None:
        """
        *to* is where the map may lead.  *ports* are the server's by the client's, and
        no others are mapped; None: all, to the same.  *is_own* tells the gateway's own
        addresses, as numbers, at this moment: those of its interfaces, and its pools',
        which the kernel takes for its own.  A set's ``__contains__`` will do.

        Raises ValueError for what cannot be mapped, and for a *to* that leads nowhere.
        """
        self.prefix = Prefix(prefix) if prefix is not None else None
        self.eam = ExplicitTable(eam)
        self.to = tuple(to)
        self.ports = dict(ports) if ports is not None else None
        self._is_own = is_own
        self._allowed = _Networks(dict.fromkeys(self.to, Refusal.NOT_ALLOWED))
        self._well_known = prefix == WELL_KNOWN
        if self.prefix is None and not self.eam:
            raise ValueError("a map needs a prefix or explicit mappings")
        if not self.to:
            what = "a map without a list of where it may lead"
            raise ValueError(f"{what} is an open proxy")
        for network in self.to:
            refuse_pointless(network)
        _refuse_ports(self.ports or {})

    @property
    def fronts(self) -> tuple[IPv6Network, ...]:
        """All addresses that this gateway must answer for, as networks."""
        prefixes = (self.prefix.network,) if self.prefix is not None else ()
        return prefixes + tuple(entry.front for entry in self.eam.entries)

    def destination(self, front: str, port: int) -> Destination | Refusal:
        """
        Where the client is to be taken that wants *port* of *front*.

        Raises ValueError if *front* is no IP address.
        """
        back = self.back(front)
        if isinstance(back, Refusal):
            return back
        if self.ports is None and port:  # a header may name 0, which is none
            return dotted(back), port
        if self.ports is None or port not in self.ports:
            return Refusal.PORT
        return dotted(back), self.ports[port]

    def back(self, front: str) -> int | Refusal:
        """The server's address alone, whatever the port, as a number."""
        ipv6 = number(front)
        if ipv6 == NOBODY:
            raise ValueError(f"{front!r} is no IP address")
        back = self._translated(ipv6) if ipv6 >= 0 else Refusal.UNMAPPED
        if isinstance(back, Refusal):
            return back
        refusal = _NEVER.get(back)
        if refusal is not None:
            return refusal
        if self._is_own(back):
            return Refusal.OWN
        if self._allowed.get(back) is None:
            return Refusal.NOT_ALLOWED
        return back

    def _translated(self, ipv6: int) -> int | Refusal:
        back = self.eam.back(ipv6)
        if back is not None:
            return back
        prefix = self.prefix
        if prefix is None or not prefix.covers(ipv6):
            return Refusal.UNMAPPED
        back = prefix.extract(ipv6)
        if back is None:
            return Refusal.RESERVED
        if self._well_known and _NOT_GLOBAL.get(back) is not None:
            # Of an explicit mapping the operator has said so: that is no algorithm's.
            return _NEVER.get(back) or Refusal.NOT_GLOBAL
        return back

    def front(self, ipv4: int) -> int | None:
        """
        The IPv6 address by which clients reach *ipv4*; None where there is none.

        Whether they are let through is ``back``'s to say; where mappings overlap it may
        even lead elsewhere (``ExplicitTable.overlaps``).
        """
        front = self.eam.front(ipv4)
        if front is None and self.prefix is not None:
            return self.prefix.embed(ipv4)
        return front


def refuse_pointless(network: IPv4Network) -> None:
    """Raises ValueError for a network of which no address is ever reached."""
    for never, why in NEVER.items():
        if network.subnet_of(never):
            raise ValueError(f"'{network}' is never reached: {why}")


def _refuse_ports(ports: Mapping[int, int]) -> None:
    for pair in ports.items():
        for port in pair:
            if not 0 < port < 65536:
                raise ValueError(f"{port} is no port, which is 1 to 65535")
