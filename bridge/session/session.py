"""
A session: carries out what the flow table says, and decides nothing.

Everything that happens to a client's connection becomes an event; the table names
the next state and the actions; the actions are the methods below.  The state is new
before the first action runs, so whatever an action sets off may come back in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from bridge.net.dial import NO_PORT, Dial
from bridge.net.race import Race
from bridge.net.splice import Splice
from bridge.net.stream import join
from bridge.session import telling
from bridge.session.back import BackFactory
from bridge.session.flow import TABLE, Action, Ending, Event, State
from bridge.session.flush import Flush

if TYPE_CHECKING:
    from bridge.farm.server import Server
    from bridge.net.stream import Stream
    from bridge.session.terms import Terms


class Session:
    """
    One client connection, *front*, with the server connection made for it.

    Owns both streams from ``begin`` to the end.
    """

    __slots__ = (
        "_dial", "_flush", "accepted", "attempts", "back", "dial_began", "dialed",
        "down", "ended_in", "ending", "front", "key", "queued", "quiet", "reason",
        "seen", "server", "source", "state", "terms", "tried", "unable", "up",
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
        self.key = 0
        """What the farm knows this client by, if that matters to it."""
        self.queued = 0
        """Its place in the farm's queue, from 1 on, if it had to wait."""
        self.source = ""
        """Of the farm's own addresses, the one this session has a port of."""
        self.unable: tuple[str, ...] = ()
        """Those that had no port left for a dial."""
        self.reason = ""
        """Why the last dial failed."""
        self.accepted = terms.seconds()
        self.dial_began: float | None = None
        self.dialed: float | None = None
        self.seen = 0
        """Progress at the last sweep, and for how many sweeps there was none."""
        self.quiet = 0
        self._dial: Dial | Race | None = None
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
        if self.ended_in is not State.ACCEPTED:
            terms.farm.active -= 1
            self._release()
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
        terms, server = self.terms, self.server
        if server is not None and server.failing:
            terms.farm.health.dialed(server)
        self.dialed = terms.seconds()
        terms.dialing.pop(self, None)
        terms.opening.pop(self, None)
        self.handle(Event.DIALED)

    def attempt_failed(self, reason: str, *, ours: bool = False) -> None:
        """
        One dial failed: another server, while there are retries.

        *ours*: for a reason that is this host's and says nothing of the server.
        """
        self.reason = reason
        self._dial = None
        terms, server = self.terms, self.server
        terms.dialing.pop(self, None)
        if self.state is not State.DIALING:
            return
        if server is not None:
            if not ours:
                terms.farm.health.dial_failed(server, reason)
            elif self.source:
                self.unable += (self.source,)
        if self.attempts <= terms.farm.retries:
            self._release()
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

    # What the farm reports of its queue

    def served(self, server: Server) -> None:
        self.server = server
        self.handle(Event.SERVED)

    def waited_long(self) -> None:
        self.handle(Event.QUEUED_LONG)

    def stranded(self) -> None:
        self.handle(Event.NO_SERVER)

    # What the pump reports

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
        farm = terms.farm
        farm.active += 1
        opening = terms.opening
        opening[self] = terms.seconds() + opening.seconds
        if not opening.armed:
            opening.arm()
        if farm.hashes:
            self.key = farm.key(telling.host_of(self.front.peer))
        self._attempt()

    def _attempt(self) -> None:
        """Dial the farm's choice, or learn that it has none."""
        farm = self.terms.farm
        server = self.server = farm.choose(self.key, self.tried)
        if server is not None:
            self._dial_server()
        elif not farm.available:
            self.handle(Event.NO_SERVER)
        elif farm.wait(self):
            self.queued = farm.waiting
            self.handle(Event.ALL_FULL)
        else:
            self.reason = "the farm is full"
            self.handle(Event.LIMITED)

    def _dial_server(self) -> None:
        """Dial the server that this session has a place at."""
        terms, server = self.terms, self.server
        assert server is not None
        self.tried += (server,)
        self.attempts += 1
        now = terms.seconds()
        if self.dial_began is None:
            self.dial_began = now
        dialing = terms.dialing
        dialing[self] = now + dialing.seconds
        if not dialing.armed:
            dialing.arm()
        if server.plain:
            self._dial = Dial(terms.house.pump, server.target, BackFactory(self))
        else:
            self._dial = self._dial_around(server)
        if self._dial is not None:
            self._dial.connect()
        else:
            self.attempt_failed(NO_PORT, ours=True)

    def _dial_around(self, server: Server) -> Dial | Race | None:
        """To a server with two addresses, or from one of several of ours."""
        pump, factory = self.terms.house.pump, BackFactory(self)
        if not server.ways:
            return Race(pump, server.race, factory)
        sources = self.terms.farm.sources
        source = sources.pick(tuple(server.ways), server.back, self.unable)
        if source is None:
            return None
        self.source = source
        sources.took(source, server.back)
        return Dial(pump, server.ways[source], factory)

    def _release(self) -> None:
        """Give back the place at the server, and the port."""
        server, farm = self.server, self.terms.farm
        if server is None:
            return
        if self.source:
            farm.sources.gave_back(self.source, server.back)
            self.source = ""
        self.server = None
        farm.release(server)

    def _leave_queue(self) -> None:
        self.terms.farm.unwait(self)

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
    Action.DIAL_SERVER: Session._dial_server,
    Action.LEAVE_QUEUE: Session._leave_queue,
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
