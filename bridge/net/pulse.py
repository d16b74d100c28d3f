"""
A clock that costs those who read it nothing, and whether this process gets to run.

Here: the time to a twentieth of a second, kept while the pump has work, and how much of
it the process could not use.  Not here: whose time that was (``spent``).

Whoever wants to know that time has passed compares the ``beat`` with the one it has
seen: no system call, no arithmetic.  While nothing is to do there is no beat, and no
timer.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

BEAT = 0.05
"""Seconds between two beats: twenty timers a second are 0.1 % of a core."""

LATE = 0.01
"""Seconds that a timer may be late before it is called so: a turn of the pump's own."""

SATURATED = 0.9
"""Share of a beat in which the process ran, or wanted to: it has nothing left."""

REST = 20
"""Beats without work after which there are no more: a second."""

_STAT = "/proc/self/schedstat"
"""
Nanoseconds on a processor, and runnable but waiting for one (sched-stats.rst in the
kernel's documentation), of the main thread.
"""


class Pulse:
    """One that stands still: nothing is counted.  What all of them have."""

    __slots__ = (
        "beat", "before", "lately", "newest", "rests", "saturated", "starved", "turned",
    )  # fmt: skip

    def __init__(self) -> None:
        self.beat = 0.0
        """The time, by the reactor's clock, or a moment ago."""
        self.before = -1.0
        """The beat before this one."""
        self.starved = 0.0
        """Seconds, of all, in which the process was to run and could not ..."""
        self.lately = 0.0
        """... and of those between the last two beats."""
        self.saturated = False
        """Between these it had no time left."""
        self.newest: object = None
        """What is counted of the sessions that began last: ``spent``'s."""
        self.rests = False
        """It is to ``begin`` when there is work."""
        self.turned = False
        """There was work since the last beat."""

    def begin(self) -> None:
        """There is work again."""

    def stop(self) -> None:
        """Beat no more."""


class Beating(Pulse):
    """By *clock*."""

    __slots__ = ("_clock", "_due", "_idle", "_ran", "_timer", "_waited")

    def __init__(self, clock: IReactorTime) -> None:
        super().__init__()
        self._clock = clock
        self._due = 0.0
        self._idle = 0
        self._ran = self._waited = 0.0
        self._timer: IDelayedCall | None = None
        self.beat = clock.seconds()
        self.rests = True

    def begin(self) -> None:
        self.rests, self._idle = False, 0
        self._ran, self._waited = scheduled()
        self._next(self._clock.seconds(), 0.0)

    def stop(self) -> None:
        timer, self._timer = self._timer, None
        self.rests = False
        if timer is not None and timer.active():
            timer.cancel()

    def _next(self, now: float, starved: float) -> None:
        self.before, self.beat = self.beat, now
        self.lately = starved
        self.starved += starved
        self._due = now + BEAT
        self._timer = self._clock.callLater(BEAT, self._tick)

    def _tick(self) -> None:
        now = self._clock.seconds()
        span, late = max(0.0, now - self.beat), now - self._due
        ran, waited = scheduled()
        ran, self._ran = ran - self._ran, ran
        waited, self._waited = waited - self._waited, waited
        self.saturated = ran + waited >= SATURATED * span
        if late < LATE:
            late = 0.0
        self._idle = 0 if self.turned else self._idle + 1
        self.turned = False
        if self._idle >= REST:
            self.rests, self._timer = True, None
        else:
            self._next(now, min(span, max(late, waited)))


def scheduled() -> tuple[float, float]:
    """
    Seconds for which the main thread has run, and has waited for a processor.

    Zeroes where the kernel does not say (CONFIG_SCHED_INFO).
    """
    try:
        fd = os.open(_STAT, os.O_RDONLY | os.O_CLOEXEC)
        try:
            ran, waited = os.read(fd, 100).split()[:2]
        finally:
            os.close(fd)
        return int(ran) / 1e9, int(waited) / 1e9
    except (OSError, ValueError):
        return 0.0, 0.0
