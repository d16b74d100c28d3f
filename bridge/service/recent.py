"""
Sessions that have ended of late, as the access log tells of them.

They are remembered in the batches that the log is written in, so that a session costs
nothing for it; without an access log nobody is.  Not here: the log's lines (``watch``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from bridge.watch.record import Record

MOST = 200
"""Those that are remembered."""


def epoch(now: float) -> float:
    """When the clock began that says *now*, by today's idea of the date."""
    return datetime.now(UTC).timestamp() - now


class Recent:
    """The last ones of one process."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque(maxlen=MOST)

    def see(self, over: Sequence[Record]) -> None:
        """These have ended."""
        self._records.extend(over)

    def told(self, most: int, epoch: float) -> list[dict[str, Any]]:
        """
        The last *most*, the latest first.  *epoch* is when the monotonic clock began,
        in seconds since that of 1970.
        """
        return [_told(each, epoch) for each in islice(reversed(self._records), most)]


def _told(record: Record, epoch: float) -> dict[str, Any]:
    host, port = record.client
    return {
        "time": round(record.closed + epoch, 3),
        "session": record.session,
        "front": record.front,
        "farm": record.farm or None,
        "server": record.server or None,
        "client": host,
        "client_port": port,
        "ending": record.ending,
        "reason": record.reason,
        "seconds": {"total": round(record.closed - record.accepted, 3)},
        "bytes": {"up": record.up, "down": record.down, "lost": record.lost},
        "limited_by": record.sides.limited_by if record.sides is not None else None,
    }
