"""
The composition root: a configuration becomes a running gateway.

The only place that knows of everything.  Its sockets are opened in
``privilegedStartService``, where a taken port is an error and not a line in a log;
sessions are accepted from ``startService`` on.
"""

from __future__ import annotations

import errno
import gc
import math
import os
import secrets
from collections.abc import Callable, Container, Iterator, Sequence
from functools import partial
from itertools import chain

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from bridge.config.model import Config
from bridge.doctor import descriptors
from bridge.net.column import Column
from bridge.net.descriptors import raise_limit
from bridge.net.pipes import Pipes
from bridge.net.pulse import Beating
from bridge.net.pump import Pump, Reactor
from bridge.net.room import Room
from bridge.net.shared_room import SharedRoom
from bridge.net.sockaddr import SocketAddress, describe
from bridge.service import state
from bridge.service.aside import Aside
from bridge.service.certificates import Certificates
from bridge.service.doors import Entry, Lists
from bridge.service.drain import RETIRING, STOPPING, Drain, Drainable
from bridge.service.farms import Farms
from bridge.service.front import FrontMeans, RunningFront
from bridge.service.hub_link import HubLink
from bridge.service.listening import Listeners
from bridge.service.logs import Logs
from bridge.service.measured import Measured
from bridge.service.paths import Paths
from bridge.service.published import Counts, counts
from bridge.service.steps import take_all
from bridge.session.flow import Event, State
from bridge.session.terms import House
from bridge.watch.repeated import Repeated

GENERATIONS = (50_000, 20, 100)
"""
Thresholds of the cycle collector.  Sessions cut their own cycles, so it finds nothing;
at the default of 700 it would look a dozen times a second for nothing.
"""


class Gateway(Service):
    """Everything that runs for one configuration."""

    _log = Logger()

    farms: Farms
    """From ``privilegedStartService`` on."""
    _house: House
    """Likewise."""

    def __init__(
        self,
        config: Config,
        reactor: Reactor,
        listeners: Listeners,
        logs: Logs,
        *,
        certificates: Certificates | None = None,
        column: Column | None = None,
        hub: HubLink | None = None,
    ) -> None:
        """
        *listeners* are opened as it starts.  Of one process of several: *certificates*
        were made before, in the process that it was forked from; *column* is where it
        counts, and *hub* tells it of servers and names.  Raises CertificateError: a
        file cannot be used.
        """
        self._config = config
        self._reactor = reactor
        self._listeners = listeners
        self._logs = logs
        self._column = column
        self._hub = hub
        self._certificates = certificates or Certificates(config)
        self.measured: Measured | None = None
        """What is measured of sessions; None: nobody can ask for it."""
        if config.admin.web is not None:
            self.measured = Measured(config.fronts, config.farms)
            logs.hearers.append(self.measured.see)
        self.paths = Paths(config, reactor.seconds, column)
        """What is learnt of those to clients and servers."""
        self._failures = Repeated(reactor)
        self._fronts: list[RunningFront] = []
        self._lists = Lists(config.fronts, self._change_entry, Aside(reactor))
        self._drain: Drain | None = None
        self._hurried = False
        self._handed_over = False

    # Starting

    def privilegedStartService(self) -> None:
        """Have every listener.  Raises ListenError."""
        config, certificates = self._config, self._certificates
        self._house = house = self._open_house()
        self.farms = Farms(
            config,
            house.pump,
            certificates.farms,
            failures=self._failures,
            column=self._column,
            hub=self._hub,
            measured=self.measured,
        )
        means = FrontMeans(
            config,
            house,
            self.farms,
            certificates.fronts,
            self._logs,
            self.measured,
            self.paths,
        )
        for name, listeners in self._listeners.open().items():
            front = RunningFront(name, means)
            self._fronts.append(front)
            front.bind(listeners)

    def startService(self) -> None:
        """Listen and accept.  Raises ListenError."""
        super().startService()
        self.farms.start()
        for front in self._fronts:
            front.start()
        self._certificates.start(self._reactor)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GENERATIONS)

    def tell_where(self) -> None:
        """Write to the log where it listens, and how to read what it logs."""
        self._log.info("{line}", line=self._logs.told)
        for front in self._fronts:
            front.tell_where()

    def _open_house(self) -> House:
        limit = raise_limit()
        most = descriptors.sessions(self._config, limit)
        why = ""
        if most != self._config.limits.connections:
            short = os.strerror(errno.EMFILE)
            why = f"cannot accept: {short} beyond {most} sessions (at most {limit})"
        pipes = max(1, descriptors.carried(self._config, limit) - most)
        return House(
            pump=Pump(self._reactor, Beating(self._reactor)),
            pipes=Pipes(most=pipes, clock=self._reactor),
            room=self._room_for(most, why),
            prefix=secrets.token_hex(3),
            trace=_trace if self._logs.level == "debug" else None,
            failures=self._failures,
            column=self._column,
        )

    def _room_for(self, most: int, why: str) -> Room:
        """Here; in all processes there may be as many as are configured."""
        allowed, column = self._config.limits.connections, self._column
        if column is None or allowed is None:
            return Room(most, why)
        return SharedRoom(most, allowed, column, self._reactor, why)

    # Stopping

    def stopService(self) -> Deferred[None]:
        """Drain.  Fires when the last session has ended."""
        timeouts = self._config.timeouts
        return self._stop(STOPPING, timeouts.drain_delay, timeouts.drain_timeout)

    def retire(self, gone: Container[str], *, patient: bool = False) -> Deferred[None]:
        """
        ``hand_over``, and then drain, *patient*ly for as long as it takes.  Fires when
        the last session has ended.
        """
        self.hand_over(gone)
        timeout = math.inf if patient else self._config.timeouts.drain_timeout
        return self._stop(RETIRING, 0.0, timeout)

    def leave(self) -> Deferred[None]:
        """Stop at once to listen, and drain.  Fires when the last session has ended."""
        return self._stop(STOPPING, 0.0, self._config.timeouts.drain_timeout)

    def _stop(self, why: str, delay: float, timeout: float) -> Deferred[None]:
        super().stopService()
        gateway = Drainable(self._stop_listening, self._active, self._reset_all)
        self._drain = Drain(self._reactor, gateway, delay, timeout, why)
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

    def hand_over(self, gone: Container[str]) -> None:
        """
        Others accept from its sockets now, by descriptors of their own: leave those to
        them.  Where keys are *gone*, who waits is taken in first.  Sessions go on.
        """
        self._handed_over = True
        take_all(partial(front.hand_over, gone) for front in self._fronts)

    def _stop_listening(self) -> None:
        if not self._handed_over:
            self._listeners.close()
        take_all(front.stop_listening for front in self._fronts)

    def _active(self) -> int:
        sessions = sum(front.sessions for front in self._fronts)
        return sessions + len(self._house.pump.lingering)

    def _reset_all(self) -> None:
        for front in self._fronts:
            front.reset_sessions()
        self._house.pump.lingering.abort_all()

    def _close(self, _: object) -> None:
        take_all(self._last_steps())

    def _last_steps(self) -> Iterator[Callable[[], object]]:
        for front in self._fronts:
            yield from front.last_steps()
        yield self._certificates.stop
        yield self._lists.stop
        yield self._failures.stop
        yield self.farms.stop
        yield self._house.room.close
        yield self._house.pump.stop
        yield self._house.pipes.close
        if self._logs.lines is not None:
            yield self._logs.lines.close

    # What is asked of it

    @property
    def config(self) -> Config:
        return self._config

    @property
    def clock(self) -> Reactor:
        return self._reactor

    @property
    def fronts(self) -> Sequence[RunningFront]:
        return self._fronts

    @property
    def house(self) -> House:
        return self._house

    @property
    def logs(self) -> Logs:
        return self._logs

    @property
    def certificates(self) -> Certificates:
        return self._certificates

    @property
    def draining(self) -> bool:
        """Whether it has begun to stop."""
        return self._drain is not None

    def set_level(self, level: str) -> None:
        """From now on the log tells what is of *level* and above."""
        self._logs.level = level
        self._house.trace = _trace if level == "debug" else None

    # What signals ask for

    def reload(self) -> None:
        """
        Read certificates and files of networks again; the configuration runs on as it
        is.
        """
        self._certificates.reload()
        self._lists.reload()

    def _change_entry(self, name: str, entry: Entry) -> None:
        for front in self._fronts:
            if front.name == name:
                front.let_in_by(entry)

    def counts(self) -> Counts:
        """What it has of all that may be limited."""
        return counts(self._house.room, self._fronts, self.farms)

    def in_short(self) -> str:
        """How it is doing, in one line."""
        return state.in_short(self._fronts, self.farms.values())

    def tell_state(self) -> None:
        """Write what is going on to the log."""
        for line in self.state():
            self._log.info("{line}", line=line)

    def state(self) -> Iterator[str]:
        """What is going on, in lines of which each is made when it is asked for."""
        now = self._reactor.seconds()
        return chain(
            state.of_fronts(self._fronts),
            state.of_farms(self.farms.values(), now, self.farms.mapped),
            state.of_names(self.farms.names, now),
            state.of_outlets(self._logs.outlets),
            state.of_process(self._house),
        )


def _trace(
    front: str, peer: SocketAddress, before: State, event: Event, after: State
) -> None:
    _transitions.debug(
        "{front} {peer}: {before} --{event}--> {after}",
        front=front,
        peer=describe(peer),
        before=before.name,
        event=event.name,
        after=after.name,
    )


_transitions = Logger(namespace="bridge.session")
