"""
Work that is done in slices, so that sessions have their turns between them.

In a turn of the reactor as many as BUDGET has room for, one at least, and a pause after
them, whoever they are for: two hundred that ask hold up nobody longer than one does.
Not here: how much a slice is, which those know that ``yield`` between two of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Generic, TypeVar

from twisted.internet.defer import Deferred

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

T = TypeVar("T")

BUDGET = 0.0002
"""
Seconds after which no other slice is begun in a turn.  A request that comes meanwhile
waits so long: about as long as for the others that have come with it.
"""

PAUSE = 0.001
"""Seconds from the last slice of a turn to the next turn, which are the sessions'."""

Steps = Generator[None, None, T]
"""Ends with what it has come to."""


def at_once(steps: Steps[T]) -> T:
    """What *steps* come to, whoever waits meanwhile.  Raises what they do."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: T = end.value
            return found


class Slices:
    """Takes turns on *clock*."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._due: deque[Callable[[], None]] = deque()
        self._timer: IDelayedCall | None = None
        self._next = 0.0
        """When the pause is over."""

    def soon(self, slice_: Callable[[], None]) -> None:
        """Have *slice_* run in another turn, or after those that came before."""
        self._due.append(slice_)
        self._arm()

    def run(self, steps: Steps[T]) -> Deferred[T]:
        """Take *steps* to their end.  Fails with what they raise."""
        run = _Run(self, steps)
        self.soon(run.go_on)
        return run.done

    def close(self) -> None:
        """Do no more."""
        self._due.clear()
        if self._timer is not None and self._timer.active():  # not within a slice
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        if self._timer is None and self._due:
            wait = max(0.0, self._next - self._clock.seconds())
            self._timer = self._clock.callLater(wait, self._turn)

    def _turn(self) -> None:
        until = self._clock.seconds() + BUDGET
        try:
            self._due.popleft()()
            while self._due and self._clock.seconds() < until:
                self._due.popleft()()
        finally:  # whatever one has met, the next has its turn
            self._timer = None
            self._next = self._clock.seconds() + PAUSE
            self._arm()


class _Run(Generic[T]):
    def __init__(self, slices: Slices, steps: Steps[T]) -> None:
        self._slices = slices
        self._steps = steps
        self.done: Deferred[T] = Deferred()

    def go_on(self) -> None:
        try:
            next(self._steps)
        except StopIteration as end:
            self.done.callback(end.value)
        except Exception:
            self.done.errback()
        else:
            self._slices.soon(self.go_on)
