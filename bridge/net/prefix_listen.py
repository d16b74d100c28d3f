"""
Listening on every address of a prefix, as a value.  Touches no socket.

Such a front needs packets for the whole prefix to be this host's, which
``bridgectl setup`` sees to: by a local route (AnyIP) where it has one port, and by
TPROXY where it has all of them.

One socket serves all prefixes of a front: at one port that of every address, ``::``,
beside which sockets of single addresses may stand (``listener.listen_tcp``, *beside*);
for all ports a transparent one of ``::1``.  Both take more than the prefixes: whose a
connection is, its own address (getsockname(2)) tells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

from bridge.net.translation import refuse_hostless

EVERY = "*"
"""How all ports are spelt."""

MARK = 0x1000
"""
The bit of a packet's mark that says diverted; other bits are left as they are.

Not one of those that kube-proxy (0x4000, 0x8000), Calico (from 0x10000 on), Tailscale
(0xff0000) or Cilium (0xf00) set.  A profile's ``mark`` must not have it: what we send
would come back to us.
"""

TPROXY_PORT = 6052
"""Of ::1, where the diverted connections of all ports come in unless it is said."""

_MEANT = re.compile(r"\[.*/|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*/")
_SPELT = re.compile(r"\[(?P<network>[^]/]*/[^]]*)\]:(?P<port>\*|[0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class PrefixListen:
    """Every address of an IPv6 network, at one port or at all."""

    network: IPv6Network
    port: int | None
    """None: every TCP port there is."""

    @classmethod
    def parse(cls, text: str) -> PrefixListen | None:
        """
        Read ``[2001:db8:64::/96]:443`` or ``[2001:db8:64::/96]:*``; None where *text*
        has no prefix in brackets.

        >>> str(PrefixListen.parse("[2001:DB8:64::/96]:*"))
        '[2001:db8:64::/96]:*'

        Raises ValueError, whose message quotes *text* and says what would be right.
        """
        found = _SPELT.fullmatch(text)
        if not found:
            if _MEANT.match(text) and "%" not in text:
                example = "[2001:db8:64::/96]:443 or [2001:db8:64::/96]:*"
                raise ValueError(f"{text!r} is no prefix with a port: write {example}")
            return None
        network = _network(text, found["network"])
        port = found["port"]
        if port == EVERY:
            return cls(network, None)
        if not 0 < int(port) < 65536:
            raise ValueError(f"{text!r}: port {port} is not in 1..65535")
        return cls(network, int(port))

    @property
    def family(self) -> int:
        """Always 6."""
        return self.network.version

    def __str__(self) -> str:
        return f"[{self.network}]:{EVERY if self.port is None else self.port}"


def _network(text: str, inside: str) -> IPv6Network:
    try:
        network = IPv6Network(inside, strict=False)
    except ValueError:
        raise ValueError(
            f"{text!r}: {inside!r} is no IPv6 network, like 2001:db8:64::/96"
        ) from None
    refuse_hostless(network)
    if IPv6Address(inside.partition("/")[0]) != network.network_address:
        right = f"write [{network}]:{text.rpartition(':')[2]}"
        raise ValueError(f"{text!r} has bits set beyond its prefix: {right}")
    return network
