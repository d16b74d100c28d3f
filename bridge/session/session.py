"""
A session: carries out what the flow table says, and decides nothing.

Everything that happens to a client's connection becomes an event; the table names
the next state and the actions; the actions are the methods below.  The state is new
before the first action runs, so whatever an action sets off may come back in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bridge.net.dial import Dial
from bridge.net.splice import Splice
from bridge.net.tcpinfo import unacknowledged
from bridge.session import telling
from bridge.session.back import BackFactory
from bridge.session.flow import Action, Ending, Event, State, step

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

    from bridge.farm import Server
    from bridge.net.stream import Stream
    from bridge.session.terms import Terms

FLUSH_POLL = 0.02
"""
Seconds between looks at what a reset side's last bytes still have to go.  The kernel
has no event for "all acknowledged"; this only runs after a reset.
"""


class Session:
    """
    One client connection, *front*, with the server connection made for it.

    Owns both streams from ``begin`` to the end.
    """

    __slots__ = (
        "_dial", "_flush_until", "_timer", "accepted", "attempts", "back",
        "dial_began", "dialed", "down", "ended_in", "ending", "front", "quiet",
        "reason", "seen", "server", "state", "terms", "tried", "up",
    )  # fmt: skip

    def __init__(self, terms: Terms, front: Stream) -> None:
        self.terms = terms
        self.front = front
        self.back: Stream | None = None
        self.up: Splice | None = None
        self.down: Splice | None = None
        self.state = State.ACCEPTED
        self.ending: Ending | None = None
        self.ended_in = State.ACCEPTED
        """The state in which the ending was decided."""
        self.server: Server | None = None
        self.tried: tuple[Server, ...] = ()
        """Servers dialed so far; forgotten when one answers."""
        self.attempts = 0
        self.reason = ""
        """Why the last dial failed."""
        self.accepted = terms.house.pump.reactor.seconds()
        self.dial_began: float | None = None
        self.dialed: float | None = None
        self.seen = 0
        """Progress at the last sweep, and for how many sweeps there was none."""
        self.quiet = 0
        self._dial: Dial | None = None
        self._timer: IDelayedCall | None = None
        self._flush_until = 0.0

    def begin(self, admission: Event) -> None:
        """Start with what the front says of this client."""
        terms = self.terms
        terms.house.room.enter()
        terms.sessions.add(self)
        terms.counters.accepted += 1
        self.handle(admission)

    def handle(self, event: Event) -> None:
        """The one way in for everything that happens."""
        before = self.state
        after, actions, ending = step(before, event)
        self.state = after
        trace = self.terms.house.trace
        if trace is not None:
            trace(self, before, event)
        if ending is not None and self.ending is None:
            self.ending, self.ended_in = ending, before
        if after is not State.CLOSED:
            for action in actions:
                _EXECUTE[action](self)
        elif before is not State.CLOSED:
            self._close(actions)

    def _close(self, actions: tuple[Action, ...]) -> None:
        """The last transition.  What the sockets know is asked while they are open."""
        terms = self.terms
        record = telling.record_of(self) if terms.told is not None else None
        for direction in (self.up, self.down):
            if direction is not None:
                direction.stop()
                terms.counters.up += direction.bytes if direction is self.up else 0
                terms.counters.down += direction.bytes if direction is self.down else 0
        for action in actions:
            _EXECUTE[action](self)
        if self._timer is not None:
            self._timer.cancel()
        self._leave()
        if record is not None and terms.told is not None:
            terms.told(record)

    def _leave(self) -> None:
        """Let go of everything, cycles first: the collector shall find nothing."""
        terms = self.terms
        self.up = self.down = self.back = self._dial = self._timer = None
        terms.opening.stop(self)
        terms.dialing.stop(self)
        terms.sessions.discard(self)
        if self.ending is not None:
            terms.counters.endings[self.ending.value] += 1
        if self.server is not None:
            self.server.active -= 1
            terms.farm.active -= 1
        terms.house.room.leave()

    # What the two protocols, the directions and the clock report

    def dialed_to(self, back: Stream) -> None:
        """The server's handshake is through."""
        self.back = back
        self._dial = None
        self.tried = ()
        self.dialed = self.terms.house.pump.reactor.seconds()
        self.terms.dialing.stop(self)
        self.terms.opening.stop(self)
        self.handle(Event.DIALED)

    def attempt_failed(self, reason: str) -> None:
        """One dial failed: another server, while there are retries."""
        self.reason = reason
        self._dial = None
        self.terms.dialing.stop(self)
        if self.state is not State.DIALING:
            return
        if self.attempts <= self.terms.farm.retries:
            self._attempt()
        else:
            self.handle(Event.DIAL_FAILED)

    def unanswered(self) -> None:
        """``connect_timeout`` passed."""
        self._cancel_dial()
        self.attempt_failed("connect_timeout")

    def late(self) -> None:
        """The ``open`` deadline passed."""
        self.reason = "open deadline"
        self.handle(Event.LATE)

    def finished(self, direction: Splice) -> None:
        front = direction is self.up
        self.handle(Event.FRONT_FINISHED if front else Event.BACK_FINISHED)

    def broken(self, stream: Stream) -> None:
        front = stream is self.front
        self.handle(Event.FRONT_RESET if front else Event.BACK_RESET)

    def crashed(self) -> None:
        self.handle(Event.CRASHED)

    @property
    def progress(self) -> int:
        """A number that grows with every byte received and every byte delivered."""
        if self.up is None or self.down is None:
            return 0
        received = self.up.bytes + self.down.bytes
        return 2 * received - self.up.held - self.down.held

    # The actions

    def _attempt(self) -> None:
        """Dial the farm's next server."""
        terms = self.terms
        if self.server is not None:
            self.server.active -= 1
        else:
            terms.farm.active += 1
            self.dial_began = terms.house.pump.reactor.seconds()
        server = self.server = terms.farm.choose(self.tried)
        self.tried += (server,)
        self.attempts += 1
        server.active += 1
        terms.dialing.start(self)
        self._dial = Dial(terms.house.pump, server.target, BackFactory(self))
        self._dial.connect()

    def _begin_dial(self) -> None:
        self.terms.opening.start(self)
        self._attempt()

    def _cancel_dial(self) -> None:
        if self._dial is not None:
            self._dial.disconnect()

    def _join(self) -> None:
        front, back = self.front, self.back
        assert back is not None
        pipes = self.terms.house.pipes
        self.up = up = Splice(pipes, front, back, self)
        self.down = down = Splice(pipes, back, front, self)
        readable = front.readable or front.ended
        front.join(up, down)
        back.join(down, up)
        if readable:  # what came during the dial; its edge is over
            up.move()

    def _flush_back(self) -> None:
        assert self.up is not None and self.down is not None
        self.down.stop()
        self._flush(self.up)

    def _flush_front(self) -> None:
        assert self.up is not None and self.down is not None
        self.up.stop()
        self._flush(self.down)

    def _flush(self, direction: Splice) -> None:
        """Deliver what the reset source had sent, for at most ``close`` seconds."""
        now = self.terms.house.pump.reactor.seconds()
        self._flush_until = now + self.terms.timeouts.close
        direction.ended = True
        direction.move()
        if self.state is not State.CLOSED:
            self._check_flush(direction)

    def _check_flush(self, direction: Splice) -> None:
        self._timer = None
        reactor = self.terms.house.pump.reactor
        delivered = direction.over and not unacknowledged(direction.sink.socket)
        if delivered or reactor.seconds() >= self._flush_until:
            self.handle(Event.FLUSHED)
        else:
            self._timer = reactor.callLater(FLUSH_POLL, self._check_flush, direction)

    def _end_back(self) -> None:
        assert self.back is not None
        self.back.end()

    def _close_back(self) -> None:
        if self.back is not None:
            self.back.close()

    def _abort_back(self) -> None:
        if self.back is not None:
            self.back.abort()


_EXECUTE: dict[Action, Callable[[Session], None]] = {
    Action.DIAL: Session._begin_dial,
    Action.CANCEL_DIAL: Session._cancel_dial,
    Action.JOIN: Session._join,
    Action.END_FRONT: lambda session: session.front.end(),
    Action.END_BACK: Session._end_back,
    Action.FLUSH_FRONT: Session._flush_front,
    Action.FLUSH_BACK: Session._flush_back,
    Action.CLOSE_FRONT: lambda session: session.front.close(),
    Action.CLOSE_BACK: Session._close_back,
    Action.ABORT_FRONT: lambda session: session.front.abort(),
    Action.ABORT_BACK: Session._abort_back,
}
