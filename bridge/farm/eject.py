"""
Leaving out servers whose dials keep failing, whatever their checks say.

Pure: says whether and how long.  Not here: the timer that ends it, and the state
(``state``) that it changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from bridge.farm.server import Server
from bridge.farm.state import TRAFFIC

LONGEST = 600.0
"""
Seconds after which a server is tried again, however often it was ejected.

Envoy's choice is 300; here a try costs one dial, which then goes elsewhere.
"""


@dataclass(slots=True)
class _Streak:
    """Failures of one server with no success between them."""

    dials: int = 0
    ejections: int = 0


class Ejection:
    """
    Counts dials that fail in a row; after *failures* the server is out for *seconds*.

    Twice as long each time, until a dial succeeds: then all is forgotten.  A server
    that was let in again has that one chance, since its dials still fail in a row.
    """

    def __init__(self, failures: int, seconds: float) -> None:
        self.failures = failures
        self.seconds = seconds
        self._streaks: WeakKeyDictionary[Server, _Streak] = WeakKeyDictionary()
        """Also of servers that a name has lost and may have again."""

    def succeeded(self, server: Server) -> bool:
        """A dial was answered.  Whether an ejection is forgotten with that."""
        streak = self._streaks.pop(server, None)
        return streak is not None and streak.ejections > 0

    def ejections(self, server: Server) -> int:
        """How often in a row it was."""
        streak = self._streaks.get(server)
        return 0 if streak is None else streak.ejections

    def recall(self, server: Server, ejections: int) -> None:
        """It was so often in a row, by what others have found; 0: that is forgotten."""
        if ejections:
            self._streaks[server] = _Streak(self.failures, ejections)
        else:
            self._streaks.pop(server, None)

    def failed(self, server: Server, others: int) -> float | None:
        """
        A dial failed.  For how many seconds *server* is to be out; None: not at all.

        *others* is how many servers besides it are in traffic, backups included: the
        last one stays, since a dial that may fail is better than none.  Failures of a
        server that is out already are those of dials begun before, and do not count.
        """
        if server.state not in TRAFFIC:
            return None
        streak = self._streaks.setdefault(server, _Streak())
        streak.dials += 1
        if streak.dials < self.failures or not others:
            return None
        seconds = self.seconds * 2.0 ** min(streak.ejections, 32)
        streak.ejections += 1
        return min(seconds, max(LONGEST, self.seconds))
