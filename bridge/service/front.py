"""
A front that runs: its ports, its sessions and the sweep over them, as one thing.

Here: a configured front becomes the terms of its sessions, and starts and stops as a
whole.  Not here: where its sockets come from (``listening``), what becomes of a client
(``session``), and in which order everything starts and stops (``gateway``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from twisted.logger import Logger

from bridge.config.model import Config
from bridge.config.model import Front as FrontConfig
from bridge.config.routes import DEFAULT
from bridge.farm.farm import Farm
from bridge.net.port import Port
from bridge.net.securities import FrontSecurities
from bridge.service.listening import Inherited, bound, listen_errors
from bridge.service.logs import Logs
from bridge.service.steps import take_all
from bridge.session.choosing import Routes
from bridge.session.flow import Event
from bridge.session.front import Admission, FrontFactory
from bridge.session.sweep import Sweep
from bridge.session.terms import House, Terms, Timeouts
from bridge.watch.counters import Counters

SHOWN = 20
"""Farms, and servers of each, that the line of a listener names: there are as many of
those lines as ports, and servers may be thousands."""


@dataclass(frozen=True, slots=True)
class FrontMeans:
    """What fronts are made with besides their own configuration."""

    config: Config
    house: House
    farms: Mapping[str, Farm]
    securities: Mapping[str, FrontSecurities]
    """Of the fronts with TLS."""
    logs: Logs
    """What is told of every session."""


class RunningFront:
    """The front *name* from its bound sockets to its last session."""

    _log = Logger()

    def __init__(self, name: str, means: FrontMeans) -> None:
        self.name = name
        self._means = means
        front = means.config.fronts[name]
        self._terms = _terms_of(name, front, means)
        admission = Admission(front.allow, front.deny, front.limits.connections)
        self._factory = FrontFactory(self._terms, admission)
        self._sweep = Sweep(means.house.pump.reactor, self._terms)
        self._ports: list[Port] = []

    # Starting

    def bind(self, inherited: Inherited) -> None:
        """Have its sockets; *inherited* are systemd's.  Raises ListenError."""
        house = self._means.house
        for listener in bound(self.name, self._means.config, inherited):
            self._ports.append(Port(house.pump, listener, self._factory, house.room))

    def start(self) -> None:
        """Listen and accept.  Raises ListenError: two may bind, but only one listen."""
        farms = destinations(self.name, self._means.config)
        for port in self._ports:
            with listen_errors(self.name, port):
                port.startListening()
            self._log.info(
                "{front} listens on {port}, for {farms}",
                front=self.name,
                port=str(port),
                farms=farms,
            )
        self._sweep.start()

    # Running

    @property
    def sessions(self) -> int:
        """How many there are."""
        return len(self._terms.sessions)

    @property
    def counters(self) -> Counters:
        """What was counted since the start."""
        return self._terms.counters

    # Stopping

    def stop_listening(self) -> None:
        """Nobody comes in any more."""
        take_all(port.stopListening for port in self._ports)
        self._ports.clear()

    def reset_sessions(self) -> None:
        """Those that are left end as ``drained``."""
        for session in tuple(self._terms.sessions):
            session.handle(Event.DRAINED)

    def last_steps(self) -> Iterator[Callable[[], object]]:
        """What is left to be stopped once its sessions are over."""
        terms = self._terms
        yield self._sweep.stop
        yield terms.opening.close
        yield terms.greeting.close
        for each in (terms, *terms.routed):
            yield each.dialing.close


def _terms_of(name: str, front: FrontConfig, means: FrontMeans) -> Terms:
    first, timeouts, logs = front.farms[0], front.timeouts, means.logs
    terms = Terms(
        means.house,
        name,
        means.farms[first],
        Timeouts(
            open=timeouts.open,
            connect=means.config.farms[first].connect_timeout,
            idle=timeouts.idle,
            half_closed=timeouts.half_closed,
            close=timeouts.close,
            greeting=timeouts.greeting,
            front_gone=means.config.profile(front.profile).user_timeout,
            back_gone=_back_gone(first, means.config),
        ),
    )
    if logs.lines is not None:
        terms.told = logs.lines.add
        terms.needs_sides = logs.needs_sides
    securities = means.securities.get(name)
    if securities is not None:
        terms.security, terms.securities = securities.only, securities
    if front.mode == "sni":
        terms.routes = _routes(front, terms, means)
    return terms


def _routes(front: FrontConfig, terms: Terms, means: FrontMeans) -> Routes:
    """Where the mode ``sni`` takes sessions, by the name that a client asks for."""
    config = means.config
    each = {
        farm: terms.towards(
            means.farms[farm],
            config.farms[farm].connect_timeout,
            _back_gone(farm, config),
        )
        for farm in front.farms
    }
    named = {pattern: each[farm] for pattern, farm in front.to.items()}
    default = named.pop(DEFAULT, None)
    return Routes(named, default)


def _back_gone(farm: str, config: Config) -> float | None:
    """After how long a server of *farm* is gone that does not answer."""
    return config.profile(config.farms[farm].profile).user_timeout


def destinations(front: str, config: Config) -> str:
    """The farms that the sessions of *front* may go to, each with its servers."""
    farms, each = config.fronts[front].farms, []
    for farm in farms[:SHOWN]:
        servers = config.farms[farm].servers
        names = [server.name for server in servers[:SHOWN]]
        each.append(f"{farm} ({_some(names, len(servers))})")
    return ("farm " if len(farms) == 1 else "farms ") + _some(each, len(farms))


def _some(names: list[str], count: int) -> str:
    more = count - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
