"""
A session: carries out what the flow table says, and decides nothing.

Everything that happens to a client's connection becomes an event; the table names
the next state and the actions; the actions are the methods below.  The state is new
before the first action runs, so whatever an action sets off may come back in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from bridge.net.dial import Dial
from bridge.net.splice import Splice
from bridge.net.stream import join
from bridge.session import telling
from bridge.session.back import BackFactory
from bridge.session.flow import TABLE, Action, Ending, Event, State
from bridge.session.flush import Flush

if TYPE_CHECKING:
    from bridge.farm import Server
    from bridge.net.stream import Stream
    from bridge.session.terms import Terms


class Session:
    """
    One client connection, *front*, with the server connection made for it.

    Owns both streams from ``begin`` to the end.
    """

    __slots__ = (
        "_dial", "_flush", "accepted", "attempts", "back", "dial_began", "dialed",
        "down", "ended_in", "ending", "front", "quiet", "reason", "seen", "server",
        "state", "terms", "tried", "up",
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
        self.accepted = terms.seconds()
        self.dial_began: float | None = None
        self.dialed: float | None = None
        self.seen = 0
        """Progress at the last sweep, and for how many sweeps there was none."""
        self.quiet = 0
        self._dial: Dial | None = None
        self._flush: Flush | None = None

    def begin(self, admission: Event) -> None:
        """Start with what the front says of this client."""
        terms = self.terms
        terms.house.room.taken += 1
        terms.sessions.add(self)
        terms.counters.accepted += 1
        self.handle(admission)

    def handle(self, event: Event) -> None:
        """The one way in for everything that happens."""
        before = self.state
        row = _PLAN.get((before, event))
        if row is None:  # no row, no change: see flow
            return
        after, actions, ending = row
        self.state = after
        if self.terms.house.trace is not None:
            self.terms.house.trace(self, before, event)
        if ending is not None and self.ending is None:
            self.ending, self.ended_in = ending, before
        if after is State.CLOSED:
            self._close(actions)
        else:
            for action in actions:
                action(self)

    def _close(self, actions: Iterable[Callable[[Session], None]]) -> None:
        """
        The last transition.

        What the sockets know is asked while they are open.  Then everything is let go
        of, cycles first: the collector shall find nothing.
        """
        terms, up, down = self.terms, self.up, self.down
        record = telling.record_of(self) if terms.told is not None else None
        if up is not None and down is not None:
            # The pump may still have been asked to run them, on descriptors that will
            # be another session's by then.
            up.over = down.over = True
            if up.held or down.held:
                up.stop()
                down.stop()
            terms.counters.up += up.bytes
            terms.counters.down += down.bytes
        for action in actions:
            action(self)
        if self._flush is not None:
            self._flush.cancel()
        if self.dialed is None:
            terms.opening.pop(self, None)
            terms.dialing.pop(self, None)
        self.up = self.down = self.back = self._dial = self._flush = None
        if self.server is not None:
            self.server.active -= 1
            terms.farm.active -= 1
        terms.sessions.discard(self)
        room = terms.house.room
        room.taken -= 1
        if room.waiting:
            room.resume()
        terms.counters.endings[(self.ending or Ending.ERROR)._value_] += 1
        if record is not None and terms.told is not None:
            terms.told(record)

    # What the two protocols, the directions and the clock report

    def dialed_to(self, back: Stream) -> None:
        """The server's handshake is through."""
        self.back = back
        self._dial = None
        self.tried = ()
        terms = self.terms
        self.dialed = terms.seconds()
        terms.dialing.pop(self, None)
        terms.opening.pop(self, None)
        self.handle(Event.DIALED)

    def attempt_failed(self, reason: str) -> None:
        """One dial failed: another server, while there are retries."""
        self.reason = reason
        self._dial = None
        self.terms.dialing.pop(self, None)
        if self.state is not State.DIALING:
            return
        if self.attempts <= self.terms.farm.retries:
            if self.server is not None:
                self.server.active -= 1
            self._attempt(self.terms.seconds())
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

    def _dial_first(self) -> None:
        terms = self.terms
        terms.farm.active += 1
        self.dial_began = now = terms.seconds()
        opening = terms.opening
        opening[self] = now + opening.seconds
        if not opening.armed:
            opening.arm()
        self._attempt(now)

    def _attempt(self, now: float) -> None:
        """Dial the farm's next server."""
        terms = self.terms
        server = self.server = terms.farm.choose(self.tried)
        self.tried += (server,)
        self.attempts += 1
        server.active += 1
        dialing = terms.dialing
        dialing[self] = now + dialing.seconds
        if not dialing.armed:
            dialing.arm()
        self._dial = dial = Dial(terms.house.pump, server.target, BackFactory(self))
        dial.connect()

    def _cancel_dial(self) -> None:
        if self._dial is not None:
            self._dial.disconnect()

    def _join(self) -> None:
        front, back = self.front, self.back
        assert back is not None
        pipes = self.terms.house.pipes
        self.up = up = Splice(pipes, front, back, self)
        self.down = down = Splice(pipes, back, front, self)
        join(front, back, up, down)
        if front.readable or front.ended:  # what came during the dial
            up.move()
        elif self.server is not None and self.server.target.deferred:
            back.let_syn_go()

    def _flush_back(self) -> None:
        self._begin_flush(self.up, self.down)

    def _flush_front(self) -> None:
        self._begin_flush(self.down, self.up)

    def _begin_flush(self, direction: Splice | None, other: Splice | None) -> None:
        assert direction is not None and other is not None
        other.stop()
        self._flush = Flush(self, direction)
        self._flush.begin()
        self._check_flush()

    def _check_flush(self) -> None:
        if self._flush is not None:  # else: over already, within what began it
            self._flush.check()

    def _end_back(self) -> None:
        assert self.back is not None
        self.back.end()

    def _close_both(self) -> None:
        self.front.close()
        if self.back is not None:
            self.back.close()

    def _abort_both(self) -> None:
        self.front.abort()
        if self.back is not None:
            self.back.abort()


_EXECUTE: dict[Action, Callable[[Session], None]] = {
    Action.DIAL: Session._dial_first,
    Action.CANCEL_DIAL: Session._cancel_dial,
    Action.JOIN: Session._join,
    Action.END_FRONT: lambda session: session.front.end(),
    Action.END_BACK: Session._end_back,
    Action.FLUSH_FRONT: Session._flush_front,
    Action.FLUSH_BACK: Session._flush_back,
    Action.CHECK_FLUSH: Session._check_flush,
    Action.CLOSE: Session._close_both,
    Action.ABORT: Session._abort_both,
}

_PLAN = {
    key: (after, tuple(_EXECUTE[action] for action in actions), ending)
    for key, (after, actions, ending) in TABLE.items()
}
"""The table with methods for its actions: looked up once an event, not once each."""
