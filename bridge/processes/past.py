"""
What processes that have ended had counted of each front, as ``status`` tells of it.

Each says so with its last words; of one that was killed nobody knows.  Not here: the
numbers for metrics, which stand on a board (``columns``), if anybody can ask for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Told = Mapping[str, Any]

TALLIES = ("bytes", "endings", "refused", "requests")
"""What is told by kinds, each of which only grows; and so does ``accepted``."""


class Past:
    """Of all of them together, by the names of fronts."""

    def __init__(self) -> None:
        self._fronts: dict[str, dict[str, Any]] = {}

    def take(self, fronts: Iterable[Told]) -> None:
        """One has ended, whose *fronts* it tells of: see ``service.told.of_front``."""
        for front in fronts:
            before = self._fronts.get(front["front"])
            self._fronts[front["front"]] = _sum(front, before)

    def with_it(self, fronts: Sequence[Told]) -> list[dict[str, Any]]:
        """*fronts*, those of them that had a past with that."""
        return [
            dict(front) | _sum(front, self._fronts.get(front["front"]))
            for front in fronts
        ]


def _sum(front: Told, more: Told | None) -> dict[str, Any]:
    counted: dict[str, Any] = {"accepted": front["accepted"]}
    if more is not None:
        counted["accepted"] += more["accepted"]
    for key in TALLIES:
        whole: Counter[str] = Counter(front[key])
        whole.update(more[key] if more is not None else ())
        counted[key] = dict(whole)
    return counted
