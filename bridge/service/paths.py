"""
What one process knows of the paths on both sides, while it runs.

Here: where that is kept, for each front and farm, and how it is told.  Not here: how it
is learnt (``session.sampling``, ``session.vanishing``), and what it means
(``watch.path_kinds``, ``watch.suspects``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from bridge.config.model import Config
from bridge.config.profile import BUILT_IN
from bridge.net.column import Column
from bridge.session.sampling import Sampling
from bridge.session.vanishing import Vanishing
from bridge.watch.path_kinds import Clients
from bridge.watch.suspects import Suspects

Now = Callable[[], float]


class Means(NamedTuple):
    """What all sides are made with."""

    config: Config
    now: Now
    column: Column | None


class Told:
    """
    What processes have told of at *place*, on the board that they share: whoever counts
    himself there as the only one tells.
    """

    def __init__(self, column: Column, place: str) -> None:
        self._column = column
        self._place = place

    def take(self, network: str) -> bool:
        """Two at once may both refrain: then the next session has it told."""
        key = self._column.key("suspected", self._place, network)
        if self._column.claim(key) == 1:
            return True
        self._column.add(key, -1)
        return False

    def give(self, network: str) -> None:
        key = self._column.key("suspected", self._place, network)
        self._column.add(key, -1)


class Side:
    """One front or farm, towards whoever is there."""

    def __init__(self, what: str, name: str, means: Means) -> None:
        """*name* is of its profile."""
        config, now, column = means
        profile = config.profile(name)
        self.asked = {"profile": name, "mtu": profile.mtu, "mss": profile.mss}
        """What its profile says of sizes."""
        told = None if column is None else Told(column, what)
        self.suspects = Suspects(what, _cure(name), now, told)

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

    def __init__(self, what: str, name: str, means: Means) -> None:
        super().__init__(what, name, means)
        self.sampling = Sampling(Clients())

    def told(self) -> dict[str, Any]:
        return self.sampling.clients.told() | super().told()


class Paths:
    """
    Of all that *config* has; *now* is the monotonic clock, *column* where this process
    counts, if it is one of several.
    """

    def __init__(self, config: Config, now: Now, column: Column | None = None) -> None:
        means = Means(config, now, column)
        self.fronts = {
            name: FrontPaths(f"front {name}", front.profile, means)
            for name, front in config.fronts.items()
        }
        self.farms = {
            name: Side(f"farm {name}", farm.profile, means)
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
