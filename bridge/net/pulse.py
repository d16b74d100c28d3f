"""
A clock that costs those who read it nothing, and whether this process gets to run.

Here: the time to a twentieth of a second, kept while the pump has work, and how much of
it the process could not use.  Not here: whose time that was (``spent``).

Whoever wants to know that time has passed compares the ``beat`` with the one it has
seen: no system call, no arithmetic.  While nothing is to do there is no beat, and no
timer.

How long it waited for a processor, the kernel tells.  Of a process that was stopped, or
whose virtual machine was, nobody tells, but a clock that was to be looked at meanwhile:
so it is, often, for a while after that was seen once.
"""

from __future__ import annotations

import os
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

BEAT = 0.05
"""Seconds between two beats: twenty timers a second are 0.1 % of a core."""

CLOSE = 0.01
"""Seconds between two looks at the clock while the process is stopped now and then."""

LATE = 0.01
"""
Seconds that it may sleep longer than it was to: more were not its own.  One turn of the
pump's (``pump.STRETCH``) is less.
"""

SATURATED = 0.9
"""Share of a beat in which the process ran, or wanted to: it has nothing left."""

REST = 20
"""Beats without work after which there are no more, and without a stop after which none
is looked out for: a second."""

_STAT = "/proc/self/schedstat"
"""
Nanoseconds on a processor, and runnable but waiting for one (sched-stats.rst in the
kernel's documentation), of the main thread.
"""


class Pulse:
    """One that stands still: nothing is counted.  What all of them have."""

    __slots__ = (
        "beat", "before", "due", "lately", "newest", "rests", "saturated", "starved",
        "turned",
    )  # fmt: skip

    def __init__(self) -> None:
        self.beat = 0.0
        """The time, by the reactor's clock, or a moment ago."""
        self.before = -1.0
        """The beat before this one."""
        self.due = inf
        """When it wants to look at the clock: the pump is to come to an end by then."""
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

    __slots__ = (
        "_account", "_clock", "_close", "_idle", "_looked", "_lost", "_ran", "_timer",
        "_used", "_waited",
    )  # fmt: skip

    def __init__(self, clock: IReactorTime) -> None:
        super().__init__()
        self._clock = clock
        self._account: Account | None = None
        self._idle = 0
        """Beats without work."""
        self._close = 0
        """Beats in which the clock is to be looked at more often than that."""
        self._ran = self._waited = 0.0
        """By the account, at the last look."""
        self._lost = self._used = 0.0
        """Since the last beat: not given, and made use of or waited for."""
        self._timer: IDelayedCall | None = None
        self.beat = self._looked = clock.seconds()
        self.rests = True

    def begin(self) -> None:
        self.rests, self._idle = False, 0
        if self._account is None:
            self._account = Account()
        self._ran, self._waited = self._account.read()
        self._looked = now = self._clock.seconds()
        self._strike(now)
        self._arm(now)

    def stop(self) -> None:
        timer, self._timer = self._timer, None
        self.rests, self.due = False, inf
        if timer is not None and timer.active():
            timer.cancel()
        account, self._account = self._account, None
        if account is not None:
            account.close()

    def _arm(self, now: float) -> None:
        every = CLOSE if self._close else BEAT
        self.due = now + every
        self._timer = self._clock.callLater(every, self._look)

    def _look(self) -> None:
        now, account = self._clock.seconds(), self._account
        assert account is not None
        ran, waited = account.read()
        ran, self._ran = ran - self._ran, ran
        waited, self._waited = waited - self._waited, waited
        span, self._looked = max(0.0, now - self._looked), now
        lost = not_given(span, CLOSE if self._close else BEAT, ran, waited)
        if lost > waited:
            self._close = REST
        self._lost += lost
        self._used += ran + waited
        if now > self.beat + BEAT - CLOSE / 2:
            self._strike(now)
            self._close = max(0, self._close - 1)
            self._idle = 0 if self.turned else self._idle + 1
            self.turned = False
            if self._idle >= REST:
                self.stop()
                self.rests = True
                return
        self._arm(now)

    def _strike(self, now: float) -> None:
        """It is *now*."""
        self.saturated = self._used > SATURATED * (now - self.beat)
        self.before, self.beat = self.beat, now
        self.lately = self._lost
        self.starved += self._lost
        self._lost = self._used = 0.0


def not_given(span: float, every: float, ran: float, waited: float) -> float:
    """
    Seconds of *span* in which the process would have run and could not.

    It *ran* and *waited* so long, and had wanted to sleep until *every* seconds of it
    were over; which it was, on average, for half of that when it was stopped.
    """
    if span - every - ran - waited < LATE:
        return min(span, waited)
    return span - max(ran, every / 2)


class Account:
    """The kernel's, of the process that makes it: kept open."""

    __slots__ = ("_fd",)

    def __init__(self) -> None:
        try:
            self._fd = os.open(_STAT, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._fd = -1

    def read(self) -> tuple[float, float]:
        """
        Seconds for which the main thread has run, and has waited for a processor.

        Zeroes where the kernel does not say (CONFIG_SCHED_INFO).
        """
        try:
            ran, waited = os.pread(self._fd, 100, 0).split()[:2]
            return int(ran) / 1e9, int(waited) / 1e9
        except (OSError, ValueError):
            return 0.0, 0.0

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
