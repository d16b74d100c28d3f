"""
A configuration as a plain tree of text, to be compared and told: without its secrets,
and without what is at its default.

Here: ``Config`` in, maps, lists and texts out, which JSON can carry.  Not here: what
two such trees differ in (``changes``).

Two files that mean the same are the same tree, however they are written.  A secret
stands in it as a fingerprint under a salt of the asker's: enough to see that it is
another one.  What may hold one, such as a field of HTTP or what a check sends, is
treated like that, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Any, TypeAlias

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from bridge.config.farm import Farm, Server
from bridge.config.http import HeaderChanges
from bridge.config.model import Config
from bridge.config.network_lists import FILE, ListedNetworks
from bridge.config.own_filters import OwnFilter
from bridge.config.profile import Part, Profile
from bridge.config.routes import DEFAULT
from bridge.config.scalars import Kind, show_seconds, show_switch

Tree: TypeAlias = "dict[str, Tree] | list[str] | str"
"""A map by its keys, servers by their names, other maps in lists by their numbers."""

Leaf: TypeAlias = "list[str] | str | dict[str, str]"
"""A map is a secret, or empty: something that might be off, and is on."""

Path: TypeAlias = tuple[str, ...]

SECRET = "(secret)"
"""The one key of a map that stands for a secret; its value is a fingerprint."""

ORDERED = "servers"
"""The key of those maps in which the order counts."""

_HIDDEN = {
    (HeaderChanges, "set"),
    (HeaderChanges, "add"),
    (OwnFilter, "settings"),
}
"""Maps whose values may be secrets."""


def plain(config: Config, salt: bytes = b"") -> dict[str, Tree]:
    """
    What *config* says, key by key in the order of the model, with values spelt as a
    file may spell them.

    *salt*, at most 64 bytes, is what secrets are hashed with; without one they all look
    the same, so that nobody can guess them from what is told.
    """
    return tree_of(leaves(config, salt))


def leaves(config: Config, salt: bytes = b"") -> Iterator[tuple[Path, Leaf]]:
    """The same one after another: of thousands each is made as it is asked for."""
    return _Plain(salt).part((), config)


def tree_of(found: Iterable[tuple[Sequence[str], Leaf]]) -> dict[str, Tree]:
    """The tree that has these leaves.  Raises ValueError where there is none."""
    top: dict[str, Tree] = {}
    for path, leaf in found:
        here: dict[str, Tree] = top
        for step in path[:-1]:
            below = here.setdefault(step, {})
            if not isinstance(below, dict):
                raise ValueError(f"{step} is a map and something else")
            here = below
        here[path[-1]] = leaf  # type: ignore[assignment]
    return top


def digest(config: Config) -> str:
    """
    Sixteen hexadecimal digits that are others when *config* says something else.

    Secrets have no part in it: it is told to everybody.
    """
    text = json.dumps(_canonical(plain(config)))
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _canonical(tree: Tree) -> object:
    """Maps as lists, sorted where their order does not count."""
    if not isinstance(tree, dict):
        return tree
    return [
        (key, list(tree[key]) if key == ORDERED else None, _canonical(tree[key]))
        for key in sorted(tree)
    ]


class _Plain:
    """One walk over a configuration."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt

    def part(self, path: Path, part: Part) -> Iterator[tuple[Path, Leaf]]:
        """The keys of *part*, which is at *path*, that are not at their defaults."""
        for field in _fields(type(part)):
            value = getattr(part, field.name)
            if not field.is_told(part, value):
                continue
            here = (*path, field.key)
            if isinstance(value, Part):
                # One in which nothing differs is told if it might be off.
                yield from self._some(here, value, alone=field.default is None)
            elif isinstance(value, tuple) and value and isinstance(value[0], Part):
                yield from self._parts(here, part, value)
            elif isinstance(value, Mapping):
                hidden = (type(part), field.name) in _HIDDEN
                yield from self._map(here, value, hidden)
            else:
                yield here, self._leaf(value, field.kind)

    def _some(self, path: Path, part: Part, alone: bool) -> Iterator[tuple[Path, Leaf]]:
        """*alone*: it has a leaf even if it has no keys."""
        for each in self.part(path, part):
            alone = False
            yield each
        if alone:
            yield path, {}

    def _map(
        self, path: Path, value: Mapping[Any, Any], hidden: bool
    ) -> Iterator[tuple[Path, Leaf]]:
        if set(value) == {DEFAULT} and isinstance(value[DEFAULT], str):
            yield path, value[DEFAULT]  # routes: one farm for everything
            return
        for key, each in value.items():
            here = (*path, str(key))
            if isinstance(each, Part):
                yield from self._some(here, each, alone=True)
            else:
                yield here, self._secret(each) if hidden else _spelt(each)

    def _parts(
        self, path: Path, part: Part, value: tuple[Part, ...]
    ) -> Iterator[tuple[Path, Leaf]]:
        for number, each in enumerate(value):
            said = set[str]()
            name = f"{number}"
            if isinstance(part, Farm) and isinstance(each, Server):
                said.add("name")  # which stands above
                name = each.name
                if each.connections == part.connections:  # which the farm says itself
                    said.add("connections")
            for inner, leaf in self._some((*path, name), each, alone=True):
                if inner[-1] not in said:
                    yield inner, leaf

    def _leaf(self, value: Any, kind: Kind) -> Leaf:
        if isinstance(value, SecretStr | bytes):
            return self._secret(value)
        if isinstance(value, ListedNetworks):
            files = (f"{FILE}{file}" for file in value.files)
            return [*map(str, value.written), *files]
        if isinstance(value, tuple):
            return [_spelt(each) for each in value]
        return _spelt(value, kind)

    def _secret(self, value: object) -> Leaf:
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        if not self._salt:
            return {SECRET: ""}
        data = text.encode("utf-8", "surrogateescape")
        return {SECRET: blake2b(data, key=self._salt, digest_size=16).hexdigest()}


@dataclass(frozen=True, slots=True)
class _Field:
    """What is asked of a field of the model for each of thousands of servers."""

    name: str
    key: str
    """As a file has it."""
    default: Any
    kind: Kind
    by_words: bool
    """Whether it is told where it is written, and not where its value is another."""

    def is_told(self, part: Part, value: Any) -> bool:
        if self.by_words:
            return self.name in part.model_fields_set
        return bool(value != self.default)


@cache
def _fields(model: type[Part]) -> tuple[_Field, ...]:
    """Those of *model*; what must be given has PydanticUndefined for a default."""
    return tuple(
        _Field(
            name,
            info.alias or name,
            info.default,
            _kind(info),
            # What a profile does not say is its base's, and a server's the farm's.
            by_words=model is Profile or (model is Server and name == "connections"),
        )
        for name, info in model.model_fields.items()
    )


def _kind(info: FieldInfo) -> Kind:
    kinds = [each for each in info.metadata if isinstance(each, Kind)]
    return kinds[-1] if kinds else Kind("")


def _spelt(value: object, kind: Kind | None = None) -> str:
    """A single value as a file may spell it."""
    if value is None:
        word = kind.none if kind else "off"
        return word if " " not in word else "off"  # "the farm's" is said of defaults
    if isinstance(value, bool):
        return show_switch(value)
    if isinstance(value, range):
        first, last = value[0], value[-1]
        return str(first) if first == last else f"{first}-{last}"
    if isinstance(value, float):
        return show_seconds(value)
    if isinstance(value, int) and kind is not None and kind.show is not str:
        return kind.show(value)
    return str(value)
