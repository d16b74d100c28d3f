"""What servers are told of a client in a PROXY header: the keys of ``send_proxy``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from bridge.config.addresses import listed
from bridge.config.profile import Part
from bridge.config.scalars import Kind, shown
from bridge.net import tlv

_CUSTOM = "^0[xX][0-9a-fA-F]{1,2}$"


def _type(read: Callable[[str], int], value: object) -> int:
    """The type of a field, by its name or number.  Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool):
        right = f'"0x{value:02X}"' if 0 <= value < 256 else '"0xE0"'
        raise ValueError(f"{value} is a number, and types are names or text: {right}")
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is no field: write names like [authority]")
    return read(value)


def _distinct(types: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(types)) < len(types):
        raise ValueError("has a field twice: take one out")
    return types


def _show(types: tuple[int, ...]) -> str:
    return "[]"  # only the default is shown


_PASSED = {
    "anyOf": [{"enum": list(tlv.PASSED)}, {"type": "string", "pattern": _CUSTOM}]
}
_ADDED = {"enum": list(tlv.ADDED)}
Passed: TypeAlias = Annotated[
    tuple[Annotated[int, BeforeValidator(partial(_type, tlv.passed_type))], ...],
    BeforeValidator(listed),
    AfterValidator(_distinct),
    Kind("a field, or a list of them", show=_show),
    WithJsonSchema({"anyOf": [_PASSED, {"type": "array", "items": _PASSED}]}),
]
Added: TypeAlias = Annotated[
    tuple[Annotated[int, BeforeValidator(partial(_type, tlv.added_type))], ...],
    BeforeValidator(listed),
    AfterValidator(_distinct),
    Kind("a field, or a list of them", show=_show),
    WithJsonSchema({"anyOf": [_ADDED, {"type": "array", "items": _ADDED}]}),
]


class SendProxy(Part):
    """The header that servers get before anything else of a session."""

    version: Literal["v1", "v2"] = "v2"
    """`v1` is a line of text with the addresses; `v2` is binary and may hold fields."""
    passed: Passed = Field((), alias="pass")
    """Fields of the header that a client came with which go on to servers, in this
    order: `alpn`, `authority`, `unique_id`, `ssl`, `netns`, or others by their number,
    like `"0xE0"`. Only fronts with `accept_proxy` have any."""
    added: Added = Field((), alias="add")
    """Fields that the gateway adds: `authority` (the name that the client asked for),
    `alpn` and `ssl` (of the front's TLS), `unique_id` (the session's own name) and
    `crc32c` (a checksum of the header). What was passed beats what would be added."""


_EXAMPLE = "{version: v2, add: [authority]}"


def _send_proxy(value: object) -> object:
    """A version alone is a header without fields.  Raises ValueError."""
    if value is False or value == "off":
        return None
    if isinstance(value, dict | SendProxy):
        return value
    if value in ("v1", "v2"):
        return {"version": value}
    raise ValueError(f"{shown(value)} is neither off, v1, v2 nor a map like {_EXAMPLE}")


SendProxyOrOff: TypeAlias = Annotated[
    SendProxy | None,
    BeforeValidator(_send_proxy),
    Kind("off, v1, v2 or a map", none="off"),
]
