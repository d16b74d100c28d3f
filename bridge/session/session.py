"""
A session: carries out what the flow table says, and decides nothing.

Everything that happens to a client's connection becomes an event; the table names
the next state and the actions; the actions are the methods below.  The state is new
before the first action runs, so whatever an action sets off may come back in.

Not here: what is read first (``opening``), the way to a server (``attempt``), delivery
after a reset (``flush``).  Each is a member while it lasts, and the only one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar, TypeVar

from twisted.logger import Logger

from bridge.net.direction import join
from bridge.net.mapping import Refusal
from bridge.net.marks import ENDED, WAITING
from bridge.net.prefixes import NOBODY
from bridge.net.sockaddr import told_peer
from bridge.net.stream import Stream
from bridge.net.tcpinfo import why_broken
from bridge.net.tls import TLSStream
from bridge.session.attempt import Attempt
from bridge.session.complaint import WORTH, complain
from bridge.session.directions import between
from bridge.session.flow import Action, Ending, Event, State
from bridge.session.flush import Flush, delivered
from bridge.session.identifying import Identifying, identify
from bridge.session.live import UNSEEN, Live
from bridge.session.opening import Opening, Reading, Securing
from bridge.session.place import Place
from bridge.session.plan import Plan, Step, plan_of
from bridge.session.preface import Preface
from bridge.session.rare import UNSAID, Rare
from bridge.session.recording import tell, wanted

if TYPE_CHECKING:
    from bridge.net.direction import Direction
    from bridge.session.opening import Stage
    from bridge.session.terms import Terms
    from bridge.wire.proxy_value import ProxyHeader

T = TypeVar("T")

BUG = "A bug in the gateway; the session is given up"

_log = Logger()

# What every session meets: to look one up in its Enum takes as long as a call.
_ACCEPTED, _CLOSED, _DIALED = State.ACCEPTED, State.CLOSED, Event.DIALED
_UP_IS_OVER, _DOWN_IS_OVER = Event.FRONT_FINISHED, Event.BACK_FINISHED


class Session:
    """
    One client connection, *front*, with the server connection made for it.

    Owns both streams from ``begin`` to the end.
    """

    __slots__ = (
        "accepted", "at", "back", "destination", "down", "ended_in", "ending", "front",
        "live", "place", "rare", "reason", "seen", "since", "source", "state", "terms",
        "up",
    )  # fmt: skip

    asked, name, ahead = Rare[str](UNSAID), Rare[str](UNSAID), Rare[int](UNSAID)
    identity: Rare[ProxyHeader | None] = Rare(UNSAID)

    plan: ClassVar[Plan] = {}
    """The table with methods for its actions: looked up once an event."""

    def __init__(self, terms: Terms, live: Live[Session], front: Stream) -> None:
        self.terms = terms
        self.live = live
        self.front = front
        self.back: Stream | None = None
        self.up: Direction | None = None
        self.down: Direction | None = None
        self.state = _ACCEPTED
        self.ending: Ending | None = None
        self.ended_in = _ACCEPTED
        """The state in which the ending was decided."""
        self.reason = ""
        """Why it ends as it does, where the ending's word does not say it all."""
        self.rare = UNSAID
        self.source = NOBODY
        """Whom it is counted with (``admission``)."""
        self.destination = terms.destination
        """Where it goes; None where that is still to be read."""
        self.place: Place | None = None
        """What it has there, from the moment on that it goes there."""
        self.accepted = terms.house.seconds()
        self.seen = UNSEEN
        """Progress at the last sweep, and when it was last seen to grow."""
        self.since = self.accepted
        self.at: Identifying | Opening | Attempt | Flush | None = None
        """What it is at, before bytes flow and after."""

    @property
    def client(self) -> tuple[str, int]:
        """The kernel's other end, unless that has named somebody else."""
        return self.rare.client or told_peer(self.front.known)

    def begin(self, admission: Event) -> None:
        """Start with what the front says of this client."""
        self.terms.house.room.take()
        self.live.enter(self, self.accepted)
        self.handle(admission)

    def handle(self, event: Event) -> None:
        """
        The one way in for everything that happens.  Does not raise: a bug ends this
        session, and whoever told it of something goes on with the others.
        """
        before = self.state
        row = self.plan.get((before, event))
        if row is None:  # no row, no change: see flow
            return
        after, actions, ending = row
        self.state = after
        if ending is not None and self.ending is None:
            self.ending, self.ended_in = ending, before
        try:
            terms = self.terms
            if terms.house.trace is not None:
                terms.house.trace(terms.front, self.front.peer, before, event, after)
            if after is _CLOSED:
                self._close(actions)
            else:
                for action in actions:
                    action(self)
        except Exception:
            _log.failure(BUG)
            self.handle(Event.CRASHED)

    def surely(self, step: Callable[..., object], *args: object) -> None:
        """Take *step*, which is no event of its own: a bug in it ends this session."""
        try:
            step(*args)
        except Exception:
            _log.failure(BUG)
            self.handle(Event.CRASHED)

    def _close(self, actions: Iterable[Step]) -> None:
        """
        The last transition.

        What the sockets know is asked while they are open.  Then everything is let go
        of, cycles first: the collector shall find nothing.  All of it is, whatever one
        step meets.
        """
        listener, failures = self.terms.told, self.terms.house.failures
        if listener is not None:
            self.surely(tell, self, len(self.live.sessions), listener)
        if self.ending in WORTH:
            if self.ending is Ending.TLS_FAILED and self.ended_in is State.SECURING:
                self.live.counters.unsecured += 1
            if failures is not None:
                self.surely(complain, self, failures)
        up, down = self.up, self.down
        if up is not None and down is not None:
            # The pump may run them yet, on descriptors of another session by then.
            up.over = down.over = True
            if up.held or down.held or up.paced or down.paced:
                self.surely(up.stop)
                self.surely(down.stop)
        try:
            for action in actions:
                action(self)
        except Exception:
            _log.failure(BUG)
            self.surely(self.front.abort)
            if self.back is not None:
                self.surely(self.back.abort)
        self._let_go()
        if self.place is not None:
            self.surely(self.place.leave)
        self.surely(self.terms.house.room.give)

    def _let_go(self) -> None:
        """Refer to nothing that may refer to this, and be no session of the front's."""
        at, self.at = self.at, None
        up = self.up.bytes if self.up is not None else 0
        down = self.down.bytes if self.down is not None else 0
        self.up = self.down = self.back = None
        ending = self.ending or Ending.ERROR
        self.live.leave(self, ending, up, down, self.accepted)
        if self.source != NOBODY:
            self.terms.admission.leave(self)
        if at is not None:
            self.surely(at.cancel)

    # What the opening and the attempt report

    def reached(self, back: Stream) -> None:
        """The server's handshake is through."""
        self.back, self.at, self.reason = back, None, ""  # not an earlier dial's
        if isinstance(back, TLSStream):
            back.linger = self.terms.timeouts.close
        self.live.opening.pop(self, None)
        self.handle(_DIALED)

    # What the deadlines report

    def late(self) -> None:
        """The ``open`` deadline passed."""
        self.reason = "open deadline"
        self.handle(Event.LATE)

    # What the pump reports

    def finished(self, direction: Direction) -> None:
        self.handle(_UP_IS_OVER if direction is self.up else _DOWN_IS_OVER)

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
        """A bug of ours met it."""
        self.handle(Event.CRASHED)

    # The actions: until there is a server

    def _open(self, stage: Callable[[Opening], Stage]) -> None:
        if not isinstance(self.at, Opening):
            self.at = Opening(self, self.terms, self.live.greeting)
        self.at.begin(stage)

    def _dial(self) -> None:
        destination, house = self.destination, self.terms.house
        assert destination is not None
        mapped = destination.mapped
        farm = destination.farm if mapped is None else mapped.find(*wanted(self))
        if isinstance(farm, Refusal):
            self.reason = str(farm)
            self.terms.admission.refused["map"] += 1
            self.handle(Event.DENIED)
            return
        at_once = self.at is None and self.up is None  # nothing came before
        now = self.accepted if at_once else house.seconds()
        self.place = place = Place(farm)
        if destination.send_proxy is not None and not self.rare.ahead:
            place.preface = Preface(self, destination.send_proxy)
        deadlines = self.live.dialing[destination]
        self.at = attempt = Attempt(self, place, deadlines, house, now)
        attempt.choose()

    # While bytes flow

    def _join(self) -> None:
        front, back, place = self.front, self.back, self.place
        assert back is not None and place is not None and place.server is not None
        self.up, self.down = up, down = between(front, back, self, self.terms)
        up.bytes = -self.rare.ahead  # which are not the client's
        join(up, down)
        if front.marks & (WAITING | ENDED):  # what came during the dial
            up.move()
            if place.rare.preface is not None and not up.bytes:
                back.hurry()  # that waited for bytes which are not there after all
        elif place.server.target.deferred:
            back.let_syn_go()

    def _end_front(self) -> None:
        self.seen = UNSEEN  # time begins anew
        self.front.end()

    def _end_back(self) -> None:
        assert self.back is not None
        self.seen = UNSEEN
        self.back.end()

    # The end

    def _deliver(self, direction: Direction | None, other: Direction | None) -> None:
        assert direction is not None and other is not None
        other.stop()
        if delivered(direction):
            self.handle(Event.FLUSHED)
            return
        clock, close = self.terms.house.pump.reactor, self.terms.timeouts.close
        self.at = flush = Flush(self, direction, clock, close)
        flush.begin()

    def _close_both(self) -> None:
        self.front.close()
        if self.back is not None:
            self.back.close()

    def _abort_both(self) -> None:
        self.front.abort()
        if self.back is not None:
            self.back.abort()


def _of(kind: type[T], step: Callable[[T], object]) -> Step:
    """An action for what the session is at to carry out, if it is at that."""
    return lambda session: step(session.at) if isinstance(session.at, kind) else None


def _stage(stage: Callable[[Opening], Stage]) -> Step:
    """An action that begins *stage* of the opening."""
    return lambda session: session._open(stage)


EXECUTE: dict[Action, Step] = {
    Action.IDENTIFY: identify,
    Action.READ: _stage(Reading),
    Action.READ_NO_MORE: _of(Opening, Opening.give_up),
    Action.SECURE: _stage(Securing),
    Action.DIAL: Session._dial,
    Action.DIAL_SERVER: _of(Attempt, Attempt.dial),
    Action.DIAL_ANOTHER: _of(Attempt, Attempt.dial_another),
    Action.FAIL_DIAL: _of(Attempt, Attempt.fail_dial),
    Action.LEAVE_QUEUE: _of(Attempt, Attempt.leave_queue),
    Action.CANCEL_DIAL: _of(Attempt, Attempt.cancel),
    Action.JOIN: Session._join,
    Action.END_FRONT: Session._end_front,
    Action.END_BACK: Session._end_back,
    Action.FREE_PLACE: lambda session: session.place.free() if session.place else None,
    Action.FLUSH_FRONT: lambda session: session._deliver(session.down, session.up),
    Action.FLUSH_BACK: lambda session: session._deliver(session.up, session.down),
    Action.CHECK_FLUSH: _of(Flush, Flush.check),
    Action.CLOSE: Session._close_both,
    Action.ABORT: Session._abort_both,
}

Session.plan = plan_of(EXECUTE)
