"""
What no part of the configuration can know alone: whether its references meet.
``farm_checks`` does it for the keys of one farm.

These checks read the plain values and pass over what is of the wrong type, which the
model reports: so a misspelt key does not hide a missing farm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from bridge.config import farm_checks, tls_checks
from bridge.config.keys import did_you_mean
from bridge.config.problems import Flaw, Path, Place, place_of
from bridge.config.profile import BUILT_IN
from bridge.config.scalars import shown, switch
from bridge.net.address import Address, Listen, parse_listen


def flaws(values: Any, places: Mapping[Path, Place]) -> Iterator[Flaw]:
    """Everything wrong between the parts of *values*, whatever those may be."""
    yield from _references(values, places)
    yield from _profiles(values, places)
    yield from _listens(values, places)
    farms = _names(values, "farms")
    for name, front in _named(values, "fronts").items():
        yield from tls_checks.front_flaws(("fronts", name), front, farms, places)
    for name, farm in _named(values, "farms").items():
        yield from farm_checks.flaws(("farms", name), farm, places)
        yield from tls_checks.farm_flaws(("farms", name), farm, places)


def _named(values: Any, section: str) -> dict[str, dict[str, Any]]:
    """The maps of one section by name; what is no map is left out."""
    found = values.get(section) if isinstance(values, dict) else None
    if not isinstance(found, dict):
        return {}
    return {name: part for name, part in found.items() if isinstance(part, dict)}


def _names(values: Any, section: str) -> set[str]:
    found = values.get(section) if isinstance(values, dict) else None
    return set(found) if isinstance(found, dict) else set()


def _references(values: Any, places: Mapping[Path, Place]) -> Iterator[Flaw]:
    profiles = _names(values, "profiles") | set(BUILT_IN)
    farms = _names(values, "farms")
    for section, key, kind, known in (
        ("fronts", "to", "farm", farms),
        ("fronts", "profile", "profile", profiles),
        ("farms", "profile", "profile", profiles),
        ("profiles", "base", "profile", profiles),
    ):
        for name, part in _named(values, section).items():
            wanted = part.get(key)
            # Where nothing is known, that is the error.
            if isinstance(wanted, str) and known and wanted not in known:
                path = (section, name, key)
                message = f"no {kind} is named {shown(wanted)}"
                hint = did_you_mean(wanted, known)
                yield Flaw(place_of(places, path).value, path, f"{message}, {hint}")


def _profiles(values: Any, places: Mapping[Path, Place]) -> Iterator[Flaw]:
    for name in sorted(_names(values, "profiles") & set(BUILT_IN)):
        path: Path = ("profiles", name)
        yield Flaw(
            place_of(places, path).key,
            path,
            f'{name} is built in: choose another name, with "base: {name}" in it',
        )
    bases = {
        name: part["base"]
        for name, part in _named(values, "profiles").items()
        if isinstance(part.get("base"), str) and name not in BUILT_IN
    }
    for name in bases:
        trail = [name]
        while trail[-1] in bases and bases[trail[-1]] not in trail:
            trail.append(bases[trail[-1]])
        # Each profile of a circle reports it; one that only leads into it does not.
        if bases.get(trail[-1]) == name:
            path = ("profiles", name, "base")
            circle = " -> ".join([*trail, name])
            message = f"the bases run in a circle, {circle}: end it, say with wan"
            yield Flaw(place_of(places, path).value, path, message)


class _Entry(NamedTuple):
    """One entry of a ``listen``: the addresses of a range share it."""

    path: Path
    listens: tuple[Listen, ...]
    dual_stack: bool
    interface: str | None


def _listens(values: Any, places: Mapping[Path, Place]) -> Iterator[Flaw]:
    """Two entries that would take the same address; the later one is at fault."""
    taken: dict[object, list[_Entry]] = {}
    for entry in _entries(values):
        clash = None
        for listen in entry.listens:
            for token in _tokens(listen, entry.dual_stack):
                others = taken.setdefault(token, [])
                clash = clash or next(
                    ((listen, other) for other in others if _share(entry, other)), None
                )
                others.append(entry)
        if clash:
            first = place_of(places, clash[1].path).value
            message = f"{clash[0]} is taken already, at {first}: choose another"
            yield Flaw(place_of(places, entry.path).value, entry.path, message)


def _entries(values: Any) -> Iterator[_Entry]:
    for name, front in _named(values, "fronts").items():
        listen = front.get("listen")
        path: Path = ("fronts", name, "listen")
        items = listen if isinstance(listen, list) else [listen]
        for index, item in enumerate(items):
            try:
                listens = parse_listen(item) if isinstance(item, str) else ()
                dual = switch(front.get("dual_stack", False))
            except ValueError:
                continue  # the model reports it
            here = (*path, index) if isinstance(listen, list) else path
            interface = _interface(values, front.get("profile"))
            yield _Entry(here, listens, dual, interface)


def _tokens(listen: Listen, dual_stack: bool) -> Iterator[object]:
    """What a listener occupies: nothing where the kernel picks a free port."""
    if not isinstance(listen, Address):
        yield str(listen)
    elif listen.port:
        yield str(listen)
        if listen.host == "::" and dual_stack:
            yield f"0.0.0.0:{listen.port}"


def _share(one: _Entry, other: _Entry) -> bool:
    """Listeners bound to two interfaces (SO_BINDTODEVICE) may have one address."""
    if one.interface is None or other.interface is None:
        return True
    return one.interface == other.interface


def _interface(values: Any, name: object) -> str | None:
    """The interface of a profile along its bases, circles and all."""
    profiles, seen = _named(values, "profiles"), set()
    while isinstance(name, str) and name in profiles and name not in seen:
        seen.add(name)
        found = profiles[name].get("interface")
        if isinstance(found, str):
            return found
        name = profiles[name].get("base")
    return None
