"""
What profiles owe each other: names of their own, and bases that end somewhere.

Like ``references``, this reads the plain values and passes over what is of the wrong
type.
A long chain costs no more than its length, and a long circle is told in one line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bridge.config.problems import Flaw, Path, Place, circle, place_of
from bridge.config.profile import BUILT_IN
from bridge.config.scalars import whole
from bridge.net.prefix_listen import MARK

_EACH = 8
"""Profiles of a circle that are told each; of a longer one it is the first alone."""


def flaws(profiles: Mapping[str, Any], places: Mapping[Path, Place]) -> Iterator[Flaw]:
    """Everything wrong between *profiles*."""
    for name in sorted(set(profiles) & set(BUILT_IN)):
        path: Path = ("profiles", name)
        message = f'{name} is built in: choose another name, with "base: {name}" in it'
        yield Flaw(place_of(places, path).key, path, message)
    for names in _circles(_bases(profiles)):
        # Each profile of a circle reports it; one that only leads into it does not.
        for at, name in enumerate(names if len(names) <= _EACH else names[:1]):
            way = circle([*names[at:], *names[:at]])
            path = ("profiles", name, "base")
            message = f"the bases run in a circle, {way}: end it, say with wan"
            yield Flaw(place_of(places, path).value, path, message)


def marks(profiles: Mapping[str, Any], places: Mapping[Path, Place]) -> Iterator[Flaw]:
    """Marks with the bit by which diverted packets are told, where there are such."""
    for name, profile in profiles.items():
        try:
            mark = whole(profile["mark"])
        except (KeyError, TypeError, ValueError):
            continue  # there is none, or the model reports it
        if mark & MARK:
            path: Path = ("profiles", name, "mark")
            what = f"has bit {MARK:#x}, by which packets diverted to us are told"
            message = f"{what}: choose a mark without it"
            yield Flaw(place_of(places, path).value, path, message)


def interfaces(profiles: Mapping[str, Any]) -> dict[str, str]:
    """The interface that each profile has, along its bases: those that have one."""
    bases = _bases(profiles)
    found: dict[str, str | None] = {}
    for name in profiles:
        trail: dict[str, None] = {}  # ordered, and asked for what is in it
        step, end = name, None
        while step in profiles and step not in trail:
            trail[step] = None
            end = found.get(step) or _interface(profiles[step])
            if end is not None or step in found:
                break
            step = bases.get(step, "")
        found |= dict.fromkeys(trail, end)
    return {name: own for name, own in found.items() if own is not None}


def _interface(profile: Any) -> str | None:
    own = profile.get("interface") if isinstance(profile, dict) else None
    return own if isinstance(own, str) else None


def _bases(profiles: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: profile["base"]
        for name, profile in profiles.items()
        if isinstance(profile, dict)
        and isinstance(profile.get("base"), str)
        and name not in BUILT_IN
    }


def _circles(bases: Mapping[str, str]) -> Iterator[list[str]]:
    """Every circle once, beginning with the one of its profiles that stands first."""
    order = {name: number for number, name in enumerate(bases)}
    seen: set[str] = set()
    for first in bases:
        trail: dict[str, int] = {}
        step: str = first
        while step in bases and step not in seen:
            seen.add(step)
            trail[step] = len(trail)
            step = bases[step]
        if step in trail:
            names = list(trail)[trail[step] :]
            start = min(range(len(names)), key=lambda at: order[names[at]])
            yield [*names[start:], *names[:start]]
