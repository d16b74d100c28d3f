"""
What one process knows of the paths on both sides, while it runs.

Here: where that is kept, for each front and farm, and how it is told.  Not here: how it
is learnt (``session.sampling``, ``session.vanishing``), and what it means
(``watch.path_kinds``, ``watch.suspects``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bridge.config.model import Config
from bridge.config.profile import BUILT_IN
from bridge.session.sampling import Sampling
from bridge.session.vanishing import Vanishing
from bridge.watch.path_kinds import Clients
from bridge.watch.suspects import Suspects


class FrontPaths:
    """Those between one front and its clients."""

    def __init__(self, suspects: Suspects) -> None:
        self.suspects = suspects
        self.sampling = Sampling(Clients())


class Paths:
    """Of all that *config* has; *now* is the monotonic clock."""

    def __init__(self, config: Config, now: Callable[[], float]) -> None:
        self.fronts = {
            name: FrontPaths(Suspects(f"front {name}", _cure(front.profile), now))
            for name, front in config.fronts.items()
        }
        self.farms = {
            name: Suspects(f"farm {name}", _cure(farm.profile), now)
            for name, farm in config.farms.items()
        }

    def vanishing(self, front: str) -> Vanishing:
        """What looks at the sessions of *front*."""
        return Vanishing(self.fronts[front].suspects, self.farms)

    def told(self) -> dict[str, Any]:
        """For whoever asks."""
        return {
            "fronts": {
                name: each.sampling.clients.told() | _suspected(each.suspects)
                for name, each in self.fronts.items()
            },
            "farms": {name: _suspected(each) for name, each in self.farms.items()},
        }


def _suspected(suspects: Suspects) -> dict[str, Any]:
    return {"suspected": suspects.sessions, "networks": suspects.told()}


def _cure(profile: str) -> str:
    if profile in BUILT_IN:
        return f"mss: safe, in a profile with base {profile}"
    return f"mss: safe in profile {profile}"
