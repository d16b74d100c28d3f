"""
What no part of the configuration can know alone: whether its references meet.
``farm_checks`` does it for the keys of one farm, ``source_checks`` and ``map_checks``
for its sources and its map, ``profile_checks`` for profiles, ``listen_checks`` for the
addresses of all fronts, ``tls_checks`` for TLS, ``mode_checks`` for modes,
``admin_checks`` for who may reach the page, ``processes`` for workers and their
processors.

These checks read the plain values and pass over what is of the wrong type, which the
model reports: so a misspelt key does not hide a missing farm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bridge.config import (
    admin_checks,
    farm_checks,
    listen_checks,
    map_checks,
    mode_checks,
    prefix_checks,
    processes,
    profile_checks,
    source_checks,
    tls_checks,
)
from bridge.config.keys import Known
from bridge.config.problems import Flaw, Path, Place, place_of
from bridge.config.profile import BUILT_IN
from bridge.config.scalars import shown


def flaws(values: Any, places: Mapping[Path, Place]) -> Iterator[Flaw]:
    """Everything wrong between the parts of *values*, whatever those may be."""
    yield from _references(values, places)
    profiles, fronts = _section(values, "profiles"), _section(values, "fronts")
    yield from profile_checks.flaws(profiles, places)
    yield from listen_checks.flaws(fronts, profiles, places)
    yield from prefix_checks.flaws(fronts, places)
    yield from processes.flaws(values, places)
    yield from admin_checks.flaws(_section(values, "admin"), places)
    parts = _named(values, "fronts"), _named(values, "farms")
    if _diverts(*parts):
        yield from profile_checks.marks(profiles, places)
    yield from source_checks.flaws(*parts, places)
    yield from map_checks.flaws(*parts, places)
    yield from mode_checks.flaws(*parts, places)
    farms = Known(_section(values, "farms"))
    for name, front in parts[0].items():
        yield from tls_checks.front_flaws(("fronts", name), front, farms, places)
    for name, farm in parts[1].items():
        yield from farm_checks.flaws(("farms", name), farm, places)
        yield from tls_checks.farm_flaws(("farms", name), farm, places)


def too_large(values: Any, places: Mapping[Path, Place]) -> Flaw | None:
    """What makes so much of few words that nothing else of *values* is looked at."""
    return listen_checks.too_many(_section(values, "fronts"), places)


def _diverts(fronts: source_checks.Parts, farms: source_checks.Parts) -> bool:
    """Whether packets are to be marked for this configuration."""
    spoofed = (source_checks.is_client(farm.get("source")) for farm in farms.values())
    every_port = (
        listen_checks.takes_every_port(listen)
        for name, front in fronts.items()
        for _, listen in listen_checks.listens(name, front)
    )
    return any(spoofed) or any(every_port)


def _section(values: Any, section: str) -> dict[str, Any]:
    """What a section holds by name, of whatever type."""
    found = values.get(section) if isinstance(values, dict) else None
    return found if isinstance(found, dict) else {}


def _named(values: Any, section: str) -> dict[str, dict[str, Any]]:
    """The maps of one section by name; what is no map is left out."""
    found = _section(values, section)
    return {name: part for name, part in found.items() if isinstance(part, dict)}


def _references(values: Any, places: Mapping[Path, Place]) -> Iterator[Flaw]:
    profiles = Known([*_section(values, "profiles"), *BUILT_IN])
    farms = Known(_section(values, "farms"))
    for section, key, kind, known in (
        ("fronts", "to", "farm", farms),
        ("fronts", "profile", "profile", profiles),
        ("farms", "profile", "profile", profiles),
        ("profiles", "base", "profile", profiles),
    ):
        for name, part in _named(values, section).items():
            wanted = part.get(key)
            if isinstance(wanted, str) and known.lacks(wanted):
                path = (section, name, key)
                message = f"no {kind} is named {shown(wanted)}{known.hint(wanted)}"
                yield Flaw(place_of(places, path).value, path, message)
