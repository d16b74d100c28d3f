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
from weakref import WeakValueDictionary

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
    """
    Somebody's work, in *clock*'s turns.

    All that are of one clock share these: two who each kept to the budget would hold up
    the sessions twice as long together.
    """

    def __init__(self, clock: IReactorTime) -> None:
        turns = _TURNS.get(clock)
        if turns is None:
            turns = _TURNS[clock] = _Turns(clock)
        self._turns = turns

    def soon(self, slice_: Callable[[], None]) -> None:
        """Have *slice_* run in another turn, or after those that came before."""
        self._turns.add(self, slice_)

    def run(self, steps: Steps[T]) -> Deferred[T]:
        """Take *steps* to their end.  Fails with what they raise."""
        run = _Run(self, steps)
        self.soon(run.go_on)
        return run.done

    def close(self) -> None:
        """Do no more of it."""
        self._turns.drop(self)


class _Turns:
    """Of one clock, whoever they are for."""

    def __init__(self, clock: IReactorTime) -> None:
        self._seconds, self._later = clock.seconds, clock.callLater
        self._due: deque[tuple[Slices, Callable[[], None]]] = deque()
        self._timer: IDelayedCall | None = None
        self._next = 0.0
        """When the pause is over."""

    def add(self, owner: Slices, slice_: Callable[[], None]) -> None:
        self._due.append((owner, slice_))
        self._arm()

    def drop(self, owner: Slices) -> None:
        self._due = deque(each for each in self._due if each[0] is not owner)
        timer = self._timer
        if not self._due and timer is not None and timer.active():  # not in a slice
            timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        if self._timer is None and self._due:
            wait = max(0.0, self._next - self._seconds())
            self._timer = self._later(wait, self._turn)

    def _turn(self) -> None:
        until = self._seconds() + BUDGET
        try:
            self._take()
            while self._due and self._seconds() < until:
                self._take()
        finally:  # whatever one has met, the next has its turn
            self._timer = None
            self._next = self._seconds() + PAUSE
            self._arm()

    def _take(self) -> None:
        _, slice_ = self._due.popleft()
        slice_()


_TURNS: WeakValueDictionary[IReactorTime, _Turns] = WeakValueDictionary()


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
