"""
When a process that died is started again: at once, unless it dies again and again.

Not here: who dies, and what is started (``forked``).
"""

from __future__ import annotations

LIVED = 1.0
"""Seconds of work after which it is started again at once."""

SOON, LATEST = 0.1, 10.0
"""Seconds until one that died sooner is: the first time, and at most; doubled each
time."""


class Backoff:
    """Of one process that is to be there always."""

    def __init__(self) -> None:
        self._wait = 0.0

    def wait(self, lived: float) -> float:
        """Seconds until the next one, now that this one has *lived* for so many."""
        if lived >= LIVED:
            self._wait = 0.0
        else:
            self._wait = min(max(2 * self._wait, SOON), LATEST)
        return self._wait


def when(wait: float) -> str:
    """
    When that is, in words that follow "starts".

    >>> when(0.0), when(0.2)
    ('now', 'in 0.2 s')
    """
    return f"in {wait:g} s" if wait else "now"
