"""
How the servers of a farm are doing: everything that moves them between states.

Here: the checks, dials that fail, an operator's orders and the clock, each of which
becomes an event for ``state``; and the one line of the log that a change is worth.
Not here: what a state means for who is chosen (``farm``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from twisted.logger import Logger, LogLevel

from bridge.farm.eject import Ejection
from bridge.farm.state import TRAFFIC, Event, State, step

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

    from bridge.farm.check import Verdict
    from bridge.farm.server import Server

WARM_UP_STEPS = 10
"""Times that the weight grows during ``slow_start``: first to a tenth, then two, ..."""


class Checking(Protocol):
    """What ``check.Check`` does."""

    up: bool
    said: str

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Traffic(Protocol):
    """Who sends sessions to servers: the farm."""

    name: str

    def enter(self, server: Server, weight: float) -> None:
        """*server* gets sessions from now on."""

    def leave(self, server: Server) -> None:
        """*server* gets no more."""

    def reweigh(self, server: Server, weight: float) -> None:
        """*server*'s share is another."""

    def standing(self) -> tuple[int, int]:
        """How many servers get sessions, of how many."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What is done about servers.  Times in seconds."""

    check: Callable[[Server, Verdict], Checking] | None = None
    """Makes the check of a server, not started; None: there is none."""
    failures: int = 0
    """Dials in a row that must fail before a server is ejected; 0: it never is."""
    ejected: float = 30.0
    """For how long, the first time."""
    slow_start: float = 0.0
    """How long a server that comes into traffic takes to its full weight."""


class Health:
    """The states of the servers of *traffic*."""

    _log = Logger(namespace="bridge.farm")

    def __init__(self, traffic: Traffic, rules: Rules, clock: IReactorTime) -> None:
        self._traffic = traffic
        self._rules = rules
        self._clock = clock
        self._ejection = Ejection(rules.failures, rules.ejected)
        self._checks: dict[Server, Checking] = {}
        self._timers: dict[Server, IDelayedCall] = {}
        """For a server that is ejected or starting: what comes next."""

    # Coming and going

    def add(self, server: Server) -> None:
        """Begin with *server*, in the state it has: UP or DISABLED."""
        if self._rules.check is not None:
            check = self._rules.check(
                server, lambda up, why: self._checked(server, up, why)
            )
            self._checks[server] = check
            if server.state is not State.DISABLED:
                check.start()
        server.changed = self._clock.seconds()
        if server.state in TRAFFIC:
            server.since = server.changed
            self._traffic.enter(server, server.weight)

    def remove(self, server: Server) -> None:
        """*server* is none of the farm's any more.  Its sessions go on."""
        check = self._checks.pop(server, None)
        if check is not None:
            check.stop()
        self._stop_timer(server)
        self._ejection.forget(server)
        if server.state in TRAFFIC:
            server.state = State.DRAINING
            self._traffic.leave(server)

    def stop(self) -> None:
        """Check nothing and time nothing any more."""
        for check in self._checks.values():
            check.stop()
        for server in tuple(self._timers):
            self._stop_timer(server)

    # What is known of a server

    def check(self, server: Server) -> Checking | None:
        """Its check; None: it has none."""
        return self._checks.get(server)

    def due(self, server: Server) -> float | None:
        """When its ejection ends or its share grows, if either will."""
        timer = self._timers.get(server)
        return timer.getTime() if timer is not None else None

    # What happens

    def dialed(self, server: Server) -> None:
        """A dial of *server*, which was failing, was answered."""
        server.failing = False
        self._ejection.succeeded(server)

    def dial_failed(self, server: Server, why: str) -> None:
        """A session's dial was not."""
        if not self._rules.failures:
            return
        server.failing = True
        others = self._traffic.standing()[0] - 1
        seconds = self._ejection.failed(server, others)
        if seconds is not None:
            self.tell(server, Event.EJECT, f"for {seconds:g} s: {why}")
            self._timers[server] = self._clock.callLater(seconds, self._readmit, server)

    def _readmit(self, server: Server) -> None:
        self._timers.pop(server, None)
        self.tell(server, Event.READMIT, "its time is over")

    def _checked(self, server: Server, up: bool, why: str) -> None:
        self.tell(server, Event.PASSED if up else Event.FAILED, why)

    def order(self, server: Server, event: Event) -> None:
        """An operator's DRAIN, READY or DISABLE."""
        check = self._checks.get(server)
        was_disabled = server.state is State.DISABLED
        self.tell(server, event, "as ordered")
        if check is None:
            return
        if server.state is State.DISABLED:
            check.stop()
        elif was_disabled:
            check.start()
        elif event is Event.READY and not check.up:
            # What checks found meanwhile had no effect: it was ordered out.
            self.tell(server, Event.FAILED, "its checks fail")

    def tell(self, server: Server, event: Event, why: str) -> None:
        """Make of *event* what the table says, and log a change with its reason."""
        before, after = server.state, step(server.state, event)
        if after is before:
            return
        server.state, server.changed, server.why = after, self._clock.seconds(), why
        if event is Event.WARM:
            return
        self._stop_timer(server)
        if before in TRAFFIC:
            self._traffic.leave(server)
        if after is State.STARTING:
            self._start(server)
        self._say(server, why)

    def _say(self, server: Server, why: str) -> None:
        standing, servers = self._traffic.standing()
        good = server.state in TRAFFIC
        self._log.emit(
            LogLevel.info if good else LogLevel.warn if standing else LogLevel.error,
            "farm {farm}: server {server} is {state}, {why}; {standing} of {servers} "
            "servers get sessions",
            farm=self._traffic.name,
            server=server.name,
            state=server.state.value,
            why=why,
            standing=standing,
            servers=servers,
        )

    # Starting slowly

    def _start(self, server: Server) -> None:
        server.since = self._clock.seconds()
        if self._rules.slow_start:
            self._traffic.enter(server, server.weight / WARM_UP_STEPS)
            self._warm_up(server, 2)
        else:
            server.state = step(server.state, Event.WARM)
            self._traffic.enter(server, server.weight)

    def _warm_up(self, server: Server, step_number: int) -> None:
        self._timers[server] = self._clock.callLater(
            self._rules.slow_start / WARM_UP_STEPS, self._warmer, server, step_number
        )

    def _warmer(self, server: Server, step_number: int) -> None:
        del self._timers[server]
        self._traffic.reweigh(server, server.weight * step_number / WARM_UP_STEPS)
        if step_number < WARM_UP_STEPS:
            self._warm_up(server, step_number + 1)
        else:
            self.tell(server, Event.WARM, "slow_start is over")

    def _stop_timer(self, server: Server) -> None:
        timer = self._timers.pop(server, None)
        if timer is not None:
            timer.cancel()
