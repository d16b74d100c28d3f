"""Timers that end together: of something that has several, and an end."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Timers:
    """On *clock*, none yet."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._set: set[IDelayedCall] = set()

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        """Have *call* called, unless ``cancel`` is before."""

        def due() -> None:
            self._set.discard(timer)
            call()

        timer = self._clock.callLater(seconds, due)
        self._set.add(timer)

    def cancel(self) -> None:
        """None of them is due any more."""
        timers, self._set = self._set, set()
        for timer in timers:
            timer.cancel()
