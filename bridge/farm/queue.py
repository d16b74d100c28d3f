"""
Where sessions wait while every server of a farm is full.

Pure: the time is handed in, and what waits is any hashable thing.  Not here: the
timer, and what becomes of those whose time is over.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Queue(Generic[T]):
    """
    First come, first served: at most *length* things, each for *timeout* seconds.

    All wait equally long, so they expire in the order they came.  The dict is an
    ordered one: a plain dict looks for its first key among all that were deleted.
    """

    def __init__(self, length: int, timeout: float) -> None:
        self.length = length
        self.timeout = timeout
        self._due: OrderedDict[T, float] = OrderedDict()

    def join(self, thing: T, now: float) -> bool:
        """Have *thing*, which is not here yet, wait.  False: there is no room."""
        if len(self._due) >= self.length:
            return False
        assert thing not in self._due
        self._due[thing] = now + self.timeout
        return True

    def leave(self, thing: T) -> bool:
        """*thing* waits no longer, wherever it stood.  False: it was not here."""
        return self._due.pop(thing, None) is not None

    def next(self) -> T | None:
        """Take the one that has waited longest; None if nobody waits."""
        return self._due.popitem(last=False)[0] if self._due else None

    @property
    def first(self) -> T | None:
        """The one that has waited longest; None if nobody waits."""
        return next(iter(self._due), None)

    @property
    def due(self) -> float | None:
        """When the next one expires; None if nobody waits."""
        return next(iter(self._due.values()), None)

    def expired(self, now: float) -> list[T]:
        """Take all whose time is over, in the order they came."""
        over = []
        while (due := self.due) is not None and due <= now:
            over.append(self._due.popitem(last=False)[0])
        return over

    def __len__(self) -> int:
        return len(self._due)
