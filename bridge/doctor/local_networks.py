"""
Networks of which every address is this host's: local routes, as the kernel tells them.

AnyIP and pools of sources are such.  Read from /proc, where ``ip route show table
local`` would be another program.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from bridge.net.prefixes import Network

_RTF_LOCAL = 0x80000000  # linux/ipv6_route.h
_MOST_LINES = 1_000_000
"""Of one file: a router with all routes of the internet has more, and no farms."""


def local_networks(root: Path = Path("/")) -> frozenset[Network] | None:
    """
    All of them, from /proc below *root*; None: nobody knows.

    Single addresses and what is diverted (``0.0.0.0/0``, ``::/0``, which are in tables
    of their own) are among them.
    """
    net = root / "proc/net"
    try:
        return frozenset({*_ipv4(net / "fib_trie"), *_ipv6(net / "ipv6_route")})
    except (OSError, ValueError):
        return None


def _lines(path: Path) -> Iterator[list[str]]:
    """The words of each line.  Raises ValueError: there are too many."""
    if not path.exists():  # of a family that the kernel does not have
        return
    with path.open() as opened:
        for count, line in enumerate(opened):
            if count > _MOST_LINES:
                raise ValueError(path)
            yield line.split()


def _ipv4(path: Path) -> Iterator[IPv4Network]:
    """A leaf of the trie (``|-- 100.64.0.0``), then its routes (``/10 host LOCAL``)."""
    leaf = ""
    for words in _lines(path):
        if len(words) == 2 and words[0] == "|--":
            leaf = words[1]
        elif words[1:] == ["host", "LOCAL"]:
            yield IPv4Network(leaf + words[0])


def _ipv6(path: Path) -> Iterator[IPv6Network]:
    """A route in each line, the ninth word of which has its flags."""
    for words in _lines(path):
        if int(words[8], 16) & _RTF_LOCAL:
            yield IPv6Network((int(words[0], 16), int(words[1], 16)))
