"""
Places whose sessions could do without them: connections that are kept for a client that
asks nothing.

Here: which of them is asked to go first.  Not here: when (``farm``), and what going is
(``session.filtering``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Protocol


class Keeper(Protocol):
    """Who keeps a place: a session."""

    def give_up(self) -> bool:
        """Give it back at once, unless it is needed after all: whether it has."""


class Spared(OrderedDict[Hashable, Keeper]):
    """
    Of one farm, by place, the one that was needed last at the end.

    Who needs it again does not say so, since every request would: it is asked.
    """

    def put(self, place: Hashable, keeper: Keeper) -> None:
        """*keeper* does not need *place* now."""
        self[place] = keeper
        self.move_to_end(place)

    def reclaim(self) -> bool:
        """Have one given back.  False: none can be."""
        while self:
            _, keeper = self.popitem(last=False)
            if keeper.give_up():
                return True
        return False
