"""
The gateway with all that it knows of paths and of whom sessions wait for, and without.

Both write JSON, which has the verdicts; the one that knows writes heartbeats, too.
"""

from __future__ import annotations

import sys

from bench.contenders import Command, Place, bridge

KNOWING, UNKNOWING = "as it is", "knows nothing of paths"
WATCHING = "watching"
"""Said to ``unwatched`` by who is not to be that."""


def watched(place: Place) -> list[str]:
    """See ``unwatched``."""
    words = bridge(place, form="json, every: 5m")[1:]
    return [sys.executable, "-m", "bench.unwatched", WATCHING, *words]


def unwatched(place: Place) -> list[str]:
    """Likewise."""
    words = bridge(place, form="json")[1:]
    return [sys.executable, "-m", "bench.unwatched", *words]


KNOWLEDGE: dict[str, Command] = {KNOWING: watched, UNKNOWING: unwatched}
