"""
Filters of the operator's own: whether each can be imported, and takes what it is with.

That runs code of theirs, as the start will: as the user who asks, before anything is
bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any

from pydantic import ValidationError

from bridge.config.model import Config
from bridge.config.own_filters import OwnFilter
from bridge.config.problems import Draft, Flaw, Path, Place, Spot, place_of
from bridge.filters.named import FilterError, look_in, use_of


@dataclass(frozen=True)
class Named:
    """One entry of a front's ``filters``, at *path*."""

    path: Path
    own: OwnFilter
    has_tls: bool
    """Whether the front has."""


def named_of(config: Config) -> Iterator[Named]:
    """Of a configuration that is right."""
    for name, front in config.fronts.items():
        for index, own in enumerate(front.filters):
            yield Named(("fronts", name, "filters", index), own, front.tls is not None)


def prepare(config: Config, folder: File) -> None:
    """
    Have the modules of *config*'s filters found and imported, as a start needs them.

    *folder* is the configuration file's.  Raises ImportError or what they raise.
    """
    for each in named_of(config):
        look_in(folder.absolute())
        use_of(each.own.use, each.own.settings)


def named_by(draft: Draft) -> Iterator[Named]:
    """Of one that is not: those entries that are."""
    fronts = draft.values.get("fronts") if isinstance(draft.values, dict) else None
    for name, front in fronts.items() if isinstance(fronts, dict) else ():
        filters = front.get("filters") if isinstance(front, dict) else None
        for index, value in enumerate(filters if isinstance(filters, list) else ()):
            own = _salvaged(value)
            if own is not None:
                yield Named(("fronts", name, "filters", index), own, "tls" in front)


def _salvaged(value: Any) -> OwnFilter | None:
    try:
        return OwnFilter.model_validate(
            {"use": value} if isinstance(value, str) else value
        )
    except ValidationError:
        return None  # it is told of already


def flaws(
    named: Iterable[Named], places: Mapping[Path, Place], folder: File
) -> Iterator[Flaw]:
    """Each that a start would fail with.  *folder*: the configuration file's."""
    for each in named:
        look_in(folder.absolute())
        found = _fault(each)
        if found is not None:
            path, message = found
            path = path if path in places else each.path  # a name alone has no keys
            yield Flaw(_place(places, path), path, message)


def _fault(named: Named) -> tuple[Path, str] | None:
    own = named.own
    try:
        use = use_of(own.use, own.settings)
    except FilterError as error:
        if error.key is None:
            return (*named.path, "use"), str(error)
        return (*named.path, "with", error.key), str(error)
    if use.secures_later and not named.has_tls:
        return (*named.path, "use"), f"{own.use} begins TLS: give this front tls"
    return None


def _place(places: Mapping[Path, Place], path: Path) -> Spot:
    """Of a setting that is not taken its name, of all else what is written there."""
    place = place_of(places, path)
    return place.key if path[-2:-1] == ("with",) else place.value
