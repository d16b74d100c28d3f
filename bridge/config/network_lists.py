"""
``allow``, ``deny`` and ``accept_proxy``: networks, and files of more of them, which
``@`` stands before.

The model reads no files.  Who validates it hands in what they hold, by their paths, as
the context's ``networks`` (``reader``); who reads them again later makes another list
of that (``with_files``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from pydantic import (
    BeforeValidator,
    GetPydanticSchema,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import core_schema

from bridge.config.addresses import listed, network, one_or_more
from bridge.config.scalars import Kind
from bridge.net.address import Networks
from bridge.net.prefixes import Network

LISTS = ("allow", "deny", "accept_proxy")
"""The keys of a front that are such lists."""

FILE = "@"
"""What stands before a file's path."""

Found: TypeAlias = Mapping[Path, tuple[Network, ...]]
"""What files hold, by their paths."""

EVERYONE: tuple[Network, ...] = (ip_network("0.0.0.0/0"), ip_network("::/0"))
"""Stands in for a file with errors, so that nothing else is found wrong for it."""


@dataclass(frozen=True)
class ListedNetworks:
    """
    Networks that are written in a configuration, and files of more.

    Raises ValueError for an ``allow`` whose files have nobody in them.
    """

    written: tuple[Network, ...] = ()
    files: tuple[Path, ...] = ()
    """Absolute paths, in their order."""
    found: Found = field(default_factory=dict, repr=False, hash=False)
    """What each of the files held when it was read."""
    empty_is_all: bool = False
    """Whether this is an ``allow``."""
    networks: Networks = field(init=False, repr=False, compare=False)
    """All of them, ready to be asked."""

    def __post_init__(self) -> None:
        more = (each for file in self.files for each in self.found[file])
        networks = Networks((*self.written, *more))
        if self.empty_is_all and self.files and not networks:
            what = f"{self.files[0]} has no network in it"
            right = "and nobody would come in: list one, or take it out for all"
            raise ValueError(f"{what}, {right}")
        object.__setattr__(self, "networks", networks)

    def with_files(self, found: Found) -> ListedNetworks:
        """
        The same list with what its files hold by now: *found* has each of them.

        Raises ValueError, see above.
        """
        return replace(self, found={file: found[file] for file in self.files})

    def __bool__(self) -> bool:
        """Whether there is anything in it; an empty ``allow`` means all."""
        return bool(self.networks)

    @property
    def is_written(self) -> bool:
        """Whether there may be anything in it, now or when its files are read again."""
        return bool(self.written or self.files)


def path_of(entry: str, folder: Path) -> Path:
    """
    The file that ``@entry`` names; a relative path begins in *folder*.

    Raises ValueError, which quotes *entry*.
    """
    name = entry.removeprefix(FILE)
    if not name or "\0" in name:
        right = "write @ and a file's path, like @blocked.txt"
        raise ValueError(f"{entry!r} names no file: {right}")
    return Path(os.path.abspath(folder / name))


def _item(value: object, info: ValidationInfo) -> Network | tuple[Path, Any]:
    """A network, or a file with what it holds.  Raises ValueError."""
    if not isinstance(value, str) or not value.startswith(FILE):
        return network(value)
    context: dict[str, Any] = info.context or {}
    file = path_of(value, context.get("folder", Path()))
    held = context.get("networks", {}).get(file, "only a file can name others")
    if isinstance(held, str):
        raise ValueError(held)
    return file, held


def _made(empty_is_all: bool, items: tuple[Any, ...]) -> ListedNetworks:
    found: Found = dict(each for each in items if isinstance(each, tuple))
    written = tuple(each for each in items if not isinstance(each, tuple))
    return ListedNetworks(written, tuple(found), found, empty_is_all)


def _listed_or_off(value: object) -> object:
    return () if value is False or value == "off" else listed(value)


def _type(empty_is_all: bool) -> GetPydanticSchema:
    return GetPydanticSchema(
        lambda _, handler: core_schema.no_info_after_validator_function(
            partial(_made, empty_is_all), handler(tuple[_Item, ...])
        )
    )


_Item = Annotated[Any, PlainValidator(_item), WithJsonSchema({"type": "string"})]
_KIND = Kind("a network or @file, or a list of them", show=lambda networks: "[]")
_SCHEMA = one_or_more({"type": "string"})

Allowed: TypeAlias = Annotated[
    ListedNetworks, _type(True), BeforeValidator(listed), _KIND, _SCHEMA
]
Listed: TypeAlias = Annotated[
    ListedNetworks, _type(False), BeforeValidator(_listed_or_off), _KIND, _SCHEMA
]


def named_files(values: Any) -> Iterator[str]:
    """Every ``@file`` in the plain *values* of a configuration."""
    fronts = values.get("fronts") if isinstance(values, dict) else None
    for front in fronts.values() if isinstance(fronts, dict) else ():
        for key in LISTS if isinstance(front, dict) else ():
            for entry in _entries(front.get(key)):
                if isinstance(entry, str) and entry.startswith(FILE):
                    yield entry


def _entries(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else (value,)
