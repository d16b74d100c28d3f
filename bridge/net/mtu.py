"""Arithmetic of packet and segment sizes.  Everything in bytes."""

from __future__ import annotations

IP_HEADER = {4: 20, 6: 40}  # RFC 791 section 3.1; RFC 8200 section 3
TCP_HEADER = 20  # RFC 9293 section 3.1, no options
MINIMUM_MTU = {4: 68, 6: 1280}  # RFC 791 section 3.2; RFC 8200 section 5


def mss(mtu: int, family: int) -> int:
    """
    The segment size to announce for a link of *mtu*, *family* being 4 or 6.

    Options are not counted, in neither direction: who sends with timestamps puts
    12 bytes less into each segment (RFC 9293 section 3.7.1, RFC 6691 section 2).
    Raises ValueError where the family cannot run over so small a link.

    >>> mss(1500, 6), mss(9000, 4)
    (1440, 8960)
    """
    if mtu < MINIMUM_MTU[family]:
        least = MINIMUM_MTU[family]
        raise ValueError(f"MTU {mtu} is below IPv{family}'s minimum, {least}")
    return mtu - IP_HEADER[family] - TCP_HEADER


# What every IPv6 link carries, and with it nearly every tunnel in use: segments of
# this size arrive even where the ICMP that would ask for smaller ones is filtered
# (RFC 2923 section 2.1).
SAFE_MTU = 1280
SAFE_MSS = {family: mss(SAFE_MTU, family) for family in (4, 6)}
"""The announced MSS of ``mss: safe`` by family."""
