"""
A front that runs: its ports, its sessions and the sweep over them, as one thing.

Here: a configured front becomes the terms of its sessions, and starts and stops as a
whole.  Not here: where its sockets come from (``listening``), what becomes of a client
(``session``), and in which order everything starts and stops (``gateway``).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from twisted.logger import Logger

from bridge.config.farm import Farm as FarmConfig
from bridge.config.model import Config, FrontLimits
from bridge.config.model import Front as FrontConfig
from bridge.config.routes import DEFAULT
from bridge.net.column import Column
from bridge.net.crowd import Arrivals, Crowd
from bridge.net.listener import Listener
from bridge.net.paced import Pace
from bridge.net.port import Port
from bridge.net.securities import FrontSecurities
from bridge.net.shared_crowd import SharedCrowd
from bridge.service.doors import Entry, entry_of
from bridge.service.farms import Farms
from bridge.service.filters import filters_of
from bridge.service.listening import listen_errors
from bridge.service.logs import Logs
from bridge.service.measured import Measured
from bridge.service.paths import Paths
from bridge.service.steps import take_all
from bridge.session.admission import Admission
from bridge.session.beats import Beats
from bridge.session.destination import Destination, Routes, SendProxy
from bridge.session.exchanging import tell
from bridge.session.filtering import FilteredSession
from bridge.session.flow import Event
from bridge.session.front import FrontFactory, PrefixFactory
from bridge.session.live import Live
from bridge.session.meetings import DataPorts, MeetingsOf
from bridge.session.sampling import Sampling
from bridge.session.session import Session
from bridge.session.shared import SharedAdmission, SharedLive
from bridge.session.sweep import Sweep
from bridge.session.terms import House, Terms, Timeouts
from bridge.session.vanishing import Vanishing
from bridge.watch.counters import Counters

SHOWN = 20
"""Farms, and servers of each, that the line of a listener names: there are as many of
those lines as ports, and servers may be thousands."""


@dataclass(frozen=True, slots=True)
class FrontMeans:
    """What fronts are made with besides their own configuration."""

    config: Config
    house: House
    farms: Farms
    securities: Mapping[str, FrontSecurities]
    """Of the fronts with TLS."""
    logs: Logs
    """What is told of every session."""
    measured: Measured | None = None
    """What is measured of every session; None: nobody wants to know."""
    paths: Paths | None = None
    """What is learnt of the paths on both sides; None: likewise."""

    def vanishing(self, front: str) -> Vanishing | None:
        """What looks at its sessions for that."""
        return None if self.paths is None else self.paths.vanishing(front)

    def sampling(self, front: str) -> Sampling | None:
        """Likewise, at its clients."""
        return None if self.paths is None else self.paths.fronts[front].sampling


class RunningFront:
    """The front *name* from its bound sockets to its last session."""

    _log = Logger()

    def __init__(self, name: str, means: FrontMeans) -> None:
        self.name = name
        self._means = means
        terms, clock = terms_of(name, means), means.house.pump.reactor
        kind = Live if means.house.column is None else SharedLive
        self._live: Live[Session] = kind(clock, terms)
        self._meetings = _meetings_of(terms, self._live, means)
        self._live.meetings = self._meetings
        if means.measured is not None:
            self._live.counters.lasted = means.measured.lasted[name].values
        self._factory = FrontFactory(terms, self._live)
        self._sweep = Sweep(
            clock, terms, self._live, means.vanishing(name), self._beats(means)
        )
        self._ports: list[Port] = []

    def _beats(self, means: FrontMeans) -> Beats | None:
        """None: nobody wants any, or there is no line for them."""
        front, every = means.config.fronts[self.name], means.config.log.every
        told = means.logs.listeners(requests=front.mode == "http").beat
        if every is None or told is None:
            return None
        return Beats(every, told, lambda: len(self._live.sessions))

    # Starting

    def bind(self, listeners: Iterable[Listener]) -> None:
        """These are what it will accept from, and its own to close."""
        house = self._means.house
        for listener in listeners:
            factory = self._factory_for(listener)
            self._ports.append(Port(house.pump, listener, factory, house.room))
        if len(self._ports) == 1 and self._meetings is None:
            self._live.address = self._ports[0].address

    def _factory_for(self, listener: Listener) -> FrontFactory:
        if not listener.networks:
            return self._factory
        return PrefixFactory(self._factory.terms, self._live, listener.networks)

    def start(self) -> None:
        """Listen and accept.  Raises ListenError: two may bind, but only one listen."""
        for port in self._ports:
            with listen_errors(self.name, port):
                port.startListening()
        self._sweep.start()

    def tell_where(self) -> None:
        """Write to the log where it listens, and for whom."""
        farms = destinations(self.name, self._means.config)
        for port in self._ports:
            self._log.info(
                "{front} listens on {port}, for {farms}",
                event="front_listens",
                front=self.name,
                port=str(port),
                farms=farms,
            )

    # Running

    @property
    def sessions(self) -> int:
        """How many there are."""
        return len(self._live.sessions)

    @property
    def sources(self) -> Iterable[tuple[int, int]]:
        """Where they come from, if that is counted, and how many of them each."""
        crowd = self._factory.terms.admission.crowd
        return () if crowd is None else crowd.each()

    @property
    def living(self) -> set[Session]:
        """They themselves."""
        return self._live.sessions

    @property
    def listens(self) -> tuple[str, ...]:
        """Where it does now."""
        return tuple(map(str, self._ports))

    @property
    def farms(self) -> tuple[str, ...]:
        """Those that its sessions may go to."""
        return self._means.config.fronts[self.name].farms

    @property
    def counters(self) -> Counters:
        """What was counted since the start."""
        return self._live.counters

    def let_in_by(self, entry: Entry) -> None:
        """Another *entry* from now on; who is there may stay."""
        admission = self._factory.terms.admission
        admission.door = entry.door
        admission.believe(entry.senders)

    # Stopping

    def stop_listening(self) -> None:
        """Nobody comes in any more."""
        self._stop(port.stopListening for port in self._ports)

    def hand_over(self, gone: Container[str]) -> None:
        """
        Others accept from its sockets now, and serve who waits there: but for those
        whose keys are *gone*, where nobody comes in any more.
        """
        self._stop(
            port.stopListening if port.key in gone else port.hand_over
            for port in self._ports
        )

    def _stop(self, steps: Iterable[Callable[[], object]]) -> None:
        take_all(steps)
        self._ports.clear()
        for session in tuple(self._live.sessions):
            if isinstance(session, FilteredSession):
                session.drain()

    def reset_sessions(self) -> None:
        """Those that are left end as ``drained``."""
        for session in tuple(self._live.sessions):
            session.handle(Event.DRAINED)

    def last_steps(self) -> Iterator[Callable[[], object]]:
        """What is left to be stopped once its sessions are over."""
        yield self._sweep.stop
        if self._meetings is not None:
            yield self._meetings.close
        yield self._live.close


def terms_of(name: str, means: FrontMeans) -> Terms:
    """On which the sessions of the front *name* live, as it is configured."""
    config, logs, front = means.config, means.logs, means.config.fronts[name]
    timeouts, securities = front.timeouts, means.securities.get(name)
    farms = {farm: _destination(farm, means) for farm in front.farms}
    named = front.mode in ("sni", "http")
    listeners = logs.listeners(requests=front.mode == "http")
    sides = logs.lines is not None and logs.needs_sides
    return Terms(
        house=means.house,
        front=name,
        timeouts=Timeouts(
            open=timeouts.open,
            idle=timeouts.idle,
            half_closed=timeouts.half_closed,
            close=timeouts.close,
            greeting=timeouts.greeting,
            gone=config.profile(front.profile).user_timeout,
        ),
        admission=admission_of(name, front, means.house.column),
        pace=_pace_of(front.limits),
        destination=None if named else farms[front.farms[0]],
        routes=_routes(front, farms) if named else None,
        security=securities.only if securities is not None else None,
        securities=securities,
        told=listeners.session,
        needs_sides=sides,
        sampling=means.sampling(name),
        filters=filters_of(front),
        exchange_told=partial(tell, listeners.exchange),
    )


def _meetings_of(
    terms: Terms, live: Live[Session], means: FrontMeans
) -> MeetingsOf | None:
    """Where its sessions have data connections; None: in all modes but one."""
    config = means.config
    front = config.fronts[terms.front]
    if front.mode != "ftp":
        return None
    tunings = {farm: config.profile(config.farms[farm].profile) for farm in front.farms}
    # Who fetches something does not speak first.
    tuning = config.profile(front.profile).model_copy(update={"defer_accept": None})
    opened = DataPorts(front.ftp.ports, tuning, tunings)
    return MeetingsOf(terms, live, opened)


def admission_of(
    name: str, front: FrontConfig, column: Column | None = None
) -> Admission:
    """
    Who may come in at the front *name*, and how many: in all processes, if this is one
    of several, and counts in *column*.
    """
    entry, most = entry_of(front), front.limits.connections
    crowd = _crowd_of(name, front.limits, column)
    if column is None:
        return Admission(entry.door, most, crowd, entry.senders)
    return SharedAdmission(column, name, entry.door, most, crowd, entry.senders)


def _crowd_of(name: str, limits: FrontLimits, column: Column | None) -> Crowd | None:
    """None: sources are not told apart."""
    most, new, prefix = limits.per_source, limits.new_per_source, limits.source_prefix
    if most is None and new is None:
        return None
    arrivals = None if new is None else Arrivals(new.count, new.seconds)
    if column is None or most is None:
        return Crowd(most, arrivals, prefix.ipv6, prefix.ipv4)
    return SharedCrowd(column, name, most, arrivals, prefix.ipv6, prefix.ipv4)


def _pace_of(limits: FrontLimits) -> Pace | None:
    """None: nobody is held up."""
    session, front = limits.bandwidth.session, limits.bandwidth.front
    return None if session is None and front is None else Pace(session, front)


def _destination(farm: str, means: FrontMeans) -> Destination:
    settings = means.config.farms[farm]
    gone = means.config.profile(settings.profile).user_timeout
    mapped = means.farms.mapped.get(farm)
    sent = settings.send_proxy
    how = None
    if sent is not None:
        how = SendProxy(1 if sent.version == "v1" else 2, sent.passed, sent.added)
    connect, clear = settings.connect_timeout, settings.tls is None
    return Destination(means.farms[farm], connect, gone, mapped, how, clear)


def _routes(front: FrontConfig, farms: Mapping[str, Destination]) -> Routes:
    """Where sessions of a mode with names go, by the name that a client asks for."""
    named = {pattern: farms[farm] for pattern, farm in front.to.items()}
    default = named.pop(DEFAULT, None)
    return Routes(named, default)


def destinations(front: str, config: Config) -> str:
    """The farms that the sessions of *front* may go to, each with its servers."""
    farms, each = config.fronts[front].farms, []
    for farm in farms[:SHOWN]:
        each.append(f"{farm} ({_servers(config.farms[farm])})")
    return ("farm " if len(farms) == 1 else "farms ") + _some(each, len(farms))


def _servers(farm: FarmConfig) -> str:
    if farm.map is not None:
        return "a map to " + _some([str(to) for to in farm.map.to], len(farm.map.to))
    names = [server.name for server in farm.servers[:SHOWN]]
    return _some(names, len(farm.servers))


def _some(names: list[str], count: int) -> str:
    more = count - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
