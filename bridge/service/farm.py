"""
A farm that runs, made of one as configured.

Here: its servers, checks, names and sources, put together.  Not here: what any of them
does (``farm``), what a server is dialed with (``servers``), how a check is configured
(``checks``), and what all farms share (``farms``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from bridge.config.farm import Farm as FarmConfig
from bridge.config.farm import Server as ServerConfig
from bridge.config.model import Config
from bridge.config.secret_keys import octets_of
from bridge.config.source import ClientSource
from bridge.farm.check import Verdict
from bridge.farm.claims import Claims
from bridge.farm.farm import Farm, Policy
from bridge.farm.follow_names import Names
from bridge.farm.health import Health
from bridge.farm.mapped import Kind, Mapped
from bridge.farm.named import Named
from bridge.farm.origin import ClientOrigin, Origin, PoolOrigin
from bridge.farm.parties import Checking
from bridge.farm.rules import Rules
from bridge.farm.server import Server
from bridge.farm.server_state import Kept
from bridge.farm.shared import SharedFarm
from bridge.farm.sources import Sources
from bridge.net.address import Address
from bridge.net.pseudonym import nothing_left_out
from bridge.net.pump import Pump
from bridge.net.securities import FarmSecurities
from bridge.service.checks import asked_of, checks_of, tell_hindered
from bridge.service.known_servers import sought_for
from bridge.service.servers import Making
from bridge.watch.repeated import Repeated

MakesCheck: TypeAlias = Callable[[Server, Verdict], Checking]
"""Makes the check of one server, not started."""


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
    dials: Callable[[str], list[float] | None] = lambda farm: None
    """What gets how long the dials of a farm took; None: nobody wants to know."""
    claims: Claims | None = None
    """Where places are claimed, if other processes give them, too."""
    checks: Callable[[str, Callable[[Server], str]], MakesCheck] | None = None
    """What makes the checks of a farm, by its name and what its servers are asked,
    where another process does it; None: this one does."""
    kept: Callable[[str], Kept | None] = lambda farm: None
    """What is known of the servers of a farm beyond this process."""
    tells: bool = True
    """Whether this process says in the log what all of them see alike."""


class RunningFarm:
    """The farm *name*, and what makes its servers."""

    def __init__(self, name: str, config: Config, means: FarmMeans) -> None:
        self._configured = configured = config.farms[name]
        self._making = Making(name, config, means.securities)
        self._clock = means.pump.reactor
        policy = _policy(configured, means)
        rules = _rules(name, config, means)
        origin = origin_of(configured, means)
        origin.dials = means.dials(name)
        self._making.per_client = origin.per_client
        made = Farm if policy.claims is None else SharedFarm
        self.farm = made(name, policy, rules, self._clock, origin)
        self.mapped: Mapped | None = None
        """Its servers, where it is a map; the farm itself then has none."""
        if configured.map is not None:
            kind = Kind(name, policy, rules, self._clock, origin, self._making.behind)
            self.mapped = Mapped(configured.map.mapping(means.is_taken), kind)

    def start(self, names: Callable[[], Names]) -> None:
        """
        Have the servers with an address, and follow the names of the others, if any.
        Raises what *names* does.
        """
        written = [
            self._making.written(place)
            for place, server in enumerate(self._configured.servers)
            if isinstance(server.address, Address)
        ]
        self.farm.add(*written)
        self.farm.prepare()
        for place, server in enumerate(self._configured.servers):
            if not isinstance(server.address, Address):
                self._follow(names(), place, server)

    def __iter__(self) -> Iterator[tuple[Health, Server]]:
        """Its servers, each with what its state depends on."""
        for farm in (self.farm, *(self.mapped or ())):
            for server in farm.servers:
                yield farm.health, server

    def close(self) -> None:
        """No checks and no timers any more."""
        self.farm.close()
        if self.mapped is not None:
            self.mapped.close()

    def _follow(self, names: Names, place: int, server: ServerConfig) -> None:
        """Have the servers that *server*'s name stands for."""
        sought = sought_for(server)
        assert sought is not None
        self.farm.expecting += 1
        named = Named(self.farm, partial(self._making.found, place), self._clock)
        names.follow(sought, named.changed, self.farm.answered)


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


def _policy(farm: FarmConfig, means: FarmMeans) -> Policy:
    return Policy(
        balance=farm.balance,
        hash_key=octets_of(farm.hash_key),
        queue_length=farm.queue.length if farm.queue else 0,
        queue_timeout=farm.queue.timeout if farm.queue else 1.0,
        retries=farm.retries if farm.map is None else 0,  # there is no other server
        try_all=farm.all_down == "try",
        together=farm.check.interval if farm.check else 0.0,
        ports=means.ports,
        claims=means.claims if _limited(farm) else None,
    )


def _limited(farm: FarmConfig) -> bool:
    """Whether any of its servers may have only so many sessions."""
    return farm.connections is not None or any(
        server.connections is not None for server in farm.servers
    )


def _rules(name: str, config: Config, means: FarmMeans) -> Rules:
    """What moves the servers of the farm *name* between states."""
    farm, asked = config.farms[name], asked_of(config, name)
    check: MakesCheck | None = None
    if farm.check is not None:
        if means.checks is not None:
            check = means.checks(name, asked)
        else:
            hindered = partial(tell_hindered, means.failures, name)
            check = checks_of(farm, farm.check, means.pump, hindered)
    return Rules(
        check=check,
        failures=farm.eject.failures if farm.eject else 0,
        ejected=farm.eject.duration if farm.eject else 0.0,
        slow_start=farm.slow_start or 0.0,
        lazily=farm.map is not None,
        asked=asked,
        kept=means.kept(name),
        tells=means.tells,
    )
