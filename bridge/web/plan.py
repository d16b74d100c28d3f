"""
What the picture of both networks is drawn from, as configured: names, and no secrets.
Pure.
"""

from __future__ import annotations

from typing import Any

from bridge.config.farm import Farm
from bridge.config.model import Config, Front


def plan(config: Config) -> dict[str, Any]:
    """Fronts and farms in the order of the file."""
    return {
        "fronts": {name: _front(config, each) for name, each in config.fronts.items()},
        "farms": {name: _farm(config, each) for name, each in config.farms.items()},
    }


def _front(config: Config, front: Front) -> dict[str, Any]:
    return {
        "listen": [str(each) for each in front.listen],
        "mode": front.mode,
        "tls": front.tls is not None,
        "farms": list(front.farms),
        "most": front.limits.connections,
        **_side(config, front.profile),
    }


def _farm(config: Config, farm: Farm) -> dict[str, Any]:
    return {
        "map": farm.map is not None,
        "balance": farm.balance,
        "tls": farm.tls is not None,
        "queue": farm.queue.length if farm.queue is not None else 0,
        **_side(config, farm.profile),
    }


def _side(config: Config, name: str) -> dict[str, Any]:
    profile = config.profile(name)
    return {
        "profile": name,
        "interface": profile.interface,
        "mtu": profile.mtu,
        "announces": profile.mss,
    }
