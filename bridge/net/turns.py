"""
Whose turn it is, when several processes give away what there is too little of.

A process that gets something back gives it to its own at once, and would leave the
others nothing.  So each tells on the board how long its first has waited, and who would
take the last leaves it to one who has waited PATIENCE seconds longer.

Here: what is told of waiting, and what follows for whoever would take something.  Not
here: what that is, and that the others look whether there is some (every LOOK seconds).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.net.column import Column

LOOK = 0.02
"""Seconds between two looks: what may stand free while somebody waits for it."""

PATIENCE = 0.1
"""Seconds, some looks: what changes hands stands free for about one."""

FRESH = 0.2
"""Seconds for which what one tells holds: who hangs is not waited for."""

_BITS = 20
"""For how long somebody has waited, in ms; above them when that was."""


class Turns:
    """As this process, which has *column*, tells and sees them; *seconds* is the time
    on the monotonic clock, which is the same for all processes."""

    def __init__(self, column: Column, seconds: Callable[[], float]) -> None:
        self._column = column
        self._seconds = seconds

    def tell(self, key: int, waited: float | None) -> None:
        """The first that waits here, for what *key* says; None: there is nobody."""
        told = 0
        if waited is not None:
            told = int(self._seconds() * 1000) << _BITS
            told |= min(int(waited * 1000), (1 << _BITS) - 1)
        self._column.put(key, told)

    def longest(self, key: int) -> float | None:
        """Seconds that anybody has waited elsewhere; None: there is nobody."""
        longest, now = None, self._seconds()
        for told in self._column.each(key):
            since = now - (told >> _BITS) / 1000
            if told and since < FRESH:
                waited = since + (told & (1 << _BITS) - 1) / 1000
                longest = max(longest or 0.0, waited)
        return longest

    def others_first(self, key: int, waited: float | None) -> bool:
        """Whether it is another's turn, and not of one that has *waited* here."""
        longest = self.longest(key)
        return longest is not None and longest > (waited or 0.0) + PATIENCE
