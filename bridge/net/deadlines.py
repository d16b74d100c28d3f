"""
Time-outs of one length, for thousands of things, with one timer.

Every session of a front has the same ``open`` deadline after its accept, every dial
of a farm the same ``connect_timeout``, everybody in a farm's queue the same patience.
So they expire in the order they began: an ordered dict is the whole data structure,
and Twisted is asked for one timer, for the oldest.  It is also a queue, whose first is
the one that has waited longest.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

T = TypeVar("T")

AT_ONCE = 128
"""
Things that expire in one turn of the reactor.  Each may be a session to close, some 60
microseconds: were all of 20,000 clients of a farm that hangs let go of in one turn,
nobody else would be served for a second.
"""


class Deadlines(OrderedDict[T, float]):
    """
    When each thing is due; *expired* is called with it then.

    ``deadlines[thing] = now + deadlines.seconds`` starts one, ``pop(thing, None)``
    stops it.  Both are calls of a dict and nothing more, since every session makes
    them; the one thing that must not be forgotten is to ``arm`` the timer when
    ``armed`` is false.  A thing that is started anew must be popped first: the
    order of insertion is the order of expiry.

    An ordered dict and no plain one, which would look for its first key among all
    that were deleted before it.
    """

    _log = Logger()

    def __init__(
        self, clock: IReactorTime, seconds: float, expired: Callable[[T], None]
    ) -> None:
        super().__init__()
        self.seconds = seconds
        self.armed = False
        self._clock = clock
        self._expired = expired
        self._timer: IDelayedCall | None = None

    @property
    def first(self) -> T | None:
        """The one that began first; None if there is none."""
        return next(iter(self), None)

    def arm(self) -> None:
        """Have the timer run for what is started now."""
        self._set(self.seconds)

    def _set(self, seconds: float) -> None:
        self.armed = True
        self._timer = self._clock.callLater(seconds, self._check)

    def _check(self) -> None:
        """
        Expire what is due, AT_ONCE at most; the rest has the reactor's next turn.

        The timer was set for something that is usually done by now; only then is it
        set for the oldest of the rest.
        """
        self.armed = False
        now = self._clock.seconds()
        for _ in range(AT_ONCE):
            thing = self.first
            if thing is None or self[thing] > now:
                break
            del self[thing]
            self._expire(thing)
        oldest = self.first
        if oldest is not None and not self.armed:  # else: by what ``expired`` started
            self._set(max(0.0, self[oldest] - self._clock.seconds()))

    def _expire(self, thing: T) -> None:
        try:
            self._expired(thing)
        except Exception:  # a bug of ours, and the others' time is over too
            self._log.failure("A bug in the gateway, met at a deadline")

    def close(self) -> None:
        """Expire nothing any more."""
        self.clear()
        if self.armed and self._timer is not None:
            self._timer.cancel()
        self.armed = False
