"""
Heartbeats: what is told of a long session before its end, ``log.every``.

The sweep comes by anyway, and asks here whether one is due.  No session has a timer or
remembers anything for it: each has its own phase within the interval, so that those
that came at once, after a restart, are not told of at once.  Not here: what becomes of
such a record, which says of itself that it is none of an end (``watch.record``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bridge.session.recording import record_of

if TYPE_CHECKING:
    from bridge.session.session import Session
    from bridge.watch.record import Record

_SPREAD = 2654435761
"""A prime near 2**32 over the golden ratio: neighbours in memory get far phases (Knuth,
The Art of Computer Programming, vol. 3, section 6.4)."""


class Beats:
    """
    *every* so many seconds *told* gets the record of a session that is as old, which is
    one of *active* sessions.
    """

    def __init__(
        self,
        every: float,
        told: Callable[[Record], None],
        active: Callable[[], int],
    ) -> None:
        self.every = every
        self._told = told
        self._active = active

    def look(self, session: Session, before: float, now: float) -> bool:
        """
        Tell of *session* if its time has come between two moments of the clock.
        Whether it had.
        """
        every, age = self.every, now - session.accepted
        if age < every:
            return False
        shift = (id(session) >> 4) * _SPREAD % (1 << 32) / (1 << 32) * every
        turn = (age + shift) // every
        if turn == (before - session.accepted + shift) // every:
            return False
        if not session.name:  # its last record has the same
            session.name = session.terms.house.next_name()
        record = record_of(session, self._active())
        self._told(record._replace(ending="", letters="--", reason="", lost=0))
        return True
