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
        """*server* gets sessions, once it is ``settled``."""

    def leave(self, server: Server) -> None:
        """*server* gets no more."""

    def reweigh(self, server: Server, weight: float) -> None:
        """*server*'s share is another."""

    def settled(self, server: Server) -> None:
        """
        What has happened to *server* is done, and told in the log.

        Now sessions may be moved.  Not sooner: one that is served dials, a dial may
        fail at once, and that comes back in here.
        """

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
    lazily: bool = False
    """No server is checked before a dial of it was answered."""


class Health:
    """The states of the servers of *traffic*."""

    _log = Logger(namespace="bridge.farm")

    def __init__(self, traffic: Traffic, rules: Rules, clock: IReactorTime) -> None:
        self._traffic = traffic
        self._rules = rules
        self._clock = clock
        self._ejection = Ejection(rules.failures, rules.ejected)
        self._members: set[Server] = set()
        self._checks: dict[Server, Checking] = {}
        self._timers: dict[Server, IDelayedCall] = {}
        """For a server that is ejected or starting: what comes next."""

    # Coming and going

    def add(self, server: Server) -> None:
        """
        Begin with *server*, in the state it has.

        That is UP or DISABLED, or any at all of one that was removed and is back.
        """
        self._members.add(server)
        server.changed = server.changed or self._clock.seconds()
        if self._rules.lazily:
            server.watched = True
        else:
            self._make_check(server)
        if server.state is State.EJECTED:
            self._eject_until(server, server.until)
        self._enter(server)
        if server.state not in TRAFFIC and server.state is not State.DISABLED:
            self._say(server, "as when its name lost it")
        self._traffic.settled(server)

    def remove(self, server: Server) -> None:
        """*server* is none of the farm's any more.  Its sessions and state stay."""
        self._members.discard(server)
        check = self._checks.pop(server, None)
        if check is not None:
            check.stop()
        self._stop_timer(server)
        if server.state in TRAFFIC:
            self._traffic.leave(server)
        self._traffic.settled(server)

    def become(self, server: Server, other: Server) -> None:
        """*server* has all that *other* was made with; its state stays."""
        moved = server.addresses != other.addresses
        same = (server.backup, server.most) == (other.backup, other.most)
        if same and not moved:
            server.become(other)  # no turn is lost for a weight
            if server.state is State.UP:  # else: at the next step, or when it is
                self._traffic.reweigh(server, server.weight)
        else:
            if server.state in TRAFFIC:
                self._stop_timer(server)
                self._traffic.leave(server)
            server.become(other)
            self._enter(server)
        if moved and server in self._checks:
            self._checks[server].stop()
            self._make_check(server)
        self._traffic.settled(server)

    def _make_check(self, server: Server) -> None:
        """Make its check, which begins with what is known of it."""
        if self._rules.check is None:
            return
        check = self._checks[server] = self._rules.check(
            server, lambda up, why: self._checked(server, up, why)
        )
        if server.state is not State.DISABLED:
            check.start()
            check.up = server.state is not State.DOWN

    def _enter(self, server: Server) -> None:
        """Have it get sessions, if its state says so."""
        if server.state is State.STARTING:
            self._start(server)
        elif server.state is State.UP:
            server.since = self._clock.seconds()
            self._traffic.enter(server, server.weight)

    def stop(self) -> None:
        """Check nothing and time nothing any more."""
        for check in self._checks.values():
            check.stop()
        for server in tuple(self._timers):
            self._stop_timer(server)
        self._members.clear()  # what dials still find is of no consequence

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
        """A dial of *server*, which is ``watched``, was answered."""
        server.failing = server.watched = False
        self._ejection.succeeded(server)
        if self._rules.lazily and server in self._members - self._checks.keys():
            self._make_check(server)

    def dial_failed(self, server: Server, why: str) -> None:
        """A session's dial was not."""
        if not self._rules.failures or server not in self._members:
            return
        server.failing = server.watched = True
        others = self._traffic.standing()[0] - 1
        seconds = self._ejection.failed(server, others)
        if seconds is not None:
            self._change(server, Event.EJECT, f"for {seconds:g} s: {why}")
            self._eject_until(server, self._clock.seconds() + seconds)
            self._traffic.settled(server)

    def _eject_until(self, server: Server, until: float) -> None:
        server.until = until
        wait = max(0.0, until - self._clock.seconds())
        self._timers[server] = self._clock.callLater(wait, self._readmit, server)

    def _readmit(self, server: Server) -> None:
        self._timers.pop(server, None)
        self.tell(server, Event.READMIT, "its time is over")

    def _checked(self, server: Server, up: bool, why: str) -> None:
        self.tell(server, Event.PASSED if up else Event.FAILED, why)

    def order(self, server: Server, event: Event) -> None:
        """An operator's DRAIN, READY or DISABLE."""
        check = self._checks.get(server)
        was_disabled = server.state is State.DISABLED
        changed = self._change(server, event, "as ordered")
        if check is not None:
            if server.state is State.DISABLED:
                check.stop()
            elif was_disabled:
                check.start()
            elif event is Event.READY and not check.up:
                # What checks found meanwhile had no effect: it was ordered out.
                healthy = server.healthy
                changed |= self._change(server, Event.FAILED, "its checks fail")
                server.healthy = healthy
        if changed:
            self._traffic.settled(server)

    def tell(self, server: Server, event: Event, why: str) -> None:
        """Make of *event* what the table says, and log a change with its reason."""
        if self._change(server, event, why):
            self._traffic.settled(server)

    def _change(self, server: Server, event: Event, why: str) -> bool:
        """As ``tell``, with sessions to be moved later; False: nothing changed."""
        before, after = server.state, step(server.state, event)
        if after is before:
            return False
        server.state, server.changed, server.why = after, self._clock.seconds(), why
        if event is Event.WARM:
            return False
        self._stop_timer(server)
        if before in TRAFFIC:
            self._traffic.leave(server)
            server.healthy = self._clock.seconds()
        if after is State.STARTING:
            self._start(server)
        self._say(server, why)
        return True

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
