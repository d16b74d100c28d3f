"""
All farms of a configuration, by name, and what they share: the names that are looked
up, how many ports this host has, and what is known of servers beyond this process.

Not here: what one farm is made of (``farm``), who sends sessions there (``front``), and
the other processes (``hub_link``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from bridge.config.model import Config
from bridge.farm.claims import Claims
from bridge.farm.farm import Farm
from bridge.farm.follow_names import Finding, Followed, Names
from bridge.farm.lookup import system_lookup
from bridge.farm.mapped import Mapped
from bridge.farm.server import Server
from bridge.farm.server_state import (
    Kept,
    ServerState,
    as_plain,
    newest,
    of_plain,
)
from bridge.farm.sources import ports_in
from bridge.net.column import Column
from bridge.net.own import OwnAddresses
from bridge.net.pump import Pump
from bridge.net.securities import FarmSecurities
from bridge.service.farm import FarmMeans, MakesCheck, RunningFarm
from bridge.service.measured import Measured
from bridge.service.server_memory import Memory
from bridge.watch.repeated import Repeated

PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


class Elsewhere(Protocol):
    """The other processes, as one of several workers sees them."""

    tells: bool
    """Whether this one says in the log what all of them see alike."""

    def lookup(self) -> Finding:
        """How names are asked for."""

    def checks_of(self, farm: str, asked: Callable[[Server], str]) -> MakesCheck:
        """What makes the checks of *farm*; *asked* stands for what each asks."""

    def changed(self, state: ServerState) -> None:
        """That is new here."""

    def attach(self, learn: Callable[[Iterable[ServerState]], None]) -> None:
        """Tell *learn* what is new there: now all that is known, then each change."""


class Farms(Mapping[str, Farm]):
    """
    The farms of *config*, by name, each with its servers.

    *securities* are those of farms with TLS.  *lookup* is how names are asked for, by
    default as this host is set up to.  *failures* is told of checks that this host
    cannot make.  *column* is this process's, if others have the same farms; with a
    *hub* names are asked for and checks are made there, and what is known of servers is
    known to all.  *measured* gets how long dials took.  Nothing is checked or asked
    before ``start``.
    """

    def __init__(
        self,
        config: Config,
        pump: Pump,
        securities: Mapping[str, FarmSecurities],
        lookup: Callable[[], Finding] | None = None,
        failures: Repeated | None = None,
        column: Column | None = None,
        hub: Elsewhere | None = None,
        measured: Measured | None = None,
    ) -> None:
        self._pump = pump
        self._claims = None if column is None else Claims(column, pump.reactor)
        self._hub = hub
        self._lookup = lookup or (
            hub.lookup if hub is not None else lambda: system_lookup(pump.reactor)
        )
        self._memory = Memory()
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
            claims=self._claims,
            dials=lambda farm: measured.dials[farm].values if measured else None,
            checks=hub.checks_of if hub is not None else None,
            kept=partial(_Kept, self._memory, hub),
            tells=hub is None or hub.tells,
        )
        self._farms = {name: RunningFarm(name, config, means) for name in config.farms}
        if hub is not None:
            hub.attach(self._learn)

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
            tells = self._hub is None or self._hub.tells
            self._names = Names(self._pump.reactor, self._lookup(), tells=tells)
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

    # What is known of servers

    def snapshot(self) -> list[dict[str, Any]]:
        """All that another process has to know of them, as values of JSON."""
        known = {state.key: state for state in self._memory}
        for running in self._farms.values():
            for health, server in running:
                state = health.state_of(server)
                before = known.get(state.key, state)
                known[state.key] = newest(before, state)
        return [
            as_plain(state)
            for state in known.values()
            if state.up is not None or not state.quiet
        ]

    def restore(self, states: Iterable[Mapping[str, Any]]) -> None:
        """
        Know what another process knew: servers that are new from now on begin so, and
        for those that are there orders and ejections hold.
        """
        self._learn(map(of_plain, states))

    def _learn(self, states: Iterable[ServerState]) -> None:
        for state in states:
            now = self._memory.note(state)
            if state.farm in self._farms:
                for health, server in self._farms[state.farm]:
                    if server.name == state.server:
                        health.learn(server, now)

    # Addresses that are this host's, as numbers

    def is_own(self, ipv4: int) -> bool:
        """Whether it is an interface's now."""
        return self._own is not None and ipv4 in self._own

    def is_taken(self, ipv4: int) -> bool:
        """That, or a pool's: nobody else answers there."""
        pools = self._pools
        return self.is_own(ipv4) or any(first <= ipv4 <= last for first, last in pools)


class _Kept(Kept):
    """What is known of the servers of *farm* beyond this process."""

    def __init__(self, memory: Memory, hub: Elsewhere | None, farm: str) -> None:
        self._memory = memory
        self._hub = hub
        self._farm = farm

    def recall(self, server: str) -> ServerState | None:
        return self._memory.get(self._farm, server)

    def changed(self, state: ServerState) -> None:
        """Alone, a process remembers no more than it was told."""
        if self._hub is not None:
            self._hub.changed(self._memory.note(state))
        elif self._memory.get(*state.key) is not None:
            self._memory.note(state)
