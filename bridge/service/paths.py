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

Now = Callable[[], float]


class Side:
    """One front or farm, towards whoever is there."""

    def __init__(self, what: str, name: str, config: Config, now: Now) -> None:
        """*name* is of its profile."""
        profile = config.profile(name)
        self.asked = {"profile": name, "mtu": profile.mtu, "mss": profile.mss}
        """What its profile says of sizes."""
        self.suspects = Suspects(what, _cure(name), now)

    def told(self) -> dict[str, Any]:
        """For whoever asks."""
        suspects = self.suspects
        return {
            "asked": self.asked,
            "suspected": suspects.sessions,
            "networks": suspects.told(),
        }


class FrontPaths(Side):
    """Those between one front and its clients."""

    def __init__(self, what: str, name: str, config: Config, now: Now) -> None:
        super().__init__(what, name, config, now)
        self.sampling = Sampling(Clients())

    def told(self) -> dict[str, Any]:
        return self.sampling.clients.told() | super().told()


class Paths:
    """Of all that *config* has; *now* is the monotonic clock."""

    def __init__(self, config: Config, now: Now) -> None:
        self.fronts = {
            name: FrontPaths(f"front {name}", front.profile, config, now)
            for name, front in config.fronts.items()
        }
        self.farms = {
            name: Side(f"farm {name}", farm.profile, config, now)
            for name, farm in config.farms.items()
        }

    def vanishing(self, front: str) -> Vanishing:
        """What looks at the sessions of *front*."""
        farms = {name: farm.suspects for name, farm in self.farms.items()}
        return Vanishing(self.fronts[front].suspects, farms)

    def told(self) -> dict[str, Any]:
        """For whoever asks."""
        return {
            "fronts": {name: each.told() for name, each in self.fronts.items()},
            "farms": {name: each.told() for name, each in self.farms.items()},
        }


def _cure(profile: str) -> str:
    if profile in BUILT_IN:
        return f"mss: safe, in a profile with base {profile}"
    return f"mss: safe in profile {profile}"
