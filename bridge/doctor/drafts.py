"""
The parts of a configuration that name files of certificates, be the rest of it right
or wrong.

So that one look tells of all: with a key misspelt in one place, a missing file in
another would otherwise come up only in the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from bridge.config.model import Config
from bridge.config.problems import Draft, Path
from bridge.config.profile import Part
from bridge.config.tls import Certificate, FarmTls, FrontTls

P = TypeVar("P", bound=Part)


@dataclass(frozen=True)
class Secured:
    """The ``tls`` of a front or a farm, at *path*."""

    path: Path
    tls: FrontTls | FarmTls
    entries: tuple[tuple[int, Certificate], ...] = ()
    """A front's certificates that are right, with their places in the list."""


def secured_of(config: Config) -> Iterator[Secured]:
    """Of a configuration that is right."""
    for name, front in config.fronts.items():
        if front.tls is not None:
            entries = tuple(enumerate(front.tls.certificates))
            yield Secured(("fronts", name, "tls"), front.tls, entries)
    for name, farm in config.farms.items():
        if farm.tls is not None:
            yield Secured(("farms", name, "tls"), farm.tls)


def secured_by(draft: Draft) -> Iterator[Secured]:
    """Of one that is not: as much as can be understood, wrong keys left out."""
    for name, tls in _parts(draft.values, "fronts"):
        listed = tls.pop("certificates", None)
        found = [
            (index, entry)
            for index, value in enumerate(listed if isinstance(listed, list) else ())
            if (entry := _salvaged(Certificate, value, draft)) is not None
        ]
        if not found:
            continue
        tls["certificates"] = [entry for _, entry in found]
        front = _salvaged(FrontTls, tls, draft)
        if front is not None:
            yield Secured(("fronts", name, "tls"), front, tuple(found))
    for name, tls in _parts(draft.values, "farms"):
        farm = _salvaged(FarmTls, tls, draft)
        if farm is not None:
            yield Secured(("farms", name, "tls"), farm)


def _parts(values: Any, section: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each ``tls`` of a *section*, as a copy."""
    parts = values.get(section) if isinstance(values, dict) else None
    for name, part in parts.items() if isinstance(parts, dict) else ():
        tls = part.get("tls") if isinstance(part, dict) else None
        if isinstance(tls, dict):
            yield name, dict(tls)


def _salvaged(kind: type[P], value: Any, draft: Draft) -> P | None:
    """*value* without the keys that are wrong; None where one of those is needed."""
    rest = dict(value) if isinstance(value, dict) else {}
    while True:
        try:
            return kind.model_validate(rest, context={"folder": draft.folder})
        except ValidationError as error:
            wrong = {each["loc"][0] for each in error.errors() if each["loc"]}
            if wrong.isdisjoint(rest):
                return None
            rest = {key: each for key, each in rest.items() if key not in wrong}
