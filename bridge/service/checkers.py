"""
The checks that the supervisor makes, for the workers of one configuration.

Here: what a worker has named becomes a server, and a check of it.  Not here: which
checks run, and who is told of their verdicts (``check_hub``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from bridge.config.model import Config
from bridge.farm.check import Verdict
from bridge.farm.dns_values import Found
from bridge.farm.server import Server
from bridge.net.address import Address
from bridge.net.pump import Pump
from bridge.net.securities import FarmSecurities
from bridge.service.checks import checks_of, tell_hindered
from bridge.service.servers import Making
from bridge.watch.repeated import Repeated


@dataclass(frozen=True, slots=True)
class Named:
    """A server, as a worker names it."""

    farm: str
    place: int
    """In the configuration."""
    addresses: tuple[str, ...]
    asked: str
    """What stands for all else that its check depends on: see ``checks.asked_of``."""


class Probing(Protocol):
    """A check, as ``farm.check.Check`` is one."""

    up: bool
    said: str
    sure: bool
    heard: Callable[[], None]

    def start(self) -> None: ...

    def begin_with(self, up: bool, said: str) -> None: ...

    def stop(self) -> None: ...


class Checkers:
    """
    Makes checks as *config* has them.

    *securities* are those of its farms with TLS; *failures* is told of checks that this
    host cannot make.  Of two *generation*s the higher is the newer.
    """

    def __init__(
        self,
        config: Config,
        pump: Pump,
        securities: Mapping[str, FarmSecurities],
        failures: Repeated | None,
        generation: int,
    ) -> None:
        self.generation = generation
        self._config = config
        self._pump = pump
        self._securities = securities
        self._failures = failures
        self._makers: dict[str, _Maker] = {}

    def check(self, named: Named, verdict: Verdict) -> Probing:
        """The check of one server, not started.  Raises LookupError: there is none."""
        maker = self._makers.get(named.farm)
        if maker is None:
            maker = self._makers[named.farm] = self._maker(named.farm)
        return maker.check(maker.server(named), verdict)

    def _maker(self, farm: str) -> _Maker:
        configured = self._config.farms[farm]
        if configured.check is None:
            raise LookupError(f"farm {farm} is not checked")
        making = Making(farm, self._config, self._securities)
        hindered = partial(tell_hindered, self._failures, farm)
        check = checks_of(configured, configured.check, self._pump, hindered)
        return _Maker(making, check)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Of one farm's servers and checks."""

    making: Making
    check: Callable[[Server, Verdict], Probing]

    def server(self, named: Named) -> Server:
        addresses = tuple(map(Address.parse, named.addresses))
        configured = self.making.configured
        if configured.map is not None:
            return self.making.behind((addresses[0].host, addresses[0].port))
        if isinstance(configured.servers[named.place].address, Address):
            return self.making.written(named.place)
        return self.making.found(named.place, Found(addresses))
