"""
How much sessions move at present: two looks at the same counts, a while apart.

Nothing is kept of a session but numbers, and of one that has ended nothing after the
next look.  Not here: which sessions are looked at (``listed``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bridge.service.told import progress

if TYPE_CHECKING:
    from bridge.session.session import Session

APART = 1.0
"""Seconds between two looks at least: over less, a rate is of a few packets."""

STILL = 0.0, 0.0

_Seen = tuple[float, int, int]
"""
When the session was accepted, which says whose this is: another object may get its
place in memory, and not its time.  And its bytes.
"""


class Rates:
    """
    Of all sessions that are looked at.

    A session has the time of the look, not one of its own: each look comes to it about
    as late as the one before did.  So one that is still is what it was at both, and
    costs no memory that the cycle collector would have to look at.
    """

    def __init__(self) -> None:
        self._before: dict[int, _Seen] = {}
        self._latest: dict[int, _Seen] = {}
        self._before_at = self._latest_at = float("-inf")
        self._now = 0.0

    def look(self, now: float) -> None:
        """A look begins, at all sessions."""
        self._now = now
        if now - self._latest_at >= APART:
            self._before, self._latest = self._latest, {}
            self._before_at, self._latest_at = self._latest_at, now

    def of(self, sessions: Iterable[Session]) -> list[tuple[float, float]]:
        """
        Of each, bytes a second in both directions: since the look before, or since it
        is there.
        """
        now, before, latest = self._now, self._before.get, self._latest
        passed = max(now - self._before_at, APART / 10)
        rates = []
        for session in sessions:
            key, accepted = id(session), session.accepted
            up, down = progress(session)
            seen = before(key)
            if seen is None or seen[0] != accepted:
                seen = accepted, up, down
                age = max(now - accepted, APART / 10)
                rates.append((up / age, down / age))
            elif seen[1] == up and seen[2] == down:
                rates.append(STILL)
            else:
                rates.append(((up - seen[1]) / passed, (down - seen[2]) / passed))
                seen = accepted, up, down
            if key not in latest:
                latest[key] = seen
        return rates
