"""
A path of several hops, all of which can be spoiled::

    gateway --9000-- router --9000-- server

Both families everywhere, and no traffic leaves the namespaces.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.netlab import Host, UnavailableError
from tests.netlab.fixtures import missing, requires

MTU = 9000
# RFC 2544, RFC 3849.
NEAR, FAR = "198.18.1.", "198.18.2."
NEAR_SIX, FAR_SIX = "2001:db8:1::", "2001:db8:2::"


class RoutedPath:
    """Three hosts in a row."""

    def __init__(self, gateway: Host, router: Host, server: Host) -> None:
        self.gateway, self.router, self.server = gateway, router, server
        self.router_address = f"{NEAR}1", f"{NEAR_SIX}1"
        """As the gateway sees it, in both families."""
        self.server_address = f"{FAR}2", f"{FAR_SIX}2"
        router.ip(
            f"link add near mtu {MTU} type veth peer name out netns {gateway.pid}",
            f"link add far mtu {MTU} type veth peer name in netns {server.pid}",
        )
        router.sysctl(ipv4__ip_forward=1, ipv6__conf__all__forwarding=1)
        for host, link, four, six in (
            (router, "near", f"{NEAR}1", f"{NEAR_SIX}1"),
            (router, "far", f"{FAR}1", f"{FAR_SIX}1"),
            (gateway, "out", f"{NEAR}2", f"{NEAR_SIX}2"),
            (server, "in", f"{FAR}2", f"{FAR_SIX}2"),
        ):
            host.ip(
                f"address add {four}/24 dev {link}",
                f"address add {six}/64 dev {link} nodad",
                f"link set {link} mtu {MTU} up",
            )
        for host, net, six in ((gateway, NEAR, NEAR_SIX), (server, FAR, FAR_SIX)):
            host.ip(f"route add default via {net}1")
            host.ip(f"route add ::/0 via {six}1")

    def drop(self, rule: str, *, on: Host | None = None, hook: str = "forward") -> None:
        """Have packets that *rule* matches vanish on the router, without a word."""
        chain = f"type filter hook {hook} priority 0; {rule};"
        table = f"table inet spoilt {{\nchain c {{\n{chain}\n}}\n}}\n"
        (on or self.router).run(["nft", "-f", "-"], input=table)

    def mend(self, *, on: Host | None = None) -> None:
        """Nothing vanishes any more."""
        (on or self.router).run(["nft", "delete", "table", "inet", "spoilt"])


@contextmanager
def routed_path() -> Iterator[RoutedPath]:
    """One, for the length of a ``with``; the test ends where there can be none."""
    for program in ("ip", "nsenter", "sysctl", "unshare", "nft"):
        requires(program)
    with ExitStack() as stack:
        hosts: list[Host] = []
        try:
            for name in ("gateway", "router", "server"):
                hosts.append(Host(name, owner=hosts[0] if hosts else None))
                stack.callback(hosts[-1].close)
                hosts[-1].ip("link set lo up")
        except UnavailableError as error:
            missing(f"needs network namespaces: {error}")
        yield RoutedPath(*hosts)
