"""
The composition root: a configuration becomes a running gateway.

The only place that knows all the rooms.  Sockets are bound in
``privilegedStartService``, where a taken port is an error and not a line in a log;
sessions are accepted from ``startService`` on.
"""

from __future__ import annotations

import errno
import gc
import os
import secrets
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from bridge import __version__
from bridge.config.model import Config
from bridge.config.model import Front as FrontConfig
from bridge.config.routes import DEFAULT
from bridge.doctor import descriptors
from bridge.doctor.start import told
from bridge.farm.farm import Farm
from bridge.net.address import Address, Listen, SystemdName, UnixPath
from bridge.net.descriptors import raise_limit
from bridge.net.inherited import close_rest
from bridge.net.listener import Listener, listen_tcp, listen_unix
from bridge.net.port import Port, Room
from bridge.net.pump import Pump, Reactor
from bridge.net.sockaddr import describe
from bridge.net.splice import Pipes
from bridge.service import state
from bridge.service.certificates import Certificates
from bridge.service.drain import Drain, Drainable
from bridge.service.farms import Farms
from bridge.service.logs import Logs
from bridge.service.steps import take_all
from bridge.session.choosing import Routes
from bridge.session.flow import Event, State
from bridge.session.front import Admission, FrontFactory
from bridge.session.session import Session
from bridge.session.sweep import Sweep
from bridge.session.terms import House, Terms, Timeouts
from bridge.watch.repeated import Repeated

GENERATIONS = (50_000, 20, 100)
"""
Thresholds of the cycle collector.  Sessions cut their own cycles, so it finds nothing;
at the default of 700 it would look a dozen times a second for nothing.
"""


class ListenError(Exception):
    """A front cannot listen.  The message says which, where and why."""


class Gateway(Service):
    """Everything that runs for one configuration."""

    _log = Logger()

    def __init__(
        self,
        config: Config,
        reactor: Reactor,
        inherited: Mapping[str, list[socket.socket]],
        logs: Logs,
    ) -> None:
        self._config = config
        self._reactor = reactor
        self._inherited = inherited
        self._certificates = Certificates(
            config, reactor, lambda: datetime.now(UTC).timestamp()
        )
        self._logs = logs
        self._failures = Repeated(reactor)
        self._terms: dict[str, Terms] = {}
        self._ports: list[tuple[str, Port]] = []
        self._sweeps: list[Sweep] = []
        self._drain: Drain | None = None
        self._hurried = False

    # Starting

    def privilegedStartService(self) -> None:
        """Bind every listener.  Raises ListenError."""
        self._house = self._open_house()
        self.farms = Farms(
            self._config,
            self._house.pump,
            self._certificates.farms,
            failures=self._failures,
        )
        for name, front in self._config.fronts.items():
            terms = self._terms_of(name, front, self.farms)
            self._terms[name] = terms
            self._sweeps.append(Sweep(self._reactor, terms))
            factory = FrontFactory(
                terms, Admission(front.allow, front.deny, front.limits.connections)
            )
            for port in self._bind(name, front, factory):
                self._ports.append((name, port))
        self._close_rest()

    def startService(self) -> None:
        """Listen and accept.  Raises ListenError."""
        super().startService()
        self._log.info(
            "bridge {version} starts, process {pid}",
            version=__version__,
            pid=os.getpid(),
        )
        self._log.info("{line}", line=self._logs.told)
        self.farms.start()
        for name, port in self._ports:
            try:
                port.startListening()
            except OSError as error:  # two may bind, but only one may listen
                raise _listen_error(name, port, error) from error
            self._log.info(
                "{front} listens on {port}, for {farms}",
                front=name,
                port=str(port),
                farms=state.ways_of(name, self._config),
            )
        self._certificates.start()
        for sweep in self._sweeps:
            sweep.start()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GENERATIONS)

    def _open_house(self) -> House:
        limit = raise_limit()
        most = descriptors.sessions(self._config, limit)
        why = ""
        if most != self._config.limits.connections:
            short = os.strerror(errno.EMFILE)
            why = f"cannot accept: {short} beyond {most} sessions (at most {limit})"
        pipes = max(1, descriptors.carried(self._config, limit) - most)
        return House(
            pump=Pump(self._reactor),
            pipes=Pipes(most=pipes, clock=self._reactor),
            room=Room(most, why),
            prefix=secrets.token_hex(3),
            trace=_trace if self._config.log.level == "debug" else None,
            failures=self._failures,
        )

    def _terms_of(
        self, name: str, front: FrontConfig, farms: Mapping[str, Farm]
    ) -> Terms:
        first = front.farms[0]
        timeouts = Timeouts(
            open=front.timeouts.open,
            connect=self._config.farms[first].connect_timeout,
            idle=front.timeouts.idle,
            half_closed=front.timeouts.half_closed,
            close=front.timeouts.close,
            greeting=front.timeouts.greeting,
            front_gone=self._config.profile(front.profile).user_timeout,
            back_gone=self._gone(first),
        )
        terms = Terms(self._house, name, farms[first], timeouts)
        if self._logs.lines is not None:
            terms.told = self._logs.lines.add
            terms.needs_sides = self._logs.needs_sides
        securities = self._certificates.fronts.get(name)
        if securities is not None:
            terms.security, terms.securities = securities.only, securities
        if front.mode == "sni":
            terms.routes = self._routes(front, terms, farms)
        return terms

    def _routes(
        self, front: FrontConfig, terms: Terms, farms: Mapping[str, Farm]
    ) -> Routes:
        """The ways that the mode ``sni`` takes."""
        each = {
            name: terms.towards(
                farms[name], self._config.farms[name].connect_timeout, self._gone(name)
            )
            for name in front.farms
        }
        ways = {pattern: each[farm] for pattern, farm in front.to.items()}
        default = ways.pop(DEFAULT, None)
        return Routes(ways, default)

    def _gone(self, farm: str) -> float | None:
        """After how long a server of *farm* is gone that does not answer."""
        return self._config.profile(self._config.farms[farm].profile).user_timeout

    def _bind(
        self, name: str, front: FrontConfig, factory: FrontFactory
    ) -> Iterable[Port]:
        for listen in front.listen:
            try:
                listeners = self._listeners(listen, front)
            except OSError as error:
                raise _listen_error(name, listen, error) from error
            for listener in listeners:
                yield Port(self._house.pump, listener, factory, self._house.room)

    def _listeners(self, listen: Listen, front: FrontConfig) -> list[Listener]:
        if isinstance(listen, Address):
            return [
                listen_tcp(
                    listen,
                    self._config.profile(front.profile),
                    dual_stack=front.dual_stack,
                    transparent=front.transparent,
                )
            ]
        if isinstance(listen, UnixPath):
            return [listen_unix(listen.path)]
        if listen.name not in self._inherited:
            known = ", ".join(self._inherited) or "none"
            raise OSError(0, f"systemd passed no socket of that name (but {known})")
        return [Listener(sock) for sock in self._inherited[listen.name]]

    def _close_rest(self) -> None:
        """What systemd passed and no front names would take clients and serve none."""
        listens = [each for f in self._config.fronts.values() for each in f.listen]
        used = {each.name for each in listens if isinstance(each, SystemdName)}
        for what in close_rest(self._inherited, used):
            self._log.warn("no front listens on systemd:{what}: closed", what=what)

    # Stopping

    def stopService(self) -> Deferred[None]:
        """Drain.  Fires when the last session has ended."""
        super().stopService()
        timeouts = self._config.timeouts
        gateway = Drainable(self._stop_listening, self._active, self._reset_all)
        self._drain = Drain(
            self._reactor, gateway, timeouts.drain_delay, timeouts.drain_timeout
        )
        done = self._drain.begin()
        done.addCallback(self._close)
        if self._hurried:
            self._drain.hurry()
        return done

    def hurry(self) -> None:
        """A second signal, while draining or before that has begun."""
        self._hurried = True
        if self._drain is not None:
            self._drain.hurry()

    def _stop_listening(self) -> None:
        take_all(port.stopListening for _, port in self._ports)
        self._ports.clear()

    def _active(self) -> int:
        sessions = sum(len(terms.sessions) for terms in self._terms.values())
        return sessions + len(self._house.pump.lingering)

    def _reset_all(self) -> None:
        for terms in self._terms.values():
            for session in tuple(terms.sessions):
                session.handle(Event.DRAINED)
        self._house.pump.lingering.abort_all()

    def _close(self, _: object) -> None:
        take_all(self._last_steps())
        self._log.info("bridge has stopped")

    def _last_steps(self) -> Iterator[Callable[[], object]]:
        for sweep in self._sweeps:
            yield sweep.stop
        yield self._certificates.stop
        yield self._failures.stop
        for terms in self._terms.values():
            yield terms.opening.close
            yield terms.greeting.close
            for each in (terms, *terms.routed):
                yield each.dialing.close
        yield self.farms.stop
        yield self._house.pump.stop
        yield self._house.pipes.close
        if self._logs.lines is not None:
            yield self._logs.lines.close

    # What signals ask for

    def reload(self) -> None:
        """Read the certificates again; the configuration runs on as it is."""
        self._certificates.reload()
        self._log.warn("reload is not built yet; only certificates were read again")

    def tell_state(self) -> None:
        """Write what is going on to the log."""
        house, now = self._house, self._reactor.seconds()
        for line in chain(
            state.of_fronts(self._terms),
            state.of_farms(self.farms.values(), now),
            state.of_names(self.farms.names, now),
        ):
            self._log.info("{line}", line=line)
        for outlet in self._logs.outlets:
            self._log.info(
                "{name}: {dropped} lines dropped, {waiting} bytes wait",
                name=outlet.name,
                dropped=outlet.dropped,
                waiting=outlet.waiting,
            )
        self._log.info(
            "{watched} descriptors watched, {kept} pipes kept by stalled directions, "
            "{spilled} times memory instead, {lingering} TLS streams linger, "
            "{timers} timers",
            watched=len(house.pump),
            kept=house.pipes.kept,
            spilled=house.pipes.spilled,
            lingering=len(house.pump.lingering),
            timers=len(self._reactor.getDelayedCalls()),
        )


def _trace(session: Session, before: State, event: Event) -> None:
    _transitions.debug(
        "{front} {peer}: {before} --{event}--> {after}",
        front=session.terms.front,
        peer=describe(session.front.peer),
        before=before.name,
        event=event.name,
        after=session.state.name,
    )


_transitions = Logger(namespace="bridge.session")


def _listen_error(front: str, where: object, error: OSError) -> ListenError:
    return ListenError(f"front {front} cannot listen on {where}: {told(error, where)}")
