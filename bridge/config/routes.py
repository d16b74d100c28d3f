"""Where a front's sessions go: to one farm, or to several by the name in a hello."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from bridge.config.profile import NAME, Name
from bridge.config.scalars import Kind
from bridge.net.names import pattern

DEFAULT = "default"
"""The word for whatever no name leads elsewhere.  Hosts of one label are not called
so; as a name it would be taken for the word."""


def _as_map(value: object) -> object:
    """One farm is the farm of everything."""
    if isinstance(value, dict) and not value:
        raise ValueError("is empty: at least one name is needed")
    return value if isinstance(value, dict) else {DEFAULT: value}


_FARM = {"type": "string", "pattern": NAME}

Routes: TypeAlias = Annotated[
    Mapping[Annotated[str, AfterValidator(pattern)], Name],
    BeforeValidator(_as_map),
    Kind("a farm's name, or a map of names to farms"),
    WithJsonSchema(
        {
            "anyOf": [
                _FARM,
                {"type": "object", "minProperties": 1, "additionalProperties": _FARM},
            ]
        }
    ),
]
"""Farms by canonical pattern; one farm alone is that of DEFAULT."""
