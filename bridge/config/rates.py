"""
The configuration's rates: so many in a time (``100/s``), and bits or bytes in a second
(``100Mbit/s``), the latter also for a session and a front at once.

Made like the other scalars, see ``scalars``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

from bridge.config.profile import Part
from bridge.config.scalars import Kind, or_word, shown

RATE_PATTERN = r"^[1-9][0-9]{0,8}/[smh]$"
BANDWIDTH_PATTERN = r"^[0-9]{1,12}(\.[0-9]{1,9})?(bit|kbit|Mbit|Gbit|B|KiB|MiB|GiB)/s$"

_NUMBER = re.compile(r"^([0-9.]+)(\w+)/")

SPANS = {"s": 1.0, "m": 60.0, "h": 3600.0}

# Eighths of a byte are exact, so 100Mbit/s is 12,500,000 bytes to the last.  Bits are
# counted in thousands everywhere (IEC 80000-13), bytes here as in every other size.
BYTES = {
    "bit": 1 / 8,
    "kbit": 1e3 / 8,
    "Mbit": 1e6 / 8,
    "Gbit": 1e9 / 8,
    "B": 1,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
}

LEAST_BANDWIDTH, MOST_BANDWIDTH = 1000, 125_000_000_000
"""
Bytes in a second, 8kbit/s and 1Tbit/s.

Less is not a byte a millisecond, and rather a unit that was forgotten.
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most *count* in *seconds*."""

    count: int
    seconds: float

    def __str__(self) -> str:
        """As a file has it: the inverse of ``rate``."""
        unit = next(unit for unit, span in SPANS.items() if span == self.seconds)
        return f"{self.count}/{unit}"


def rate(value: object) -> Rate:
    """
    So many in a second, a minute or an hour.

    >>> rate("100/s"), rate("30/m")
    (Rate(count=100, seconds=1.0), Rate(count=30, seconds=60.0))

    Raises ValueError.
    """
    if isinstance(value, Rate):
        return value
    if isinstance(value, str) and re.fullmatch(RATE_PATTERN, value):
        count, _, unit = value.partition("/")
        return Rate(int(count), SPANS[unit])
    raise ValueError(f"{shown(value)} is no rate: write 100/s, 30/m or 1000/h")


def bandwidth(value: object) -> int:
    """
    Bytes in a second, of a rate in bits or in bytes.

    >>> bandwidth("100Mbit/s"), bandwidth("10MiB/s")
    (12500000, 10485760)

    A plain number is refused: it would be bytes like a size, and is meant as bits as
    often as not.  Raises ValueError.
    """
    if isinstance(value, str) and re.fullmatch(BANDWIDTH_PATTERN, value):
        number, unit = _NUMBER.findall(value)[0]
        found = round(float(number) * BYTES[unit])
        if LEAST_BANDWIDTH <= found <= MOST_BANDWIDTH:
            return found
        low, high = show_bandwidth(LEAST_BANDWIDTH), show_bandwidth(MOST_BANDWIDTH)
        raise ValueError(f"{value} is not in {low}..{high}")
    raise ValueError(f"{shown(value)} is no bandwidth: write 100Mbit/s or 10MiB/s")


def show_bandwidth(value: int) -> str:
    """The shortest spelling, in bits where both do: the inverse of ``bandwidth``."""
    for unit in ("Gbit", "GiB", "Mbit", "MiB", "kbit", "KiB"):
        if value % BYTES[unit] == 0:
            return f"{value // BYTES[unit]:.0f}{unit}/s"
    return f"{value}B/s"


def _optional(pattern: str) -> WithJsonSchema:
    one = {"type": "string", "pattern": pattern}
    return WithJsonSchema({"anyOf": [{"const": "off"}, one]})


RateOrOff: TypeAlias = Annotated[
    Rate | None,
    BeforeValidator(partial(or_word, "off", rate)),
    Kind("a rate or off", none="off"),
    _optional(RATE_PATTERN),
]
BandwidthOrOff: TypeAlias = Annotated[
    int | None,
    BeforeValidator(partial(or_word, "off", bandwidth)),
    Kind("a bandwidth or off", "bytes a second", "off", show_bandwidth),
    _optional(BANDWIDTH_PATTERN),
]


class Bandwidths(Part):
    """What may be moved in a second, in each of the two directions."""

    session: BandwidthOrOff = None
    """By one session."""
    front: BandwidthOrOff = None
    """By all sessions of the front together, in equal shares where it is not enough."""


def _bandwidths(value: object) -> object:
    """One alone is a session's.  Raises ValueError."""
    if isinstance(value, dict | Bandwidths):
        return value
    try:
        one = or_word("off", bandwidth, value)
    except ValueError as error:
        right = "or a map like {session: 10Mbit/s, front: 1Gbit/s}"
        raise ValueError(f"{error}, {right}") from None
    return {} if one is None else {"session": value}


FrontBandwidth: TypeAlias = Annotated[
    Bandwidths,
    BeforeValidator(_bandwidths),
    Kind("a bandwidth, a map or off", show=lambda none: "off"),
]
"""The type of ``limits.bandwidth``; its default is ``Bandwidths()``, which is off."""
