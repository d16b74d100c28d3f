"""
Farms as configured become farms that run: part of the composition root.

Here: a configured server's targets, checks, names and sources, put together.  Not
here: what any of them does (``farm``), and who sends sessions there (``service``).
"""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bridge.config.check import Check as CheckConfig
from bridge.config.farm import Farm as FarmConfig
from bridge.config.farm import Server as ServerConfig
from bridge.config.hostnames import HostName
from bridge.config.model import Config
from bridge.farm.check import Check, Settings, over_pump
from bridge.farm.dns_values import Found, Sought
from bridge.farm.farm import Farm, Policy
from bridge.farm.follow_names import Finding, Followed, Names
from bridge.farm.health import Rules
from bridge.farm.lookup import system_lookup
from bridge.farm.mysql import Mysql
from bridge.farm.named import Named
from bridge.farm.probe import Exchange, Http, Question, Tcp
from bridge.farm.products import Postgres, Redis, Smtp
from bridge.farm.server import Server
from bridge.farm.sources import ports_in
from bridge.farm.state import State
from bridge.net import sockopt
from bridge.net.address import Address
from bridge.net.dial import Target
from bridge.net.pump import Pump
from bridge.net.race import delay_within, line_up
from bridge.net.securities import FarmSecurities
from bridge.net.sockaddr import SocketAddress, describe, sockaddr
from bridge.watch.repeated import Repeated

PRODUCTS: Mapping[str, Question] = {
    "mysql": Mysql(), "postgres": Postgres(), "redis": Redis(), "smtp": Smtp(),
}  # fmt: skip
"""What servers are asked by the kinds of check that have no keys of their own."""

PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


class Farms(Mapping[str, Farm]):
    """
    The farms of *config*, by name, each with its servers.

    *securities* are those of farms with TLS.  *lookup* is how names are asked for, by
    default as this host is set up to.  *failures* is told of checks that this host
    cannot make.  Nothing is checked or asked before ``start``.
    """

    def __init__(
        self,
        config: Config,
        pump: Pump,
        securities: Mapping[str, FarmSecurities],
        lookup: Callable[[], Finding] | None = None,
        failures: Repeated | None = None,
    ) -> None:
        self._pump = pump
        self._lookup = lookup or (lambda: system_lookup(pump.reactor))
        self._names: Names | None = None
        ports = ports_in(PORT_RANGE.read_text())
        self._farms = {
            name: _Built(
                name,
                farm,
                config,
                _Means(pump, securities.get(name), ports, failures),
            )
            for name, farm in config.farms.items()
        }

    def __getitem__(self, name: str) -> Farm:
        return self._farms[name].farm

    def __iter__(self) -> Iterator[str]:
        return iter(self._farms)

    def __len__(self) -> int:
        return len(self._farms)

    def start(self) -> None:
        """
        Check servers, look names up.  Raises OSError: there are names, and this host
        does not say whom to ask for them.
        """
        for built in self._farms.values():
            built.add_servers()
            built.farm.prepare()
            for server in built.named():
                if self._names is None:
                    self._names = Names(self._pump.reactor, self._lookup())
                built.follow(self._names, server)

    @property
    def names(self) -> Iterable[Followed]:
        """Those that servers are known by."""
        return self._names or ()

    def stop(self) -> None:
        """No checks, no questions and no timers any more."""
        if self._names is not None:
            self._names.stop()
        for built in self._farms.values():
            built.farm.close()


@dataclass(frozen=True)
class _Means:
    """What a farm is built with besides its configuration."""

    pump: Pump
    securities: FarmSecurities | None
    """Where it has TLS."""
    ports: int
    """From one source address to one server."""
    failures: Repeated | None
    """Told of checks that cannot be made; None: nobody wants to know."""

    def hindered(self, farm: str, server: Server, why: str) -> None:
        if self.failures is not None:
            detail = f"{why}, server {server.name}"
            self.failures.tell(f"farm {farm}", "a check could not be made", detail)


class _Built:
    """One farm, and what its servers are made from."""

    def __init__(
        self, name: str, configured: FarmConfig, config: Config, means: _Means
    ) -> None:
        pump = means.pump
        self._securities = means.securities
        self._configured = configured
        self._tuning = config.profile(configured.profile)
        self._clock = pump.reactor
        check = configured.check
        rules = Rules(
            check=_checks(configured, check, pump, partial(means.hindered, name))
            if check is not None
            else None,
            failures=configured.eject.failures if configured.eject else 0,
            ejected=configured.eject.duration if configured.eject else 0.0,
            slow_start=configured.slow_start or 0.0,
        )
        self.farm = Farm(name, _policy(configured, means.ports), rules, pump.reactor)

    def add_servers(self) -> None:
        """Those with an address."""
        for place, server in enumerate(self._configured.servers):
            if isinstance(server.address, Address):
                self.farm.add(
                    self._server(server, server.name, place, [server.address])
                )

    def named(self) -> list[ServerConfig]:
        """Those with a name instead."""
        return [
            server
            for server in self._configured.servers
            if not isinstance(server.address, Address)
        ]

    def follow(self, names: Names, server: ServerConfig) -> None:
        """Have the servers that *server*'s name stands for."""
        where = server.address
        assert not isinstance(where, Address)
        sought = (
            Sought(where.host, where.port)
            if isinstance(where, HostName)
            else Sought(where.name)
        )
        self.farm.expecting += 1
        place = self._configured.servers.index(server)
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
        targets = [self._target(server, address) for address in where]
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
        )

    def _target(self, server: ServerConfig, address: Address) -> Target:
        """For TLS a server is who it is called, whatever its address is today."""
        name = server.address
        host = name.host if isinstance(name, HostName) else address.host
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
        for source in self._configured.source:
            six = ":" in source
            family = socket.AF_INET6 if six else socket.AF_INET
            bound: SocketAddress = (source, 0, 0, 0) if six else (source, 0)
            for target in targets:
                if target.family == family:
                    ways[source] = replace(target, source=bound)
        return ways


def _policy(farm: FarmConfig, ports: int) -> Policy:
    return Policy(
        balance=farm.balance,
        hash_key=farm.hash_key.get_secret_value().encode("utf-8", "surrogateescape"),
        queue_length=farm.queue.length if farm.queue else 0,
        queue_timeout=farm.queue.timeout if farm.queue else 1.0,
        retries=farm.retries,
        try_all=farm.all_down == "try",
        together=farm.check.interval if farm.check else 0.0,
        ports=ports,
    )


def _checks(
    farm: FarmConfig,
    configured: CheckConfig,
    pump: Pump,
    hindered: Callable[[Server, str], None],
) -> Callable[..., Check]:
    """What makes the check of one server of *farm*."""
    within = min(farm.connect_timeout, configured.timeout)

    def check(server: Server, verdict: Callable[[bool, str], None]) -> Check:
        settings = Settings(
            question=question(configured, server),
            random=random.random,
            interval=configured.interval,
            timeout=configured.timeout,
            connect=within,
            rise=configured.rise,
            fall=configured.fall,
            hindered=partial(hindered, server),
        )
        secure = configured.kind != "tcp"
        dial = over_pump(pump, server, within=within, secure=secure)
        return Check(settings, pump.reactor, dial, verdict)

    return check


def question(configured: CheckConfig, server: Server) -> Question:
    """What *server* is asked."""
    if configured.kind == "http":
        host = configured.host or describe(server.target.sockaddr)
        return Http(configured.path, host, configured.status)
    if configured.kind == "exchange":
        return Exchange(configured.send, configured.expect)
    return PRODUCTS.get(configured.kind, Tcp())
