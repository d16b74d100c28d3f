"""
Time-outs of one length, for thousands of sessions, with one timer.

Every session of a front has the same ``open`` deadline after its accept, every dial
of a farm the same ``connect_timeout``.  So they expire in the order they began: an
ordered dict is the whole data structure, and Twisted is asked for one timer, for
the oldest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from twisted.internet.interfaces import IDelayedCall, IReactorTime

T = TypeVar("T")


class Deadlines(dict[T, float]):
    """
    When each thing is due; *expired* is called with it then.

    ``deadlines[thing] = now + deadlines.seconds`` starts one, ``pop(thing, None)``
    stops it.  Both are calls of a dict and nothing more, since every session makes
    them; the one thing that must not be forgotten is to ``arm`` the timer when
    ``armed`` is false.  A thing that is started anew must be popped first: the
    order of insertion is the order of expiry.
    """

    def __init__(
        self, clock: IReactorTime, seconds: float, expired: Callable[[T], None]
    ) -> None:
        super().__init__()
        self.seconds = seconds
        self.armed = False
        self._clock = clock
        self._expired = expired
        self._timer: IDelayedCall | None = None

    def arm(self) -> None:
        """Have the timer run for what is started now."""
        self._set(self.seconds)

    def _set(self, seconds: float) -> None:
        self.armed = True
        self._timer = self._clock.callLater(seconds, self._check)

    def _check(self) -> None:
        """
        Expire what is due.

        The timer was set for something that is usually done by now; only then is it
        set for the oldest of the rest.
        """
        self.armed = False
        while self:
            thing, due = next(iter(self.items()))
            wait = due - self._clock.seconds()
            if wait > 0:
                if not self.armed:  # else: by what ``expired`` has started
                    self._set(wait)
                return
            del self[thing]
            self._expired(thing)

    def close(self) -> None:
        """Expire nothing any more."""
        self.clear()
        if self.armed and self._timer is not None:
            self._timer.cancel()
        self.armed = False
