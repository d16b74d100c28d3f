"""
Streams that are closed and still have something to send.

Here: who they are, so that the end of the process can wait for them, how many there
may be, and when they look how far they are.  Not here: how long each may take (``tls``,
``goodbye``).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol

from bridge.net.deadlines import Deadlines

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

MOST = 1000
"""
At once.  Each has a descriptor that no limit of sessions counts, and up to some 200 kB
of records; beyond that the oldest is reset.
"""


class Lingerer(Protocol):
    """A stream that its session has left."""

    def abort(self) -> None:
        """Close with a RST, at once."""


class Looking(Lingerer, Protocol):
    """One that looks how far it is."""

    def look(self) -> None:
        """The time has come."""


class Lingering:
    """Those there are, the oldest first; the time is *clock*'s."""

    def __init__(self, clock: IReactorTime, most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._looks: dict[float, Deadlines[Looking]] = {}
        # A plain dict looks for its first key among all that were deleted.
        self._streams: OrderedDict[Lingerer, None] = OrderedDict()

    def add(self, stream: Lingerer) -> None:
        """From now on *stream* lingers, until it is discarded."""
        if len(self._streams) >= self._most:
            self._streams.popitem(last=False)[0].abort()
        self._streams[stream] = None

    def discard(self, stream: Lingerer) -> None:
        """*stream* is done, or never lingered."""
        self._streams.pop(stream, None)

    def looks(self, seconds: float) -> Deadlines[Looking]:
        """
        When those look who do so every so many *seconds*: of few different lengths,
        since each has one timer for ever.
        """
        found = self._looks.get(seconds)
        if found is None:
            self._looks[seconds] = found = Deadlines(
                self._clock, seconds, lambda one: one.look()
            )
        return found

    def close(self) -> None:
        """Nobody looks any more."""
        for each in self._looks.values():
            each.close()

    def abort_all(self) -> None:
        """There is no time left for any of them."""
        while self._streams:
            self._streams.popitem(last=False)[0].abort()

    def __len__(self) -> int:
        return len(self._streams)
