"""
What the flows of the picture are limited by: of each front and farm, how much of what
its fastest sessions move is limited by whom.  Pure.

Not here: what one session is limited by (``watch.limited``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

FASTEST = 100
"""Sessions that are asked for: those that make a flow as wide as it is."""

LEAST = 0.15
"""Share from which on somebody is told of."""

STEP = 20
"""Parts of a whole that shares are told in: one that hardly moves is not sent again."""

Shares = dict[str, dict[str, float]]


def limits(sessions: Iterable[Mapping[str, Any]]) -> dict[str, Shares]:
    """
    By ``fronts`` and ``farms``, by their names, and by what limits: shares of all that
    *sessions* move, as the admin socket tells of them.
    """
    return {
        "fronts": _shares(sessions, "front"),
        "farms": _shares(sessions, "farm"),
    }


def _shares(sessions: Iterable[Mapping[str, Any]], key: str) -> Shares:
    moved: dict[str, dict[str, float]] = {}
    for each in sessions:
        name, rate = each.get(key), each.get("rate")
        if name is None or not rate:
            continue
        cause = each.get("limited_by", "none")  # older code does not tell it
        of_it = moved.setdefault(name, {})
        of_it[cause] = of_it.get(cause, 0.0) + rate["up"] + rate["down"]
    return {name: _rounded(of_it) for name, of_it in moved.items()}


def _rounded(moved: Mapping[str, float]) -> dict[str, float]:
    """The largest first."""
    whole = sum(moved.values())
    if whole <= 0:
        return {}
    shares = {cause: round(each / whole * STEP) / STEP for cause, each in moved.items()}
    told = [(share, cause) for cause, share in shares.items() if share >= LEAST]
    told.sort(key=lambda each: (-each[0], each[1]))
    return {cause: share for share, cause in told if cause != "none"}
