"""
The servers of a farm, made as they are configured.

Here: which addresses one has, what it is dialed with, what it is called.  Not here:
when there is one (``farm``), and what is known of it before (``server_states``).
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bridge.config.farm import Server as ServerConfig
from bridge.config.hostnames import HostName
from bridge.config.model import Config
from bridge.farm.dns_values import Found
from bridge.farm.server import Server
from bridge.farm.state import State
from bridge.net import sockopt
from bridge.net.address import Address
from bridge.net.dial import Target
from bridge.net.mapping import Destination
from bridge.net.race import delay_within, line_up
from bridge.net.securities import FarmSecurities
from bridge.net.sockaddr import SocketAddress, sockaddr


class Making:
    """Makes the servers of the farm *name*."""

    def __init__(
        self, name: str, config: Config, securities: Mapping[str, FarmSecurities]
    ) -> None:
        self.configured = configured = config.farms[name]
        self._tuning = config.profile(configured.profile)
        self._securities = securities.get(name)
        self.per_client = False
        """Where their dials leave from depends on the client."""

    def written(self, place: int) -> Server:
        """The one that stands at *place* with an address."""
        server = self.configured.servers[place]
        assert isinstance(server.address, Address)
        return self._server(server, server.name, place, [server.address])

    def found(self, place: int, found: Found) -> Server:
        """One of those that the name at *place* stands for."""
        server = self.configured.servers[place]
        name = str(found)
        if server.name != str(server.address):
            name = f"{server.name}@{name}"
        made = self._server(server, name, place, found.addresses)
        if not isinstance(server.address, HostName):  # its records say
            made.weight, made.backup = found.weight, found.backup
        return made

    def behind(self, where: Destination) -> Server:
        """The server of a map at *where*."""
        address = Address(*where)
        target = self._target(address.host, address)
        return Server(
            str(address),
            target,
            most=self.configured.connections,
            ways=self._ways([target]),
            per_client=self.per_client,
        )

    def _server(
        self, server: ServerConfig, name: str, place: int, where: Iterable[Address]
    ) -> Server:
        written = server.address
        host = written.host if isinstance(written, HostName) else ""
        targets = [self._target(host or each.host, each) for each in where]
        race = line_up(targets) if len(targets) > 1 else ()
        return Server(
            name,
            target=race[0] if race else targets[0],
            weight=server.weight,
            most=server.connections,
            backup=server.backup,
            race=race,
            delay=delay_within(self.configured.connect_timeout, len(targets)),
            ways=self._ways(targets),
            place=place,
            state=State.DISABLED if server.disabled else State.UP,
            disabled=server.disabled,
            per_client=self.per_client,
        )

    def _target(self, host: str, address: Address) -> Target:
        """For TLS a server is who it is called, *host*, whatever its address is now."""
        tls = self._securities
        return Target(
            sockopt.for_family(address.family),
            sockaddr(address),
            sockopt.for_dial(self._tuning, address.family),
            security=tls.to(host, address.port) if tls is not None else None,
        )

    def _ways(self, targets: Iterable[Target]) -> dict[str, Target]:
        """The target from each source address that is of a family with one of them."""
        ways = {}
        for source in self.configured.own_sources:
            six = ":" in source
            family = socket.AF_INET6 if six else socket.AF_INET
            bound: SocketAddress = (source, 0, 0, 0) if six else (source, 0)
            for target in targets:
                if target.family == family:
                    ways[source] = replace(target, source=bound)
        return ways
