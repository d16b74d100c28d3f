"""
Filters of the operator's own, by the names of their classes: the list ``filters``.

Only what is written: whether there is such a class says ``doctor``, which imports it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from bridge.config.addresses import listed
from bridge.config.profile import Part
from bridge.config.scalars import Kind, shown

_WORD = "[A-Za-z_][A-Za-z0-9_]*"
PATTERN = rf"^{_WORD}(\.{_WORD})*:{_WORD}$"

MOST = 16
"""Filters of one front; each is asked for each piece."""


def class_name(value: object) -> str:
    """``package.module:Name``.  Raises ValueError."""
    if not isinstance(value, str) or not re.fullmatch(PATTERN, value):
        right = "write package.module:Name"
        raise ValueError(f"{shown(value)} is no filter's name: {right}")
    return value


class OwnFilter(Part):
    """One filter of a front, with what it is set to."""

    use: Annotated[
        str,
        PlainValidator(class_name),
        Kind("a class: package.module:Name"),
        WithJsonSchema({"type": "string", "pattern": PATTERN}),
    ]
    """Module and name of a class that is a `bridge.filters.Filter`."""
    settings: Annotated[Mapping[str, Any], Kind("a map")] = Field({}, alias="with")
    """What it is made with: keywords of its `__init__`. It is imported and made once
    when the configuration is checked, to see that it takes them."""


def _each(value: object) -> object:
    """A name alone has no settings."""
    items = listed(value)
    assert isinstance(items, list | tuple)
    if len(items) > MOST:
        raise ValueError(f"are more than {MOST}: make one of several")
    return tuple({"use": each} if isinstance(each, str) else each for each in items)


OwnFilters: TypeAlias = Annotated[
    tuple[OwnFilter, ...],
    BeforeValidator(_each),
    Kind("a class, package.module:Name, or a list of classes and maps"),
]
