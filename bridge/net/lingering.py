"""
Streams that are closed and still have something to send.

Here: who they are, so that the end of the process can wait for them, and how many there
may be.  Not here: how long each may take (``tls``).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

MOST = 1000
"""
At once.  Each has a descriptor that no limit of sessions counts, and up to some 200 kB
of records; beyond that the oldest is reset.
"""


class Lingerer(Protocol):
    """A stream that its session has left."""

    def abort(self) -> None:
        """Close with a RST, at once."""


class Lingering:
    """Those there are, the oldest first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
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

    def abort_all(self) -> None:
        """There is no time left for any of them."""
        while self._streams:
            self._streams.popitem(last=False)[0].abort()

    def __len__(self) -> int:
        return len(self._streams)
