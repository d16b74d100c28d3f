"""
After a reset: delivering what came before it.

Closing with a RST throws away what still sits in our own send buffer, so the other
side is only reset once the kernel says that everything was acknowledged, or nothing
more of it was for ``close`` seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bridge.net.marks import ENDED, URGENT
from bridge.net.tcpinfo import unacknowledged
from bridge.session.flow import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import IDelayedCall, IReactorTime

    from bridge.net.direction import Direction

POLL, SLOWEST, SLOWER = 0.02, 0.5, 1.25
"""
Seconds until the first look at what is still unacknowledged, and at most; each look is
so many times later than the one before.  The kernel has no event for "all of it is".
This only runs after a reset, but then, with a slow reader, for minutes.
"""


class Flushing(Protocol):
    """Whose bytes are delivered: a session."""

    def handle(self, event: Event) -> None:
        """It is FLUSHED."""

    def surely(self, step: Callable[..., object], *args: object) -> None:
        """Take *step*; a bug in it is the end of whom it was for."""


def delivered(direction: Direction) -> bool:
    """Whether nothing more comes of *direction*, and its sink has acknowledged all."""
    return direction.over and not unacknowledged(direction.sink.socket)


class Flush:
    """
    Drives *direction*, whose source was reset, to its end; then tells *flushing*.

    It is over if *close* seconds pass in which nothing is acknowledged.
    """

    def __init__(
        self,
        flushing: Flushing,
        direction: Direction,
        clock: IReactorTime,
        close: float,
    ) -> None:
        self._flushing = flushing
        self._direction = direction
        self._clock = clock
        self._close = close
        self._until = clock.seconds() + close
        self._progress = 0
        self._wait = POLL
        self._timer: IDelayedCall | None = None
        self._over = False

    def begin(self) -> None:
        """Read on until the reset itself comes, then wait for what is under way."""
        direction = self._direction
        direction.source.marks |= ENDED | URGENT  # perhaps nobody told of a mark
        direction.move()
        self.check()

    def check(self) -> None:
        """Tell if this is over; otherwise look again soon."""
        if self._over:  # within what began it
            return
        self._stop()
        direction, now = self._direction, self._clock.seconds()
        waiting = unacknowledged(direction.sink.socket)
        # As in ``sweep``: it grows with what comes, and with what is acknowledged.
        progress = 2 * direction.bytes - direction.held - waiting
        if progress > self._progress or direction.waits:
            self._until = now + self._close
        self._progress = progress
        if (direction.over and not waiting) or now >= self._until:
            self._flushing.handle(Event.FLUSHED)
        else:
            direction.sink.hurry()
            wait = min(self._wait, self._until - now)
            self._timer = self._clock.callLater(wait, self._look)
            self._wait = min(SLOWEST, SLOWER * self._wait)

    def _look(self) -> None:
        """As the timer has it: nobody else would look again if this one failed."""
        self._flushing.surely(self.check)

    def cancel(self) -> None:
        """Look no more.  Nobody is told."""
        self._over = True
        self._stop()

    def _stop(self) -> None:
        timer, self._timer = self._timer, None  # which refers to this, called or not
        if timer is not None and timer.active():
            timer.cancel()
