"""
Over what kinds of paths clients come: by what their segments may have at most.

An end advertises what its own link carries, and a tunnel or a PPPoE line on the way is
mostly known to it, or its router puts that right ("MSS clamping"): so the size has the
name of what is in the way.  Here: those names, and how often each was met at a front.
Not here: asking the kernel (``net.path_info``), and of whom it is asked
(``session.sampling``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from bridge.net.mtu import IP_HEADER, TCP_HEADER
from bridge.net.path_info import PathSizes

ETHERNET = 1500

KINDS = {
    ETHERNET: "Ethernet",
    1492: "PPPoE",
    1480: "6in4, 6rd, IP in IP",
    1476: "GRE",
    1472: "6in4 over PPPoE",
    1460: "DS-Lite, IP in IPv6",
    1452: "DS-Lite over PPPoE",
    1450: "VXLAN",
    1440: "WireGuard over IPv4",
    1420: "WireGuard",
    1412: "WireGuard over PPPoE",
    1400: "VPN of 1400",
    1280: "IPv6's least, 1280",
}
"""
By MTU.  What tunnels take: IPv4 20 (RFC 2003, RFC 4213, RFC 5969), IPv6 40 (RFC 2473,
RFC 6333), GRE 4 more (RFC 2784), PPPoE 8 (RFC 2516), VXLAN 50 (RFC 7348), WireGuard 60
or 80 (its white paper, section 6.5, with the headers around it).
"""

JUMBO, OTHER, BELOW = "jumbo frames", "another tunnel", "less than 1280"
OWN = "no less than here"
"""Its link carries what ours does, or more, which is then not to be seen."""

MAPPED = "::ffff:"


def kind_of(mtu: int) -> str:
    """The name of what has *mtu*."""
    if mtu > ETHERNET:
        return JUMBO
    if mtu < 1280:
        return BELOW
    return KINDS.get(mtu, OTHER)


def family_of(host: str) -> int:
    """4 or 6; of an IPv4 address in an IPv6 socket it is 4."""
    return 4 if ":" not in host or host.startswith(MAPPED) else 6


class Clients:
    """Those of one front that were looked at."""

    def __init__(self) -> None:
        self.sampled = 0
        self.mss: Counter[tuple[int, str]] = Counter()
        """By family and kind, from the MSS that they advertised."""
        self.pmtu: Counter[tuple[int, str]] = Counter()
        """By what the kernel knew of the path to them, where that was less than our own
        side's: an earlier connection had to learn it."""

    def see(self, sizes: PathSizes, family: int) -> None:
        """One has come."""
        headers = IP_HEADER[family] + TCP_HEADER
        own = sizes.advertised + headers
        mtu = min(sizes.mss, sizes.advertised) + headers
        self.sampled += 1
        kind = OWN if mtu >= own and own != ETHERNET else kind_of(mtu)
        self.mss[family, kind] += 1
        if sizes.pmtu < own:
            self.pmtu[family, kind_of(sizes.pmtu)] += 1

    def told(self) -> dict[str, Any]:
        """For whoever asks."""
        return {
            "sampled": self.sampled,
            "mss": list(_rows(self.mss)),
            "pmtu": list(_rows(self.pmtu)),
        }


def _rows(counts: Counter[tuple[int, str]]) -> Iterator[dict[str, Any]]:
    """Most of them first."""
    for (family, kind), clients in counts.most_common():
        mtu = next((mtu for mtu, name in KINDS.items() if name == kind), None)
        yield {"family": family, "kind": kind, "mtu": mtu, "clients": clients}
