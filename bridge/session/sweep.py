"""
Idle time-outs without a timer per chunk.

Here: a walk over a front's sessions, several within each time-out, that compares every
session's progress with what it was at the last walk.  The data path pays nothing.  Not
here: whether a peer is gone (``gone``), a path broken (``vanishing``) or a heartbeat
due (``beats``), which are looked for on the way.

Time is what passes while walks go on: neither a clock that was set nor a process that
was stopped makes a session quiet, for nobody could move its bytes meanwhile.

Progress is a byte received, or a byte acknowledged by the side that it was sent to:
what drains from our own send buffers counts.  A session in which nothing is under way
is settled, and costs no system call until its bytes move again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.logger import Logger

from bridge.net.tcpinfo import unacknowledged
from bridge.session.flow import Event, State
from bridge.session.gone import Gone, hear_no_more

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

    from bridge.session.beats import Beats
    from bridge.session.live import Live
    from bridge.session.session import Session
    from bridge.session.terms import Terms
    from bridge.session.vanishing import Vanishing

SHARE = 4
"""Walks within the shortest time-out: a session ends up to a quarter of it late."""

GONE_SHARE = 8
"""The same within ``user_timeout``, whose beginning has to be seen first."""

SHORTEST, LONGEST = 0.02, 30.0
"""Seconds between walks, at least and at most: long time-outs are kept closely."""

STUCK = 10.0
"""At most, where it is to be seen within seven retransmission time-outs, which are 16
seconds at least, that a path lets nothing through."""

LATEST = 2.0
"""Periods from one walk to the next that are believed: more is no time that passed."""

PIECE, ASKED, ENDED = 400, 10, 40
"""
Sessions looked at before the pump has its turn, of which one whose sockets have to be
asked counts for as many as ASKED, and one that ends for ENDED: a millisecond at most.
"""

NEVER = float("inf")


class Sweep:
    """Ends the sessions of a running front that have been quiet for too long."""

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        terms: Terms,
        live: Live[Session],
        vanishing: Vanishing | None = None,
        beats: Beats | None = None,
    ) -> None:
        """*vanishing* and *beats* look at sessions, too, if there are any."""
        timeouts = terms.timeouts
        idle = NEVER if timeouts.idle is None else timeouts.idle
        self._limits = {
            State.READING: idle,  # by filters, who have directions already
            State.OPEN: idle,
            State.FRONT_ENDED: timeouts.half_closed,
            State.BACK_ENDED: timeouts.half_closed,
        }
        """For how long one may be quiet; the states before and after have their own."""
        self._live = live
        self._sessions = live.sessions
        self._front_gone = terms.timeouts.gone
        self._clock = clock
        self._vanishing = vanishing
        self._beats = beats
        longest = LONGEST if vanishing is None else STUCK
        every = NEVER if beats is None else beats.every / SHARE
        self._period = min(_period(terms), max(SHORTEST, min(longest, every)))
        self._now = 0.0
        """Seconds of walking; and by the clock, when this walk began."""
        self._began = self._before = clock.seconds()
        """... and when the one before it did."""
        self._gone = Gone()
        self._left: list[Session] = []
        """Those that this walk has still to come to."""
        self._spent = 0
        """On looks in this turn."""
        self._timer: IDelayedCall | None = None

    def start(self) -> None:
        self._began = self._before = self._clock.seconds()
        self._wait()

    def _wait(self) -> None:
        self._timer = self._clock.callLater(self._period, self._begin)

    def stop(self) -> None:
        self._left.clear()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def _begin(self) -> None:
        now = self._clock.seconds()
        self._now += min(max(0.0, now - self._began), LATEST * self._period)
        self._before, self._began = self._began, now
        self._left = list(self._sessions)  # ending one takes it out
        self._walk()

    def _walk(self) -> None:
        """Look at some, and go on after others had their turn."""
        self._spent = 0
        while self._left and self._spent < PIECE:
            session = self._left.pop()
            self._spent += 1
            try:
                self._look_at(session, self._now)
            except Exception:
                self._give_up(session)
        if self._left:
            self._timer = self._clock.callLater(0, self._walk)
        else:
            self._gone.walked()
            if self._vanishing is not None:
                self._vanishing.walked()
            self._wait()

    def _look_at(self, session: Session, now: float) -> None:
        limit = self._limits.get(session.state)
        up, down = session.up, session.down
        if limit is None or up is None or down is None:
            return
        if self._beats is not None:
            self._beat(session)
        received = up.bytes + down.bytes
        if session.seen != 2 * received and self._moves(session, received, now):
            return
        if now - session.since >= limit:
            if up.waits or down.waits or self._accompanied(session):
                session.since = now
                return
            self._spent += ENDED
            session.handle(Event.IDLE)

    def _accompanied(self, session: Session) -> bool:
        """Its data connection is there, and has its own time."""
        meetings = self._live.meetings
        return meetings is not None and meetings.moves(session)

    def _moves(self, session: Session, received: int, now: float) -> bool:
        """
        What has become of the bytes under way: True if that is all there is to say.

        Progress is twice what was received, less what is not delivered yet: it grows
        with both, and is even with what was received when there is nothing left.
        """
        self._spent += ASKED
        up, down, front, back = session.up, session.down, session.front, session.back
        assert up is not None and down is not None
        to_front = unacknowledged(front.socket)
        to_back = unacknowledged(back.socket) if back is not None else 0
        if self._vanishing is not None:
            self._suspect(session, to_front, to_back)
        held = up.held + down.held
        progress = 2 * received - held - to_front - to_back
        moved = progress > session.seen
        if moved:
            session.since = now
        session.seen = progress
        going = session.destination
        back_gone = going.gone if going is not None else None
        for stream, waiting, limit, event in (
            (front, to_front, self._front_gone, Event.FRONT_RESET),
            (back, to_back, back_gone, Event.BACK_RESET),
        ):
            if stream is None or not waiting or limit is None:
                continue
            if self._gone.look(stream, limit, now):
                session.reason = f"user_timeout: nothing acknowledged for {limit:g} s"
                hear_no_more(stream)
                session.handle(event)
                return True
        return moved

    # What is only told of is worth no session: a bug in it ends the telling.

    def _beat(self, session: Session) -> None:
        assert self._beats is not None
        try:
            if self._beats.look(session, self._before, self._began):
                self._spent += ENDED
        except Exception:
            self._log.failure("A bug in the gateway; there are no heartbeats any more")
            self._beats = None

    def _suspect(self, session: Session, to_front: int, to_back: int) -> None:
        assert self._vanishing is not None
        try:
            self._vanishing.look(session, to_front, to_back)
        except Exception:
            self._log.failure("A bug in the gateway; paths are looked at no more")
            self._vanishing = None

    # Bugs

    def _give_up(self, session: Session) -> None:
        """A bug of ours met *session*: the walk goes on without it."""
        self._log.failure("A bug in the gateway; the session is given up")
        try:
            session.crashed()
        except Exception:
            self._log.failure("... and so is the attempt to end it well")


def _period(terms: Terms) -> float:
    """Seconds between two walks."""
    timeouts = terms.timeouts
    shares = [(timeouts.idle, SHARE), (timeouts.half_closed, SHARE)]
    shares += [(timeouts.gone, GONE_SHARE)]
    shares += [(each.gone, GONE_SHARE) for each in terms.destinations]
    periods = [seconds / share for seconds, share in shares if seconds is not None]
    return max(SHORTEST, min(LONGEST, *periods))
