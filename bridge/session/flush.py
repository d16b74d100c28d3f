"""
After a reset: delivering what came before it.

Closing with a RST throws away what still sits in our own send buffer, so the other
side is only reset once the kernel says that everything was acknowledged, or ``close``
seconds were not enough for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.net.tcpinfo import unacknowledged
from bridge.session.flow import Event

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

    from bridge.net.direction import Direction
    from bridge.session.session import Session

POLL = 0.02
"""
Seconds between looks at what is still unacknowledged.  The kernel has no event for
"all of it is"; this only runs after a reset.
"""


class Flush:
    """Drives *direction*, whose source was reset, to its end; then tells *session*."""

    def __init__(self, session: Session, direction: Direction) -> None:
        self._session = session
        self._direction = direction
        self._reactor = session.terms.house.pump.reactor
        self._until = self._reactor.seconds() + session.terms.timeouts.close
        self._timer: IDelayedCall | None = None

    def begin(self) -> None:
        """Read on until the reset itself comes."""
        self._direction.ended = True
        self._direction.move()

    def check(self) -> None:
        """Tell the session if this is over; otherwise look again soon."""
        self.cancel()
        direction = self._direction
        delivered = direction.over and not unacknowledged(direction.sink.socket)
        if delivered or self._reactor.seconds() >= self._until:
            self._session.handle(Event.FLUSHED)
        else:
            direction.sink.hurry()
            self._timer = self._reactor.callLater(POLL, self.check)

    def cancel(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
