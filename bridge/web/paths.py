"""
What the page shows of paths: over what kinds of them clients come, and which seem to
be broken.  Pure.

Not here: how that is learnt (``session.sampling``, ``session.vanishing``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Told = Mapping[str, Any]

SHOWN = 3
"""Kinds of a front's."""

LEAST = 0.05
"""Share of its clients from which on a kind is one of them."""

STEP = 20
"""Parts of a whole that shares are told in, so that they are seldom sent again."""

SUSPECTS = 20
"""Networks that are told of."""


def paths(answer: Told) -> dict[str, Any]:
    """Of what the admin socket says to ``path``; of nothing, nothing."""
    fronts: Mapping[str, Told] = answer.get("fronts", {})
    suspects = [
        *_suspects("front", fronts),
        *_suspects("farm", answer.get("farms", {})),
    ]
    return {
        "kinds": {name: _kinds(front) for name, front in fronts.items()},
        "suspects": suspects[:SUSPECTS],
    }


def _kinds(front: Told) -> list[dict[str, Any]]:
    """Those of both families together, the most frequent first."""
    clients: dict[tuple[str, int | None], int] = {}
    for each in front.get("mss", ()):
        kind = each["kind"], each["mtu"]
        clients[kind] = clients.get(kind, 0) + each["clients"]
    whole = sum(clients.values())
    most = sorted(clients.items(), key=lambda each: (-each[1], each[0][0]))
    told = [
        {"kind": kind, "mtu": mtu, "share": round(count / whole * STEP) / STEP}
        for (kind, mtu), count in most
        if whole and count >= LEAST * whole
    ]
    return told[:SHOWN]


def _suspects(what: str, sides: Mapping[str, Told]) -> Iterator[dict[str, Any]]:
    """Without what is another every second for no reason."""
    for name, side in sides.items():
        for each in side.get("networks", ()):
            kept = {key: each[key] for key in ("network", "mss", "sessions")}
            yield {"what": what, "name": name, **kept}
