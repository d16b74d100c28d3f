"""
The three hosts and the two links between them, made and removed together.

Namespaces have no names, so that any number of labs can stand side by side, and they
go away with the processes that hold them, even when the test process is killed.
"""

from __future__ import annotations

import atexit
import os
import subprocess
from contextlib import ExitStack
from types import TracebackType

from tests.netlab.host import Host
from tests.netlab.lossy import Lossy

# Documentation and benchmarking prefixes: RFC 3849, RFC 2544, RFC 5737.
FRONT, BACK, ROUTED = "2001:db8:1::", "198.18.0.", "192.0.2."


class Lab:
    """
    ``client`` --IPv6-- ``gateway`` --IPv4-- ``server``, for the length of a ``with``.

    Raises UnavailableError on entry where namespaces cannot be had.
    """

    client: Host
    gateway: Host
    server: Host

    def __init__(
        self,
        front_mtu: int = 1500,
        back_mtu: int = 9000,
        *,
        servers: int = 1,
        routed: bool = False,
        offload: bool = True,
        front_link: Lossy | None = None,
        back_link: Lossy | None = None,
    ) -> None:
        """
        :param servers: how many IPv4 addresses the server has, from 198.18.0.2 on
        :param routed: also IPv4 in front (192.0.2.0/24), forwarded by the gateway's
            kernel: the path without any proxy
        :param offload: False sends every segment by itself, as a wire would show it;
            else a capture sees aggregates of up to 64 KiB
        :param front_link: what to put in front instead of a perfect wire
        :param back_link: and behind
        """
        self.front_mtu, self.back_mtu = front_mtu, back_mtu
        self._servers = servers
        self._routed = routed
        self._offload = offload
        self._front_link = front_link
        self._back_link = back_link
        self._stack = ExitStack()

    @property
    def front_address(self) -> str:
        """The gateway's IPv6 address, towards the client."""
        return f"{FRONT}1"

    @property
    def back_address(self) -> str:
        """The gateway's IPv4 address, towards the server."""
        return f"{BACK}1"

    def __enter__(self) -> Lab:
        atexit.register(self.close)  # when nobody reaches __exit__
        try:
            self.client = self._host("client")
            self.gateway = self._host("gateway")
            self.server = self._host("server")
            self._join_front()
            self._join_back()
            if self._routed:
                self._route()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every program in the lab, then the lab."""
        atexit.unregister(self.close)
        self._stack.close()

    def _host(self, name: str) -> Host:
        host = Host(name, owner=getattr(self, "client", None))
        self._stack.callback(host.close)
        host.ip("link set lo up")
        return host

    def _join_front(self) -> None:
        ends = self.client, self.gateway
        self._link(*ends, "front", self.front_mtu, self._front_link)
        for host, address in ((self.client, f"{FRONT}2"), (self.gateway, f"{FRONT}1")):
            host.address = address
            host.addresses = [address]
            # nodad: an address that is still being checked cannot be bound to.
            host.ip(
                f"link set front mtu {self.front_mtu} up",
                f"address add {address}/64 dev front nodad",
            )

    def _join_back(self) -> None:
        ends = self.gateway, self.server
        self._link(*ends, "back", self.back_mtu, self._back_link)
        self.server.addresses = [f"{BACK}{2 + n}" for n in range(self._servers)]
        self.server.address = self.server.addresses[0]
        for host, addresses in (
            (self.gateway, [self.back_address]),
            (self.server, self.server.addresses),
        ):
            host.sysctl(ipv6__conf__back__disable_ipv6=1)
            host.ip(
                f"link set back mtu {self.back_mtu} up",
                *(f"address add {address}/24 dev back" for address in addresses),
            )

    def _link(
        self, here: Host, there: Host, name: str, mtu: int, relay: Lossy | None
    ) -> None:
        if relay is None:
            self._veth(here, there, name, mtu)
        else:
            self._start_relay(relay, [host.tun(name) for host in (here, there)])

    def _veth(self, here: Host, there: Host, name: str, mtu: int) -> None:
        here.ip(
            f"link add {name} mtu {mtu} type veth peer name {name} netns {there.pid}"
        )
        if not self._offload:
            for host in (here, there):
                host.ip(f"link set {name} gso_max_segs 1")

    def _start_relay(self, link: Lossy, ends: list[int]) -> None:
        try:
            relay = subprocess.Popen(
                link.command(*ends), pass_fds=ends, start_new_session=True
            )
        finally:
            for end in ends:
                os.close(end)
        self._stack.callback(self.client.stop, relay)

    def _route(self) -> None:
        self.client.ip(
            f"address add {ROUTED}2/24 dev front",
            f"route add default via {ROUTED}1",
        )
        self.gateway.ip(f"address add {ROUTED}1/24 dev front")
        self.gateway.sysctl(ipv4__ip_forward=1)
        self.server.ip(f"route add default via {BACK}1")
