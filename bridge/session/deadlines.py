"""
Time-outs of one length, for thousands of sessions, with one timer.

Every session of a front has the same ``open`` deadline after its accept, every dial
of a farm the same ``connect_timeout``.  So they expire in the order they began: an
ordered dict is the whole data structure, and Twisted is asked for one timer, for
the oldest.  Starting or cancelling one costs a dict operation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from twisted.internet.interfaces import IDelayedCall, IReactorTime

T = TypeVar("T")


class Deadlines(Generic[T]):
    """Calls *expired* with what was started *seconds* ago and not stopped since."""

    def __init__(
        self, clock: IReactorTime, seconds: float, expired: Callable[[T], None]
    ) -> None:
        self._clock = clock
        self._seconds = seconds
        self._expired = expired
        self._due: dict[T, float] = {}
        self._timer: IDelayedCall | None = None

    def start(self, thing: T) -> None:
        """Begin, or begin anew."""
        self._due.pop(thing, None)
        self._due[thing] = self._clock.seconds() + self._seconds
        if self._timer is None:
            self._timer = self._clock.callLater(self._seconds, self._check)

    def stop(self, thing: T) -> None:
        """It is done, or was never started."""
        self._due.pop(thing, None)

    def _check(self) -> None:
        """
        Expire what is due.

        The timer was set for something that is usually done by now; only then is it
        set for the oldest of the rest.
        """
        self._timer = None
        while self._due:
            thing, due = next(iter(self._due.items()))
            wait = due - self._clock.seconds()
            if wait > 0:
                if self._timer is None:  # else: set by what `expired` started
                    self._timer = self._clock.callLater(wait, self._check)
                return
            del self._due[thing]
            self._expired(thing)

    def close(self) -> None:
        """Expire nothing any more."""
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
