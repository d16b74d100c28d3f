"""Which ports mode ``ftp`` opens for data: the keys of ``ftp``."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from pydantic import PlainValidator, WithJsonSchema

from bridge.config.profile import Part
from bridge.config.scalars import Kind, shown

_PATTERN = r"([0-9]{1,5})(?:-([0-9]{1,5}))?"

DEFAULT = range(50000, 51000)

LEAST, MOST = 1024, 65535
"""Ports below need a privilege, which is given up before any is opened."""


def ports(value: object) -> range:
    """
    The ports that ``50000-50999`` stands for.  Raises ValueError.

    >>> ports("50000-50001"), ports(50000)
    (range(50000, 50002), range(50000, 50001))
    """
    if isinstance(value, range):
        return value
    number = isinstance(value, int) and not isinstance(value, bool)
    text = str(value) if number or isinstance(value, str) else ""
    match = re.fullmatch(_PATTERN, text)
    if not match:
        right = "write them like 50000-50999"
        raise ValueError(f"{shown(value)} is no range of ports: {right}")
    first, last = int(match[1]), int(match[2] or match[1])
    if first > last:
        raise ValueError(f"{text!r} runs from high to low: write {last}-{first}")
    for each in (first, last):
        if not LEAST <= each <= MOST:
            raise ValueError(f"{each} is not in {LEAST}..{MOST}")
    return range(first, last + 1)


def show_ports(found: range) -> str:
    """As a file has it: the inverse of ``ports``."""
    first, last = found[0], found[-1]
    return str(first) if first == last else f"{first}-{last}"


Ports: TypeAlias = Annotated[
    range,
    PlainValidator(ports),
    Kind("a range of ports", show=show_ports),
    WithJsonSchema(
        {
            "type": ["string", "integer"],
            "pattern": f"^{_PATTERN}$",
            "minimum": LEAST,
            "maximum": MOST,
        }
    ),
]


class Ftp(Part):
    """Which ports mode `ftp` opens for data."""

    ports: Ports = DEFAULT
    """Where data connections are listened for, each at a port of its own until it is
    there: a client's at the address that it came to, a server's at the one that it
    knows us by. Firewalls on both sides must let them through. None of them may be a
    listener's."""
