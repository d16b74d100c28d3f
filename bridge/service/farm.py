"""
A farm that runs, made of one as configured.

Here: a configured server's targets, checks, names and sources, put together.  Not
here: what any of them does (``farm``), how a check is configured (``checks``), and
what all farms share (``farms``).
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from bridge.config.farm import Farm as FarmConfig
from bridge.config.farm import Server as ServerConfig
from bridge.config.hostnames import HostName
from bridge.config.model import Config
from bridge.config.secret_keys import octets_of
from bridge.config.source import ClientSource
from bridge.farm.dns_values import Found, Sought
from bridge.farm.farm import Farm, Policy
from bridge.farm.follow_names import Names
from bridge.farm.health import Rules
from bridge.farm.mapped import Kind, Mapped
from bridge.farm.named import Named
from bridge.farm.origin import ClientOrigin, Origin, PoolOrigin
from bridge.farm.server import Server
from bridge.farm.sources import Sources
from bridge.farm.state import State
from bridge.net import sockopt
from bridge.net.address import Address
from bridge.net.dial import Target
from bridge.net.mapping import Destination
from bridge.net.pseudonym import nothing_left_out
from bridge.net.pump import Pump
from bridge.net.race import delay_within, line_up
from bridge.net.securities import FarmSecurities
from bridge.net.sockaddr import SocketAddress, sockaddr
from bridge.service.checks import checks_of
from bridge.watch.repeated import Repeated


@dataclass(frozen=True, slots=True)
class FarmMeans:
    """What farms are made with besides their configuration."""

    pump: Pump
    securities: Mapping[str, FarmSecurities]
    """Of the farms with TLS."""
    ports: int
    """From one source address to one server."""
    failures: Repeated | None
    """Told of checks that cannot be made; None: nobody wants to know."""
    is_own: Callable[[int], bool] = nothing_left_out
    """Whether an IPv4 address is an interface's of this host."""
    is_taken: Callable[[int], bool] = nothing_left_out
    """That, or a pool's."""

    def hindered(self, farm: str, server: Server, why: str) -> None:
        """A check of *server* could not be made."""
        if self.failures is not None:
            detail = f"{why}, server {server.name}"
            self.failures.tell(f"farm {farm}", "a check could not be made", detail)


class RunningFarm:
    """The farm *name*, and what its servers are made from."""

    def __init__(self, name: str, config: Config, means: FarmMeans) -> None:
        self._configured = configured = config.farms[name]
        self._tuning = config.profile(configured.profile)
        self._securities = means.securities.get(name)
        self._clock = means.pump.reactor
        policy = _policy(configured, means.ports)
        rules = _rules(name, configured, means)
        origin = origin_of(configured, means)
        self.farm = Farm(name, policy, rules, self._clock, origin)
        self.mapped: Mapped | None = None
        """Its servers, where it is a map; the farm itself then has none."""
        if configured.map is not None:
            kind = Kind(name, policy, rules, self._clock, origin, self._behind)
            self.mapped = Mapped(configured.map.mapping(means.is_taken), kind)

    def start(self, names: Callable[[], Names]) -> None:
        """
        Have the servers with an address, and follow the names of the others, if any.
        Raises what *names* does.
        """
        for place, server in enumerate(self._configured.servers):
            if isinstance(server.address, Address):
                self.farm.add(
                    self._server(server, server.name, place, [server.address])
                )
        self.farm.prepare()
        for place, server in enumerate(self._configured.servers):
            if not isinstance(server.address, Address):
                self._follow(names(), place, server)

    def close(self) -> None:
        """No checks and no timers any more."""
        self.farm.close()
        if self.mapped is not None:
            self.mapped.close()

    def _follow(self, names: Names, place: int, server: ServerConfig) -> None:
        """Have the servers that *server*'s name stands for."""
        where = server.address
        assert not isinstance(where, Address)
        sought = (
            Sought(where.host, where.port)
            if isinstance(where, HostName)
            else Sought(where.name)
        )
        self.farm.expecting += 1
        named = Named(self.farm, partial(self._found, server, place), self._clock)
        names.follow(sought, named.changed, self.farm.answered)

    def _found(self, server: ServerConfig, place: int, found: Found) -> Server:
        """One of those that *server*'s name stands for."""
        name = str(found)
        if server.name != str(server.address):
            name = f"{server.name}@{name}"
        made = self._server(server, name, place, found.addresses)
        if not isinstance(server.address, HostName):  # its records say
            made.weight, made.backup = found.weight, found.backup
        return made

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
            delay=delay_within(self._configured.connect_timeout, len(targets)),
            ways=self._ways(targets),
            place=place,
            state=State.DISABLED if server.disabled else State.UP,
            per_client=self.farm.origin.per_client,
        )

    def _behind(self, where: Destination) -> Server:
        """The server of a map at *where*."""
        address = Address(*where)
        target = self._target(address.host, address)
        return Server(
            str(address),
            target,
            most=self._configured.connections,
            ways=self._ways([target]),
            per_client=self.farm.origin.per_client,
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
        for source in self._configured.own_sources:
            six = ":" in source
            family = socket.AF_INET6 if six else socket.AF_INET
            bound: SocketAddress = (source, 0, 0, 0) if six else (source, 0)
            for target in targets:
                if target.family == family:
                    ways[source] = replace(target, source=bound)
        return ways


def origin_of(farm: FarmConfig, means: FarmMeans) -> Origin:
    """Where the dials of *farm* leave from."""
    sources = Sources(means.ports)
    if farm.pool is None:
        origin = Origin(sources)
    else:
        origin = PoolOrigin(sources, farm.pool.pseudonyms(means.is_own))
    if isinstance(farm.source, ClientSource):
        return ClientOrigin(sources, None if farm.source.otherwise is None else origin)
    return origin


def _policy(farm: FarmConfig, ports: int) -> Policy:
    return Policy(
        balance=farm.balance,
        hash_key=octets_of(farm.hash_key),
        queue_length=farm.queue.length if farm.queue else 0,
        queue_timeout=farm.queue.timeout if farm.queue else 1.0,
        retries=farm.retries if farm.map is None else 0,  # there is no other server
        try_all=farm.all_down == "try",
        together=farm.check.interval if farm.check else 0.0,
        ports=ports,
    )


def _rules(name: str, farm: FarmConfig, means: FarmMeans) -> Rules:
    """What moves the servers of the farm *name* between states."""
    check, hindered = farm.check, partial(means.hindered, name)
    return Rules(
        check=checks_of(farm, check, means.pump, hindered) if check else None,
        failures=farm.eject.failures if farm.eject else 0,
        ejected=farm.eject.duration if farm.eject else 0.0,
        slow_start=farm.slow_start or 0.0,
        lazily=farm.map is not None,
    )
