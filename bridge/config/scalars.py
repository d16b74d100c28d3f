"""
The configuration's own scalars: sizes, times, whole numbers, switches, code points.

Each is a function from what YAML holds to a number, raising ValueError with what
would be right, and an annotated type for the model, which carries the same for the
JSON Schema and the reference (see ``Kind``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, TypeAlias

from pydantic import (
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

SIZE_UNITS = {"GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10, "": 1}
TIME_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "": 1.0}
SIZE_PATTERN = r"^[0-9]{1,18}(KiB|MiB|GiB)?$"
TIME_PATTERN = r"^[0-9]{1,12}(\.[0-9]{1,9})?(ms|s|m|h)?$"

# RFC 2474 section 4.2.2, RFC 2597 section 6, RFC 3246, RFC 5865, RFC 8622;
# the list as a whole is RFC 4594's.
DSCP_NAMES = {
    **{f"CS{i}": 8 * i for i in range(8)},
    **{f"AF{c}{d}": 8 * c + 2 * d for c in range(1, 5) for d in range(1, 4)},
    "EF": 46,
    "VOICE-ADMIT": 44,
    "LE": 1,
}


@dataclass(frozen=True)
class Kind:
    """What the reference says of a scalar: its type, its unit, how a value is shown."""

    text: str
    unit: str = ""
    none: str = "none"
    """What the absent value is called in a file: auto, off or none."""
    show: Callable[[Any], str] = str


@dataclass(frozen=True)
class Bounds:
    """``Annotated[Seconds, Bounds(1, 60, show_seconds)]``: both ends included."""

    least: float
    most: float
    show: Callable[[Any], str] = str

    def __get_pydantic_core_schema__(
        self, annotated: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            self.check, handler(annotated)
        )

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = deepcopy(handler(core))  # WithJsonSchema hands out one for all
        for part in schema.get("anyOf", [schema]):
            if not {"integer", "number"}.isdisjoint(_types(part)):
                part |= {"minimum": self.least, "maximum": self.most}
        return schema

    def check(self, value: float | None) -> float | None:
        """The value itself, or None; raises ValueError with the bound it breaks."""
        if value is None or self.least <= value <= self.most:
            return value
        if value < self.least:
            raise ValueError(f"{self.show(value)} is below {self.show(self.least)}")
        raise ValueError(f"{self.show(value)} is above {self.show(self.most)}")


def _types(schema: dict[str, Any]) -> list[str]:
    """JSON Schema's types, of which there may be one or several."""
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else types


def size(value: object) -> int:
    """
    Bytes of ``64KiB``, ``1MiB`` or a plain number.

    >>> size("64KiB"), size(1500)
    (65536, 1500)
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and re.fullmatch(SIZE_PATTERN, value):
        number, unit = _split(value)
        return int(number) * SIZE_UNITS[unit]
    raise ValueError(f"{shown(value)} is no size: write 64KiB, 1MiB or plain bytes")


def seconds(value: object) -> float:
    """
    Seconds of ``500ms``, ``5s``, ``2m``, ``1h`` or a plain number.

    >>> seconds("500ms"), seconds("2m"), seconds(3)
    (0.5, 120.0, 3.0)
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        if 0 <= value <= 1e12 and math.isfinite(value):
            return float(value)
    elif isinstance(value, str) and re.fullmatch(TIME_PATTERN, value):
        number, unit = _split(value)
        # Dividing keeps 500ms exactly what 0.5 is; times 0.001 does not always.
        return (
            float(number) / 1000 if unit == "ms" else float(number) * TIME_UNITS[unit]
        )
    raise ValueError(
        f"{shown(value)} is no time: write 500ms, 5s, 2m, 1h or plain seconds"
    )


def whole(value: object) -> int:
    """A whole number, also as text, as ``${NAME}`` leaves it: ``9000``, ``"9000"``."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?(0|[1-9][0-9]{0,18})", value):
        return int(value)
    raise ValueError(f"{shown(value)} is no whole number")


def switch(value: object) -> bool:
    """true or false, also as text.  YAML 1.2 has no other words for them."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise ValueError(f"{shown(value)} is neither true nor false, the only two words")


def dscp(value: object) -> int:
    """
    A code point, 0 to 63, or its name in either case.

    >>> dscp("AF21"), dscp("ef"), dscp(8)
    (18, 46, 8)
    """
    if isinstance(value, str) and value.upper() in DSCP_NAMES:
        return DSCP_NAMES[value.upper()]
    try:
        point = whole(value)
    except ValueError:
        point = -1
    if not 0 <= point <= 63:
        raise ValueError(
            f"{shown(value)} is no DSCP: write 0 to 63, or CS0..CS7, AF11..AF43, EF, LE"
        )
    return point


def or_word(
    word: str, read: Callable[[object], object], value: object
) -> object | None:
    """None for *word* (``auto``, ``off``), and what *read* makes of all else."""
    if value == word or (word == "off" and value is False):
        return None
    try:
        return read(value)
    except ValueError as error:
        raise ValueError(f"{error}, or {word}") from None


def show_size(value: int) -> str:
    """The shortest spelling: the inverse of ``size``."""
    for unit, factor in SIZE_UNITS.items():
        if value and value % factor == 0:
            return f"{value // factor}{unit}"
    return str(value)


def show_seconds(value: float) -> str:
    """The usual spelling: the inverse of ``seconds`` for whole milliseconds."""
    milliseconds = round(value * 1000)
    # 60s and 90s are written so; from two minutes on people count minutes.
    for unit, factor, least in (
        ("h", 3_600_000, 3_600_000),
        ("m", 60_000, 120_000),
        ("s", 1000, 0),
    ):
        if milliseconds % factor == 0 and milliseconds >= least:
            return f"{milliseconds // factor}{unit}"
    return f"{milliseconds}ms"


def show_switch(value: bool) -> str:
    """As YAML 1.2 spells it."""
    return "true" if value else "false"


def shown(value: object) -> str:
    """A value as a message quotes it: as a file may spell it, and not at length."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return show_switch(value)
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, int) and value.bit_length() > 256:
        return "a number of more than 70 digits"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else f"{text[:76]}...'"


def _split(text: str) -> tuple[str, str]:
    number = text.rstrip("GKMiBhms")
    return number, text[len(number) :]


_SIZE = {"type": ["integer", "string"], "pattern": SIZE_PATTERN, "minimum": 0}
_TIME = {"type": ["number", "string"], "pattern": TIME_PATTERN, "minimum": 0}


def _optional(schema: dict[str, Any], word: str) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [{"const": word}, schema]})


Whole: TypeAlias = Annotated[int, BeforeValidator(whole), Kind("a whole number")]
Switch: TypeAlias = Annotated[
    bool,
    BeforeValidator(switch),
    Kind("true or false", show=show_switch),
    WithJsonSchema({"type": "boolean"}),
]
Dscp: TypeAlias = Annotated[
    int,
    BeforeValidator(dscp),
    Kind("0 to 63, or a name like AF21, EF, CS1, LE"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": 63},
                {"enum": list(DSCP_NAMES)},
            ]
        }
    ),
]
Seconds: TypeAlias = Annotated[
    float,
    BeforeValidator(seconds),
    Kind("a time", "seconds", show=show_seconds),
    WithJsonSchema(_TIME),
]
SecondsOrOff: TypeAlias = Annotated[
    float | None,
    BeforeValidator(partial(or_word, "off", seconds)),
    Kind("a time or off", "seconds", "off", show_seconds),
    _optional(_TIME, "off"),
]
Size: TypeAlias = Annotated[
    int,
    BeforeValidator(size),
    Kind("a size", "bytes", show=show_size),
    WithJsonSchema(_SIZE),
]
SizeOrAuto: TypeAlias = Annotated[
    int | None,
    BeforeValidator(partial(or_word, "auto", size)),
    Kind("a size or auto", "bytes", "auto", show_size),
    _optional(_SIZE, "auto"),
]
SizeOrOff: TypeAlias = Annotated[
    int | None,
    BeforeValidator(partial(or_word, "off", size)),
    Kind("a size or off", "bytes", "off", show_size),
    _optional(_SIZE, "off"),
]
WholeOrAuto: TypeAlias = Annotated[
    int | None,
    BeforeValidator(partial(or_word, "auto", whole)),
    Kind("a whole number or auto", none="auto"),
    _optional({"type": "integer", "minimum": 1}, "auto"),
]
WholeOrOff: TypeAlias = Annotated[
    int | None,
    BeforeValidator(partial(or_word, "off", whole)),
    Kind("a whole number or off", none="off"),
    _optional({"type": "integer"}, "off"),
]
