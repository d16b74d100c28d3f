"""
Who waits for a moment, and is run then: one heap and one timer for all of them.

Here: the order of moments, and the reactor's one timer, for the first of them.  Not
here: who waits, and for what (``paced``).  Waits are short and many, and nobody's is
cut short by what happens to others: a heap does both cheaply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

T = TypeVar("T")


class Wait(Generic[T]):
    """Of *who*, until *when*."""

    __slots__ = ("when", "who")

    def __init__(self, when: float, who: T) -> None:
        self.when = when
        self.who: T | None = who
        """None once the wait is over, or called off."""

    def call_off(self) -> None:
        """Nobody waits any more, nor is referred to."""
        self.who = None


class Waits(Generic[T]):
    """Calls *due* when somebody's moment has come, who then asks for all of those."""

    def __init__(self, clock: IReactorTime, due: Callable[[], None]) -> None:
        self._clock = clock
        self._due = due
        self._heap: list[tuple[float, int, Wait[T]]] = []
        self._number = 0  # who waits for the same moment is run in order
        self._timer: IDelayedCall | None = None
        self._set_for = 0.0

    def add(self, who: T, when: float) -> Wait[T]:
        """*who* waits until *when*, by the clock."""
        wait = Wait(when, who)
        self._number += 1
        heappush(self._heap, (when, self._number, wait))
        if self._timer is None or when < self._set_for:
            self._set()
        return wait

    def over(self) -> Iterator[T]:
        """Those whose moment has come, in order; each waits no longer."""
        heap, now = self._heap, self._clock.seconds()
        while heap and heap[0][0] <= now:
            _, _, wait = heappop(heap)
            if wait.who is not None:
                who, wait.who = wait.who, None
                yield who

    def _set(self) -> None:
        """Have the timer run for the first."""
        when = self._heap[0][0]
        delay = max(0.0, when - self._clock.seconds())
        if self._timer is None:
            self._timer = self._clock.callLater(delay, self._ring)
        else:
            self._timer.reset(delay)
        self._set_for = when

    def _ring(self) -> None:
        self._timer = None
        try:
            self._due()
        finally:
            while self._heap and self._heap[0][2].who is None:
                heappop(self._heap)  # no need to wake for them
            if self._heap and self._timer is None:
                self._set()

    def close(self) -> None:
        """Run nobody any more."""
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
