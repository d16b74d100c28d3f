"""
How many sessions a source has in all processes.

Here: a ``Crowd`` whose sessions at a time are counted with the others'.  New sessions
in a time are each process's own.  Not here: how it is counted (``board``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.net.crowd import Arrivals, Crowd, Crowded
from bridge.net.prefixes import NOBODY

if TYPE_CHECKING:
    from bridge.net.column import Column


class SharedCrowd(Crowd):
    """Of *front*, each source with *sessions* in all; this process has *column*."""

    __slots__ = ("_allowed", "_column", "_front", "_keys")

    def __init__(
        self,
        column: Column,
        front: str,
        sessions: int,
        arrivals: Arrivals | None,
        ipv6: int = 64,
        ipv4: int = 32,
    ) -> None:
        super().__init__(sessions, arrivals, ipv6, ipv4)
        self._allowed = sessions
        self._column = column
        self._front = front
        self._keys: dict[int, int] = {}
        """What the sources that are here are counted by."""

    def enter(self, source: int, now: float) -> Crowded | None:
        if source == NOBODY:
            return None
        column = self._column
        key = self._keys.get(source)
        if key is None:
            key = column.key("source", self._front, source)
        refused: Crowded | None = Crowded.SESSIONS
        if column.claim(key) <= self._allowed:
            refused = super().enter(source, now)
        if refused is None:
            self._keys[source] = key
        else:
            column.add(key, -1)
        return refused

    def leave(self, source: int) -> None:
        super().leave(source)
        if source == NOBODY:
            return
        self._column.add(self._keys[source], -1)
        if not self.here(source):
            del self._keys[source]
