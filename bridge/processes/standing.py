"""
How the gateway as a whole is doing: whether it accepts, and how its last reload went.

Not here: who sees to that (``supervisor``), and who is told (``numbers``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.python.failure import Failure


class Standing:
    """Of a gateway that starts; *now* is the monotonic clock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.accepts = False
        """It has begun to."""
        self.stopping = False
        """It accepts no more, or is about to."""
        self.reloaded: bool | None = None
        """Whether the last reload succeeded; None: nobody has asked for one."""
        self.reloaded_at = now()
        """When one did, or it was started, in seconds of the monotonic clock."""

    def note(self, result: Any) -> Any:
        """A reload has come to this, a failure perhaps.  Returns it."""
        self.reloaded = not isinstance(result, Failure)
        if self.reloaded:
            self.reloaded_at = self._now()
        return result
