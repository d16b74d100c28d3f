"""
The columns of ``bridgectl top``: what each says of a front, farm, server or session,
what it is sorted by, and what goes first where there is no room.

Pure.  Not here: which views there are (``top_views``), and colours (``top_screen``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.control.tables import clean, size, tally, time

Told = Mapping[str, Any]

Rank = float | str | None
"""What a column sorts by; None comes last in any case."""


@dataclass(frozen=True)
class Column:
    """One of a table."""

    name: str
    """As its head has it."""
    text: Callable[[Told], str]
    """What it says, with nothing in it that a terminal obeys."""
    rank: Callable[[Told], Rank]
    spare: int = 0
    """What has the most goes first where there is no room; 0: stays."""
    number: bool = False
    """Set to the right, and the greatest first."""
    least: int = 0
    """Cells that it can do with; 0: all that it says."""
    tail: bool = False
    """Cut at its beginning, if it must be: its end tells more."""
    tone: Callable[[Told], str] | None = None
    """How it is meant: ``good``, ``bad``, ``slow``, ``quiet`` or nothing."""


def text(name: str, key: str, **more: Any) -> Column:
    """What stands there under *key*."""
    return Column(name, lambda t: clean(t[key]), lambda t: t[key], **more)


def count(name: str, key: str, **more: Any) -> Column:
    return Column(name, lambda t: clean(t[key]), lambda t: t[key], number=True, **more)


def moved(name: str, way: str, **more: Any) -> Column:
    """Bytes."""
    return Column(
        name,
        lambda t: size(t["bytes"][way]),
        lambda t: t["bytes"][way],
        number=True,
        **more,
    )


def rate(name: str, way: str, **more: Any) -> Column:
    """Bytes a second."""
    return Column(
        name,
        lambda t: known(t["rate"][way], size),
        lambda t: t["rate"][way],
        number=True,
        tone=lambda t: "loud" if t["rate"][way] else "quiet",
        **more,
    )


def new(**more: Any) -> Column:
    """Sessions a second."""
    return Column(
        "NEW/s",
        lambda t: known(t["rate"]["sessions"], per_second),
        lambda t: t["rate"]["sessions"],
        number=True,
        tone=lambda t: "" if t["rate"]["sessions"] else "quiet",
        **more,
    )


def age(name: str, seconds: Callable[[Told], float], **more: Any) -> Column:
    return Column(name, lambda t: time(seconds(t)), seconds, number=True, **more)


def both(name: str, key: str, said: Callable[[float], str]) -> Column:
    """What the kernel knows of the client's connection, and of the server's."""

    def sides(told: Told) -> list[float | None]:
        told_of = told.get("sides") or {}
        return [(told_of.get(side) or {}).get(key) for side in ("front", "back")]

    def text(told: Told) -> str:
        return "/".join(known(n, said) for n in sides(told))

    def most(told: Told) -> Rank:
        return max((n for n in sides(told) if n is not None), default=None)

    return Column(name, text, most, number=True)


def listed(name: str, key: str, **more: Any) -> Column:
    """Names."""

    def said(told: Told) -> str:
        return ", ".join(clean(each) for each in told[key]) or "-"

    return Column(name, said, said, **more)


def tallied(name: str, key: str, **more: Any) -> Column:
    """Counts by name."""
    return Column(
        name,
        lambda t: clean(tally(t[key])),
        lambda t: sum(t[key].values()),
        **more,
    )


def per_second(value: float) -> str:
    """
    >>> per_second(0.25), per_second(12.34), per_second(4321.0), per_second(0)
    ('0.25', '12.3', '4321', '0')
    """
    if value == 0:
        return "0"
    return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f}"


def short(value: float) -> str:
    """
    Milliseconds.

    >>> short(0.234), short(84.21), short(1234.5), short(0)
    ('0.23', '84.2', '1234', '0')
    """
    if value == 0:
        return "0"
    return f"{value:.{2 if value < 0.995 else 1 if value < 99.95 else 0}f}"


def whole(value: float) -> str:
    return f"{value:.0f}"


def at(seconds: float) -> str:
    """The time of day, here, of so many seconds since 1970."""
    return f"{datetime.fromtimestamp(seconds):%H:%M:%S}"


def known(value: float | None, said: Callable[[float], str]) -> str:
    return "-" if value is None else said(value)


_LIMITS = {
    "none": "quiet",
    "gateway": "bad",
    "front_net": "slow",
    "back_net": "slow",
    "front_app": "cool",
    "back_app": "cool",
}


def limited_by(told: Told) -> str:
    """What holds a session up, where the gateway says so."""
    return clean(told.get("limited_by"))


LIMITED = Column(
    "LIMITED BY",
    limited_by,
    lambda told: told.get("limited_by"),
    1,
    tone=lambda told: _LIMITS.get(told.get("limited_by") or "none", ""),
)
"""Shown where at least one session tells it."""
