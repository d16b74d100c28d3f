"""
Values of which only the distribution is told: how long something took, how large it is.

Whoever has one appends it to a list, which costs a session 30 ns; what is told is made
of all that were appended since the last time, at once.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from bridge.watch.metrics import SUM


class Gathered:
    """In buckets up to *bounds*; the sum is told as so many of a *unit*, an integer."""

    def __init__(self, bounds: Sequence[float], unit: int = 1) -> None:
        self.values: list[float] = []
        """To be appended to; it is one list for ever.  See ``sort``."""
        self._bounds = bounds
        self._unit = unit
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0

    def add(self, value: float, times: int) -> None:
        """Take in *value*, which came so many *times*: of what differs little."""
        self._sum += round(value * self._unit) * times
        self._counts[bisect_left(self._bounds, value)] += times

    def sort(self) -> None:
        """Take in what was appended."""
        if not self.values:
            return
        values = sorted(self.values)
        self.values.clear()
        self._sum += round(sum(values) * self._unit)
        below = 0
        for place, bound in enumerate(self._bounds):
            upto = bisect_right(values, bound)
            self._counts[place] += upto - below
            below = upto
        self._counts[-1] += len(values) - below

    def parts(self) -> Iterator[tuple[int, int]]:
        """
        SUM, and the number of each bucket in which there is anything.

        A bucket has what is above the bound before it, and not above its own.
        """
        self.sort()
        yield SUM, self._sum
        for place, count in enumerate(self._counts):
            if count:
                yield place, count
