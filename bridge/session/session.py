"""
A session: carries out what the flow table says, and decides nothing.

Everything that happens to a client's connection becomes an event; the table names
the next state and the actions; the actions are the methods below.  The state is new
before the first action runs, so whatever an action sets off may come back in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from twisted.logger import Logger

from bridge.net.direction import join
from bridge.net.handshake import Handshake
from bridge.net.relay import Relay
from bridge.net.splice import Splice
from bridge.net.stream import READ_SIZE, Stream
from bridge.net.tcpinfo import why_broken
from bridge.net.tls import TLSStream
from bridge.session import recording
from bridge.session.attempt import Reaching
from bridge.session.choosing import ByCertificate, ByFarm
from bridge.session.complaint import WORTH, complain
from bridge.session.flow import TABLE, Action, Ending, Event, State
from bridge.session.flush import Flush
from bridge.session.opening import Greeting
from bridge.session.sweep import UNSEEN

if TYPE_CHECKING:
    from bridge.net.direction import Direction
    from bridge.net.security import Security, TLSError
    from bridge.session.terms import Terms

P = ParamSpec("P")
T = TypeVar("T")

BUG = "A bug in the gateway; the session is given up"

_log = Logger()


class Session(Reaching):
    """
    One client connection, *front*, with the server connection made for it.

    Owns both streams from ``begin`` to the end.  How it gets to its server is in
    ``attempt``.
    """

    __slots__ = (
        "_flush", "_greeting", "accepted", "down", "ended_in", "ending", "seen",
        "since", "up",
    )  # fmt: skip

    def __init__(self, terms: Terms, front: Stream) -> None:
        Reaching.__init__(self, terms, front)
        self.up: Direction | None = None
        self.down: Direction | None = None
        self.ending: Ending | None = None
        self.ended_in = State.ACCEPTED
        """The state in which the ending was decided."""
        self.accepted = terms.seconds()
        self.seen = UNSEEN
        """Progress at the last sweep, and when it was last seen to grow."""
        self.since = self.accepted
        self._flush: Flush | None = None
        self._greeting: Greeting | None = None
        """Of a client that has not said a word yet, and has time to."""

    def begin(self, admission: Event) -> None:
        """Start with what the front says of this client."""
        terms = self.terms
        terms.house.room.taken += 1
        terms.sessions.add(self)
        terms.counters.accepted += 1
        if admission is Event.LIMITED:
            self.reason = "limits.connections"
        self.handle(admission)

    def handle(self, event: Event) -> None:
        """
        The one way in for everything that happens.  Does not raise: a bug ends this
        session, and whoever told it of something goes on with the others.
        """
        before = self.state
        row = _PLAN.get((before, event))
        if row is None:  # no row, no change: see flow
            return
        after, actions, ending = row
        self.state = after
        if ending is not None and self.ending is None:
            self.ending, self.ended_in = ending, before
        try:
            if self.terms.house.trace is not None:
                self.terms.house.trace(self, before, event)
            if after is State.CLOSED:
                self._close(actions)
            else:
                for action in actions:
                    action(self)
        except Exception:
            _log.failure(BUG)
            self.handle(Event.CRASHED)

    def _close(self, actions: Iterable[Callable[[Session], None]]) -> None:
        """
        The last transition.

        What the sockets know is asked while they are open.  Then everything is let go
        of, cycles first: the collector shall find nothing.  All of it is, whatever one
        step meets.
        """
        terms = self.terms
        record = _surely(recording.record_of, self) if terms.told is not None else None
        if self.ending in WORTH:
            _surely(complain, self, self.ending)
        _surely(Session._stop_moving, self)
        try:
            for action in actions:
                action(self)
        except Exception:
            _log.failure(BUG)
            _surely(Stream.abort, self.front)
            if self.back is not None:
                _surely(Stream.abort, self.back)
        if self._flush is not None:
            self._flush.cancel()
        if self._greeting is not None:
            _surely(Session.greeted, self)
        if self.dialed is None:
            terms.opening.pop(self, None)
            terms.dialing.pop(self, None)
        self.up = self.down = self.back = self._dial = self._flush = None
        terms.sessions.discard(self)
        terms.counters.endings[(self.ending or Ending.ERROR)._value_] += 1
        if self.ended_in not in _BEFORE_FARM:
            terms.farm.active -= 1
            _surely(Session._release, self)
        room = terms.house.room
        room.taken -= 1
        if room.waiting:
            _surely(room.resume)
        if record is not None and terms.told is not None:
            _surely(terms.told, record)

    def _stop_moving(self) -> None:
        up, down = self.up, self.down
        if up is not None and down is not None:
            # The pump may still have been asked to run them, on descriptors that will
            # be another session's by then.
            up.over = down.over = True
            self.terms.counters.up += up.bytes
            self.terms.counters.down += down.bytes
            if up.held or down.held:
                up.stop()
                down.stop()

    # What the front's handshake reports

    def secured(self, stream: TLSStream) -> None:
        """The front's handshake is through."""
        self.handle(Event.SECURED)

    def unsecured(self, stream: TLSStream, error: TLSError) -> None:
        """The front's handshake failed."""
        self.front_failed(error)

    def front_failed(self, error: TLSError) -> None:
        """There will be no handshake, or it failed."""
        self.reason = str(error)
        try:  # with bytes unread, close(2) resets and the alert is lost
            self.front.socket.recv(READ_SIZE)
        except OSError:  # it will be said again
            pass
        self.handle(Event.TLS_FAILED)

    # What the pump reports

    def finished(self, direction: Direction) -> None:
        front = direction is self.up
        self.handle(Event.FRONT_FINISHED if front else Event.BACK_FINISHED)

    def broken(self, stream: Stream, error: OSError | None = None) -> None:
        front = stream is self.front
        if isinstance(stream, TLSStream) and stream.parted:
            self.handle(Event.FRONT_PARTED if front else Event.BACK_PARTED)
        else:
            if self.ending is None:
                fault = stream.fault if isinstance(stream, TLSStream) else ""
                self.reason = fault or why_broken(stream.socket, error)
            self.handle(Event.FRONT_RESET if front else Event.BACK_RESET)

    def front_lost(self) -> None:
        """The client was lost before its stream was joined."""
        if self.ending is None:
            self.reason = why_broken(self.front.socket)
        self.handle(Event.FRONT_RESET)

    def crashed(self) -> None:
        self.handle(Event.CRASHED)

    # The actions

    def _dial_first(self) -> None:
        self._begin_opening()
        self._enter_farm()

    def _begin_opening(self) -> None:
        """Let the ``open`` deadline run, from the accept on."""
        opening = self.terms.opening
        opening[self] = self.accepted + opening.seconds
        if not opening.armed:
            opening.arm()

    def _secure(self) -> None:
        """Let the front's handshake begin, with its certificate or by choosing one."""
        self._begin_opening()
        security = self.terms.security
        if security is not None:
            self.shake(security)
        else:
            Greeting(self.front, ByCertificate(self)).begin()

    def shake(self, security: Security) -> None:
        """Begin the front's handshake."""
        front = TLSStream(self.front, security, self.terms.timeouts.close)
        self.front = front
        Handshake(front, self).begin()

    def _read(self) -> None:
        """Read whom the client asks for; one who says nothing may have a farm too."""
        self._begin_opening()
        terms, greeting = self.terms, Greeting(self.front, ByFarm(self))
        greeting.begin()
        silent = self.state is State.READING and not greeting.seen
        if silent and terms.routes is not None and terms.routes.default is not None:
            self._greeting = greeting
            waiting = terms.greeting
            waiting[self] = terms.seconds() + waiting.seconds
            if not waiting.armed:
                waiting.arm()

    def silent(self) -> None:
        """The client has not said a word for ``greeting`` seconds."""
        greeting, self._greeting = self._greeting, None
        if greeting is not None and not greeting.seen:
            greeting.give_up()
            ByFarm(self).unspoken()

    def greeted(self) -> None:
        """The client has said enough, or left: it is not waited for any more."""
        if self._greeting is not None:
            self._greeting = None
            self.terms.greeting.pop(self, None)

    def _join(self) -> None:
        front, back = self.front, self.back
        assert back is not None
        if front.secure or back.secure:
            up: Direction = Relay(front, back, self)
            down: Direction = Relay(back, front, self)
        else:
            pipes = self.terms.house.pipes
            up = Splice(pipes, front, back, self)
            down = Splice(pipes, back, front, self)
        self.up, self.down = up, down
        join(up, down)
        if front.readable or front.ended:  # what came during the dial
            up.move()
        elif self.server is not None and self.server.target.deferred:
            back.let_syn_go()

    def _flush_back(self) -> None:
        self._begin_flush(self.up, self.down)

    def _flush_front(self) -> None:
        self._begin_flush(self.down, self.up)

    def _begin_flush(
        self, direction: Direction | None, other: Direction | None
    ) -> None:
        assert direction is not None and other is not None
        other.stop()
        self._flush = Flush(self, direction)
        self._flush.begin()
        self._check_flush()

    def _check_flush(self) -> None:
        if self._flush is not None:  # else: over already, within what began it
            self._flush.check()

    def _end_front(self) -> None:
        self.seen = UNSEEN  # time begins anew
        self.front.end()

    def _end_back(self) -> None:
        assert self.back is not None
        self.seen = UNSEEN
        self.back.end()

    def _close_both(self) -> None:
        self.front.close()
        if self.back is not None:
            self.back.close()

    def _abort_both(self) -> None:
        self.front.abort()
        if self.back is not None:
            self.back.abort()


def _surely(step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """Take *step*; a bug in it must not keep the next one from being taken."""
    try:
        return step(*args, **kwargs)
    except Exception:
        _log.failure(BUG)
        return None


_BEFORE_FARM = frozenset({State.ACCEPTED, State.SECURING, State.READING})

_EXECUTE: dict[Action, Callable[[Session], None]] = {
    Action.SECURE: Session._secure,
    Action.READ: Session._read,
    Action.DIAL_OPENING: Session._enter_farm,
    Action.DIAL: Session._dial_first,
    Action.DIAL_SERVER: Session._dial_server,
    Action.LEAVE_QUEUE: Session._leave_queue,
    Action.CANCEL_DIAL: Session._cancel_dial,
    Action.JOIN: Session._join,
    Action.END_FRONT: Session._end_front,
    Action.FREE_PLACE: Session._free_place,
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
