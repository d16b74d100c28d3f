"""
How the servers of a farm are doing: everything that moves them between states.

Here: the checks, dials that fail, an operator's orders and the clock, each of which
becomes an event for ``state``; and the one line of the log that a change is worth.
Not here: what a state means for who is chosen (``farm``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.farm.eject import Ejection
from bridge.farm.rules import Rules
from bridge.farm.server_line import say
from bridge.farm.server_state import (
    Terms,
    is_out,
    is_same,
    recall,
    row_of,
    state_of,
    still_ordered,
)
from bridge.farm.slow_start import SlowStart
from bridge.farm.state import TRAFFIC, Event, State, step

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

    from bridge.farm.parties import Checking, Traffic
    from bridge.farm.server import Server
    from bridge.farm.server_state import ServerState


class Health:
    """The states of the servers of *traffic*."""

    def __init__(self, traffic: Traffic, rules: Rules, clock: IReactorTime) -> None:
        self._traffic = traffic
        self._rules = rules
        self.tells = rules.tells
        self._clock = clock
        self._ejection = Ejection(rules.failures, rules.ejected)
        self._members: set[Server] = set()
        self._checks: dict[Server, Checking] = {}
        self._timers: dict[Server, IDelayedCall] = {}
        """The ends of ejections."""
        self._slow_start = SlowStart(
            rules.slow_start, clock, traffic.reweigh, self._warm
        )

    # Coming and going

    def add(self, *servers: Server) -> None:
        """
        Begin with *servers*, each in the state it has.

        That is UP or DISABLED, or any at all of one that was removed and is back, or is
        known from before.  All are there before it is told how many get sessions.
        """
        back = [server for server in servers if server.changed]
        for server in servers:
            self._add(server)
        for server in servers:
            if server.state not in TRAFFIC and server.state is not State.DISABLED:
                say(self._traffic, server, "as it was before", self.tells)
            self._traffic.settled(server)
        for server in back:  # something may have been ordered meanwhile
            self.learn(server, self._known(server))

    def _add(self, server: Server) -> None:
        self._members.add(server)
        goes_on = not server.changed and self._recalled(server)
        server.changed = server.changed or self._clock.seconds()
        if self._rules.lazily:
            server.watched = True
        else:
            self._make_check(server)
        if server.state is State.EJECTED:
            self._eject_until(server, server.until)
        if goes_on and server.state in TRAFFIC:
            self._go_on(server)
        else:
            self._enter(server)

    def _recalled(self, server: Server) -> bool:
        """Have *server*, which is new, begin as it was known before, if it was."""
        rules = self._rules
        told = self._known(server)
        if told is None:
            return False
        asked = "" if rules.lazily else rules.asked(server)
        terms = Terms(asked, rules.failures > 0, self._slow_start.lasts)
        recall(server, told, terms, self._clock.seconds())
        if terms.ejects and server.ejected:
            self._recall_ejections(server, told.ejections)
        return True

    def _recall_ejections(self, server: Server, ejections: int) -> None:
        self._ejection.recall(server, ejections)
        server.watched |= ejections > 0

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
        """Have it get sessions from now on, if its state says so."""
        if server.state in TRAFFIC:
            server.since = self._clock.seconds()
            self._go_on(server)

    def _go_on(self, server: Server) -> None:
        """Have it get sessions, as it does since ``server.since``."""
        if server.state is State.STARTING and self._rules.slow_start:
            self._traffic.enter(server, self._slow_start.begin(server))
            return
        server.state = step(server.state, Event.WARM)
        self._traffic.enter(server, server.weight)

    def _warm(self, server: Server) -> None:
        self.tell(server, Event.WARM, "slow_start is over")

    def stop(self) -> None:
        """Check nothing and time nothing any more."""
        for check in self._checks.values():
            check.stop()
        for server in tuple(self._timers):
            self._stop_timer(server)
        self._slow_start.close()
        self._members.clear()  # what dials still find is of no consequence

    # What is known of a server

    def check(self, server: Server) -> Checking | None:
        """Its check; None: it has none."""
        return self._checks.get(server)

    def due(self, server: Server) -> float | None:
        """When its ejection ends or its share grows, if either will."""
        timer = self._timers.get(server)
        return self._slow_start.due(server) if timer is None else timer.getTime()

    # What happens

    def dialed(self, server: Server) -> None:
        """A dial of *server*, which is ``watched``, was answered."""
        server.failing = server.watched = False
        if self._ejection.succeeded(server):
            self._tell_others(server)
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
            server.ejected = self._clock.seconds()
            why = f"for {seconds:g} s: {why}"
            self._eject(server, why, server.ejected + seconds, aloud=True)
            self._tell_others(server)

    def _eject(self, server: Server, why: str, until: float, aloud: bool) -> None:
        self._change(server, Event.EJECT, why, aloud)
        self._eject_until(server, until)
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
        server.ordered = self._clock.seconds()
        self._order(server, event)
        self._tell_others(server)

    def _order(self, server: Server, event: Event) -> None:
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
        before = server.state
        if self._change(server, event, why):
            self._traffic.settled(server)
        if server.state is not before:
            self._tell_others(server)

    def _change(
        self, server: Server, event: Event, why: str, aloud: bool | None = None
    ) -> bool:
        """
        As ``tell``, with sessions to be moved later; False: nothing changed.

        *aloud* is whether the log says so; None: where one process says it for all.
        """
        before, after = server.state, step(server.state, event)
        if after is before:
            return False
        server.state, server.changed, server.why = after, self._clock.seconds(), why
        if event is Event.WARM:
            return False
        self._stop_timer(server)
        server.until = 0.0 if before is State.EJECTED else server.until
        if before in TRAFFIC:
            self._traffic.leave(server)
            server.healthy = self._clock.seconds()
        if after is State.STARTING:
            self._enter(server)
        say(self._traffic, server, why, self.tells if aloud is None else aloud)
        return True

    # What all processes are to know of a server

    def state_of(self, server: Server) -> ServerState:
        """Where it stands, as it is told."""
        told = state_of(self._traffic.name, server)
        check = self._checks.get(server)
        if server.state is State.DISABLED:
            check = None  # what it found is of no consequence, and grows old
        return replace(
            told,
            ejections=self._ejection.ejections(server),
            asked=self._rules.asked(server),
            up=check.up if check is not None and check.sure else None,
            said=check.said if check is not None else "",
        )

    def _tell_others(self, server: Server) -> None:
        if self._rules.kept is not None:
            self._rules.kept.changed(self.state_of(server))

    def _known(self, server: Server) -> ServerState | None:
        """What is known of it beyond this process."""
        kept = self._rules.kept
        return kept.recall(server.name) if kept is not None else None

    def learn(self, server: Server, told: ServerState | None) -> None:
        """
        What another process has told of *server*: orders and ejections hold here, too.

        What its check finds and the end of an ejection come to each by themselves.  The
        last server that gets sessions here stays, as if its dials had failed here.
        """
        if told is None or server not in self._members:
            return
        if told.ordered > server.ordered and still_ordered(server, told):
            server.ordered = told.ordered
            self._order_too(server, _EVENTS.get(told.order, Event.READY))
        before = server.ejected, self._ejection.ejections(server) == 0
        if row_of(told) <= before or not is_same(server, told):
            return
        server.ejected = told.ejected
        if self._rules.failures:
            self._recall_ejections(server, told.ejections)
            if is_out(told, self._clock.seconds()):
                self._out_too(server, told)

    def _order_too(self, server: Server, event: Event) -> None:
        """As if it had been ordered when it was, whatever has come in between."""
        out = server.state is State.EJECTED and server.ordered <= server.ejected
        if event is Event.READY and out:
            return  # that came later
        if event is Event.DRAIN and server.state is State.DISABLED:
            self._change(server, Event.READY, "as ordered", aloud=False)
            if server in self._checks:
                self._checks[server].start()
        self._order(server, event)

    def _out_too(self, server: Server, told: ServerState) -> None:
        if server.state is State.EJECTED:
            self._stop_timer(server)
            self._eject_until(server, max(server.until, told.until))
        elif server.state in TRAFFIC and self._traffic.standing()[0] > 1:
            self._eject(server, told.why, told.until, aloud=False)

    def _stop_timer(self, server: Server) -> None:
        self._slow_start.stop(server)
        timer = self._timers.pop(server, None)
        if timer is not None:
            timer.cancel()


_EVENTS = {"drain": Event.DRAIN, "disable": Event.DISABLE}
"""What an order other than ``ready`` is here."""
