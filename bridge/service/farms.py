"""
All farms of a configuration, by name, and what they share: the names that are looked
up, and how many ports this host has.

Not here: what one farm is made of (``farm``), and who sends sessions there (``front``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from bridge.config.model import Config
from bridge.farm.claims import Claims
from bridge.farm.farm import Farm
from bridge.farm.follow_names import Finding, Followed, Names
from bridge.farm.lookup import system_lookup
from bridge.farm.mapped import Mapped
from bridge.farm.sources import ports_in
from bridge.net.board import Column
from bridge.net.own import OwnAddresses
from bridge.net.pump import Pump
from bridge.net.securities import FarmSecurities
from bridge.service.farm import FarmMeans, RunningFarm
from bridge.watch.repeated import Repeated

PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


class Farms(Mapping[str, Farm]):
    """
    The farms of *config*, by name, each with its servers.

    *securities* are those of farms with TLS.  *lookup* is how names are asked for, by
    default as this host is set up to.  *failures* is told of checks that this host
    cannot make.  *column* is this process's, if others have the same farms.  Nothing is
    checked or asked before ``start``.
    """

    def __init__(
        self,
        config: Config,
        pump: Pump,
        securities: Mapping[str, FarmSecurities],
        lookup: Callable[[], Finding] | None = None,
        failures: Repeated | None = None,
        column: Column | None = None,
    ) -> None:
        self._pump = pump
        self._claims = None if column is None else Claims(column, pump.reactor)
        self._lookup = lookup or (lambda: system_lookup(pump.reactor))
        self._names: Names | None = None
        self._pools = [
            (int(pool.pool[0]), int(pool.pool[-1]))
            for pool in (farm.pool for farm in config.farms.values())
            if pool is not None
        ]
        self._own: OwnAddresses | None = None
        ports = ports_in(PORT_RANGE.read_text())
        means = FarmMeans(
            pump,
            securities,
            ports,
            failures,
            self.is_own,
            self.is_taken,
            self._claims,
        )
        self._farms = {name: RunningFarm(name, config, means) for name in config.farms}

    def __getitem__(self, name: str) -> Farm:
        return self._farms[name].farm

    def __iter__(self) -> Iterator[str]:
        return iter(self._farms)

    def __len__(self) -> int:
        return len(self._farms)

    def start(self) -> None:
        """
        Check servers, look names up.  Raises OSError: there are names, and this host
        does not say whom to ask for them; or it does not say what its addresses are.
        """
        if self._pools or self.mapped:
            self._own = OwnAddresses(self._pump)
        for running in self._farms.values():
            running.start(self._followed)

    def _followed(self) -> Names:
        """What looks up names for all of them; made for the first that has one."""
        if self._names is None:
            self._names = Names(self._pump.reactor, self._lookup())
        return self._names

    @property
    def mapped(self) -> Mapping[str, Mapped]:
        """Those of them that are maps."""
        farms = self._farms.items()
        return {name: farm.mapped for name, farm in farms if farm.mapped is not None}

    @property
    def names(self) -> Iterable[Followed]:
        """Those that servers are known by."""
        return self._names or ()

    def stop(self) -> None:
        """No checks, no questions and no timers any more."""
        if self._own is not None:
            self._own.close()
        if self._names is not None:
            self._names.stop()
        for running in self._farms.values():
            running.close()
        if self._claims is not None:
            self._claims.close()

    # Addresses that are this host's, as numbers

    def is_own(self, ipv4: int) -> bool:
        """Whether it is an interface's now."""
        return self._own is not None and ipv4 in self._own

    def is_taken(self, ipv4: int) -> bool:
        """That, or a pool's: nobody else answers there."""
        pools = self._pools
        return self.is_own(ipv4) or any(first <= ipv4 <= last for first, last in pools)
