"""
What went over the gateway, by the second, by ten, and by the minute for a day.  Pure.

Here: rates out of totals, and rings of them of a fixed size.  Not here: who counts
(``processes.numbers``), or how it is drawn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

SERIES = ("time", "up", "down", "sessions", "new", "done", "cut", "refused", "failed")
"""
Of a row: seconds since the epoch; bytes a second from clients and from servers;
sessions that ran; and a second, those that came and those that ended so.
"""

KINDS: Mapping[str, str] = {
    "done": "done",
    "denied": "refused",
    "limited": "refused",
    "bad_header": "refused",
    "tls_failed": "failed",
    "no_server": "failed",
    "queue_timeout": "failed",
    "dial_failed": "failed",
    "error": "failed",
}
"""What an ending is for who looks at all of them; every other one was cut."""

SPANS: Mapping[str, tuple[float, int]] = {
    "live": (0.0, 300),
    "hours": (10.0, 1080),
    "day": (60.0, 1440),
}
"""Seconds that a row is of at least, and rows that are kept."""

Row = list[float]


class Totals(NamedTuple):
    """All that was counted until then; ``seconds`` on the monotonic clock."""

    time: float
    seconds: float
    up: int
    down: int
    sessions: int
    new: int
    done: int
    cut: int
    refused: int
    failed: int


def totals(numbers: Mapping[str, Any]) -> Totals:
    """Of all fronts together."""
    ended = {"done": 0, "cut": 0, "refused": 0, "failed": 0}
    up = down = sessions = new = 0
    for front in numbers["fronts"].values():
        up, down = up + front["bytes"]["up"], down + front["bytes"]["down"]
        sessions, new = sessions + front["active"], new + front["accepted"]
        for ending, count in front["endings"].items():
            ended[KINDS.get(ending, "cut")] += count
    when = numbers["time"], numbers["seconds"]
    return Totals(*when, up, down, sessions, new, **ended)


class History:
    """Grows by what is ``add``\\ ed until it is full, and then forgets the oldest."""

    def __init__(self) -> None:
        self._rings = {name: _Ring(*span) for name, span in SPANS.items()}

    def add(self, now: Totals) -> Row | None:
        """*now*, later than those before: the row since then; None: there is none."""
        for name, ring in self._rings.items():
            row = ring.add(now)
            if name == "live":
                newest = row
        return newest

    def rows(self, span: str) -> list[Row]:
        """The oldest first."""
        return list(self._rings[span].rows)


class _Ring:
    def __init__(self, step: float, most: int) -> None:
        self.rows: deque[Row] = deque(maxlen=most)
        self._step = step
        self._from: Totals | None = None
        self._most = 0

    def add(self, now: Totals) -> Row | None:
        """Between two rows the most sessions count, not those at its end."""
        before = self._from
        self._most = max(self._most, now.sessions)
        if before is None:
            self._from, self._most = now, now.sessions
            return None
        passed = now.seconds - before.seconds
        if passed <= 0 or passed < self._step:
            return None
        # A total that is less than it was would be of another gateway.
        rates = [max(0, b - a) / passed for a, b in zip(before, now, strict=True)]
        row = [round(now.time, 3), *(round(rate, 2) for rate in rates[2:])]
        row[3] = self._most
        self._from, self._most = now, now.sessions
        self.rows.append(row)
        return row
