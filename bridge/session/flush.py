"""
After a reset: delivering what came before it.

Closing with a RST throws away what still sits in our own send buffer, so the other
side is only reset once the kernel says that everything was acknowledged, or nothing
more of it was for ``close`` seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.net.tcpinfo import unacknowledged
from bridge.session.flow import Event

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

    from bridge.net.direction import Direction
    from bridge.session.session import Session

POLL, SLOWEST, SLOWER = 0.02, 0.5, 1.25
"""
Seconds until the first look at what is still unacknowledged, and at most; each look is
so many times later than the one before.  The kernel has no event for "all of it is".
This only runs after a reset, but then, with a slow reader, for minutes.
"""


class Flush:
    """Drives *direction*, whose source was reset, to its end; then tells *session*."""

    def __init__(self, session: Session, direction: Direction) -> None:
        self._session = session
        self._direction = direction
        self._reactor = session.terms.house.pump.reactor
        self._close = session.terms.timeouts.close
        self._until = self._reactor.seconds() + self._close
        self._progress = 0
        self._wait = POLL
        self._timer: IDelayedCall | None = None

    def begin(self) -> None:
        """Read on until the reset itself comes."""
        direction = self._direction
        direction.ended = direction.urgent = True  # perhaps nobody told of a mark
        direction.move()

    def check(self) -> None:
        """Tell the session if this is over; otherwise look again soon."""
        self.cancel()
        direction, now = self._direction, self._reactor.seconds()
        waiting = unacknowledged(direction.sink.socket)
        # As in ``sweep``: it grows with what comes, and with what is acknowledged.
        progress = 2 * direction.bytes - direction.held - waiting
        if progress > self._progress:
            self._until = now + self._close
        self._progress = progress
        if (direction.over and not waiting) or now >= self._until:
            self._session.handle(Event.FLUSHED)
        else:
            direction.sink.hurry()
            wait = min(self._wait, self._until - now)
            self._timer = self._reactor.callLater(wait, self.check)
            self._wait = min(SLOWEST, SLOWER * self._wait)

    def cancel(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
