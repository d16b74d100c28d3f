"""
Every key of the model, as a tree to walk: what the reference, ``explain`` and "did you
mean" are made of.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from bridge.config.model import Config
from bridge.config.profile import Part
from bridge.config.scalars import Kind
from bridge.config.spelling import did_you_mean, nearest

NAME, ITEM = "NAME", "[]"
"""Steps that stand for any name of a map, and for any item of a list."""

_SLIP = 0.85
"""The likeness of two words, one letter apart, from which on it is a slip for sure."""

_HINTS = 20
"""Of errors of one kind, those that tell what may have been meant."""


@dataclass(frozen=True)
class Key:
    """One key of the configuration: what may stand there, and what it means."""

    path: str
    """``fronts.NAME.listen``"""
    kind: str
    unit: str
    default: str
    """As a file would spell it; empty for a key that must be given."""
    meaning: str
    below: Mapping[str, Key] = field(default_factory=dict)

    def all_below(self) -> Iterator[Key]:
        """Every key inside this one, in the model's order."""
        for key in self.below.values():
            yield key
            yield from key.all_below()


def find(steps: Sequence[str | int], root: Key | None = None) -> Key | None:
    """The key at *steps*, whose names and indexes may be real ones."""
    key: Key | None = root or ROOT
    for step in steps:
        if key is None:
            return None
        general = ITEM if isinstance(step, int) else NAME
        key = key.below.get(str(step)) or key.below.get(general)
    return key


def called(word: str, above: Key) -> list[str]:
    """
    The paths of all keys below *above* that are called *word*, however that is written.

    >>> called("MSS", ROOT)
    ['profiles.NAME.mss']
    """
    prefix = f"{above.path}." if above.path else ""
    return [path for path in _paths().get(word.lower(), ()) if path.startswith(prefix)]


@cache
def _paths() -> Mapping[str, list[str]]:
    """The paths of all keys by the last word of each."""
    found: dict[str, list[str]] = {}
    for key in ROOT.all_below():
        if not key.path.endswith((NAME, ITEM)):
            found.setdefault(key.path.rpartition(".")[2], []).append(key.path)
    return found


def meant(word: str, above: Key) -> str:
    """
    What may have been meant by *word*, which is no key of *above*: one a letter away, a
    key of that name further down, a near one, or one of that name elsewhere.
    """
    if difflib.get_close_matches(word, above.below, n=1, cutoff=_SLIP):
        return did_you_mean(word, above.below)
    below = called(word, above)
    if not below and nearest(word, above.below) is None:
        below = called(word, ROOT)
    return (
        f"did you mean {' or '.join(below)}?"
        if below
        else did_you_mean(word, above.below)
    )


class Known:
    """
    Names that may be referred to, with hints for those who miss them.

    A hint compares a word with every name there is, so only the first few get one.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = set(names)
        self._hints = _HINTS

    def lacks(self, name: str) -> bool:
        """Where nothing is known, that is the error."""
        return bool(self._names) and name not in self._names

    def hint(self, word: str) -> str:
        """``, did you mean "X"?``, or nothing."""
        self._hints -= 1
        return f", {did_you_mean(word, self._names)}" if self._hints >= 0 else ""


def _key(path: str, info: FieldInfo) -> Key:
    kinds = [m for m in info.metadata if isinstance(m, Kind)]
    kind = kinds[-1] if kinds else _kind(info.annotation)
    return Key(
        path,
        kind=kind.text,
        unit=kind.unit,
        default=_default(info, kind),
        meaning=" ".join((info.description or "").split()),
        below=_below(path, info.annotation),
    )


def _kind(annotation: Any) -> Kind:
    """What can be said of a type that has no Kind of its own."""
    if get_origin(annotation) is Literal:
        return Kind(" or ".join(map(str, get_args(annotation))))
    for inner in get_args(annotation):
        for kind in getattr(inner, "__metadata__", ()):
            if isinstance(kind, Kind) and get_origin(annotation) in _UNIONS:
                return kind
    return Kind("a map of names" if get_origin(annotation) is Mapping else "a map")


def _default(info: FieldInfo, kind: Kind) -> str:
    if info.default is PydanticUndefined:
        return ""
    if info.default is None or info.default == "":
        return kind.none
    if kind.show is not str:
        return kind.show(info.default)
    if isinstance(info.default, Part | Mapping):
        return "{}"
    return "[]" if info.default == () else str(info.default)


_UNIONS = (Union, types.UnionType)


def _below(path: str, annotation: Any) -> dict[str, Key]:
    """The keys inside a value of this type."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        prefix = f"{path}." if path else ""
        fields = [  # an alias is a key that Python has a meaning of its own for
            (info.alias or name, info) for name, info in annotation.model_fields.items()
        ]
        return {name: _key(prefix + name, info) for name, info in fields}
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Mapping and _is_part(inside[1]):
        name = f"{path}.{NAME}"
        return {NAME: _part(name, inside[1])}
    if origin is tuple and _is_part(inside[0]):
        return {ITEM: _part(path + ITEM, inside[0])}
    if origin in _UNIONS:
        found: dict[str, Key] = {}
        for each in inside:  # forms of one value, of which each may be a map
            found |= _below(path, each)
        return found
    if origin is Annotated:
        return _below(path, inside[0])
    return {}


def _is_part(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Part)


def _part(path: str, model: type[Part]) -> Key:
    meaning = " ".join((model.__doc__ or "").split())
    return Key(path, "a map", "", "", meaning, below=_below(path, model))


ROOT = Key("", "a map", "", "", "", below=_below("", Config))
