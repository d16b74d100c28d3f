"""
How much sessions move at present: two looks at the same counts, a while apart.

Nothing is kept of a session but numbers, and of one that has ended nothing after the
next look.  Not here: which sessions are looked at (``listed``).
"""

from __future__ import annotations

from typing import Protocol

APART = 1.0
"""Seconds between two looks at least: over less, a rate is of a few packets."""


class Session(Protocol):
    """Of whom this is asked."""

    @property
    def accepted(self) -> float: ...


_Seen = tuple[float, float, int, int]
"""
When the session was accepted, which says whose this is: another object may get its
place in memory, and not its time.  When it was looked at, and its bytes then.
"""


class Rates:
    """Of all sessions that are looked at."""

    def __init__(self) -> None:
        self._before: dict[int, _Seen] = {}
        self._latest: dict[int, _Seen] = {}
        self._looked_at = float("-inf")

    def look(self, now: float) -> None:
        """A look begins, at all sessions."""
        if now - self._looked_at >= APART:
            self._before, self._latest = self._latest, {}
            self._looked_at = now

    def rate(
        self, session: Session, moved: tuple[int, int], now: float
    ) -> tuple[float, float]:
        """
        Bytes a second of both directions, of which *session* has *moved* so many by
        *now*: since the look before, or since it is there.
        """
        key, accepted, (up, down) = id(session), session.accepted, moved
        if key not in self._latest:
            self._latest[key] = (accepted, now, up, down)
        seen = self._before.get(key)
        if seen is None or seen[0] != accepted:
            seen = (accepted, accepted, 0, 0)
        passed = max(now - seen[1], APART / 10)
        return (up - seen[2]) / passed, (down - seen[3]) / passed
