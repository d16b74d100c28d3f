"""
Idle time-outs without a timer per chunk.

A few times within each time-out, one walk over a front's sessions compares every
session's progress with what it was at the last walk.  The data path pays nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from twisted.internet.task import LoopingCall

from bridge.session.flow import Event, State

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from bridge.session.session import Session
    from bridge.session.terms import Terms

SHARE = 4
"""Walks within the shortest time-out: a session ends up to a quarter of it late."""

LONGEST = 30.0
"""Seconds between walks at most, so that long time-outs are kept closely."""

_HALF_CLOSED = (State.FRONT_ENDED, State.BACK_ENDED)


class Sweep:
    """Ends the sessions of *terms* that have been quiet for too long."""

    def __init__(self, clock: IReactorTime, terms: Terms) -> None:
        timeouts = terms.timeouts
        self._sessions = terms.sessions
        self._period = min(LONGEST, timeouts.idle / SHARE, timeouts.half_closed / SHARE)
        self._idle = math.ceil(timeouts.idle / self._period)
        self._half_closed = math.ceil(timeouts.half_closed / self._period)
        self._loop = LoopingCall(self.walk)
        self._loop.clock = clock

    def start(self) -> None:
        self._loop.start(self._period, now=False)

    def stop(self) -> None:
        if self._loop.running:
            self._loop.stop()

    def walk(self) -> None:
        """Compare, and end what has not moved."""
        for session in tuple(self._sessions):  # ending one takes it out
            self._look_at(session)

    def _look_at(self, session: Session) -> None:
        progress = session.progress
        if progress != session.seen:
            session.seen = progress
            session.quiet = 0
            return
        session.quiet += 1
        most = self._half_closed if session.state in _HALF_CLOSED else self._idle
        if session.quiet > most:
            session.handle(Event.IDLE)
