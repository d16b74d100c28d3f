"""
What is known of servers beyond one process: the newest of each.

Here: states by farm and server, kept for those that are not there yet or not any more.
Not here: what is told (``farm.server_state``), and to whom (``farms``, ``hub``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator

from bridge.farm.server_state import MOST, ServerState, newest


class Memory:
    """
    Of at most MOST servers.  Of more, those are forgotten first of which it is longest
    that something was heard, and last those about which an operator gave an order.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], ServerState] = OrderedDict()

    def __iter__(self) -> Iterator[ServerState]:
        return iter(tuple(self._known.values()))

    def __len__(self) -> int:
        return len(self._known)

    def get(self, farm: str, server: str) -> ServerState | None:
        """The last that is known of it."""
        return self._known.get((farm, server))

    def note(self, state: ServerState) -> ServerState:
        """Know *state*, too.  All that is known of that server now."""
        known = self._known.get(state.key)
        now = state if known is None else newest(known, state)
        self._known[state.key] = now
        self._known.move_to_end(state.key)
        if len(self._known) > MOST:
            oldest = (key for key, each in self._known.items() if not each.ordered)
            del self._known[next(oldest, next(iter(self._known)))]
        return now

    def keep(self, wanted: Callable[[ServerState], bool]) -> None:
        """Forget the others."""
        for state in self:
            if not wanted(state):
                del self._known[state.key]
