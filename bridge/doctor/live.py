"""
What the running gateway has seen of its paths, as findings: for ``doctor --live``.

Pure: made of its answer to ``path`` (``docs/admin.md``).  Not here: asking it
(``control``), and what can be seen without it (``examination``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bridge.config.profile import BUILT_IN
from bridge.doctor.report import Finding, Severity

ENOUGH = 100
"""Clients of which something is said about all of them."""

SHOWN = 5
"""Kinds of paths that a line names."""

Told = Mapping[str, Any]


def live(answer: Told) -> Iterator[Finding]:
    """All that is to be said of it."""
    for name, front in answer["fronts"].items():
        yield from _suspicions(f"front {name}", front)
        yield from _clients(f"front {name}", front)
    for name, farm in answer["farms"].items():
        yield from _suspicions(f"farm {name}", farm)
    for warning in answer["warnings"]:
        yield Finding("this host, now", Severity.WARN, warning)


def _suspicions(subject: str, side: Told) -> Iterator[Finding]:
    if not side["networks"]:
        cause = "no segments seem to vanish" + (
            f" in the last hour; {side['suspected']} sessions before that"
            if side["suspected"]
            else ""
        )
        yield Finding(subject, Severity.OK, cause)
    for each in side["networks"]:
        cause = (
            f"segments of full size seem to vanish on the way to {each['network']}: "
            f"{each['sessions']} sessions in the last hour, the last with "
            f"{each['host']}, {each['mss']} bytes"
        )
        yield Finding(subject, Severity.FAIL, cause, _key(subject, side, "mss: safe"))


def _clients(subject: str, front: Told) -> Iterator[Finding]:
    """What they advertise, against what the front's profile asks for."""
    sampled, asked = front["sampled"], front["asked"]
    if not sampled:
        yield Finding(subject, Severity.UNKNOWN, "no client has come yet")
        return
    kinds = ", ".join(
        f"{row['clients'] / sampled:.0%} {row['kind']} (IPv{row['family']})"
        for row in front["mss"][:SHOWN]
    )
    yield Finding(subject, Severity.OK, f"{sampled} clients looked at: {kinds}")
    if sampled < ENOUGH:
        return
    jumbo = any(row["kind"] == "jumbo frames" for row in front["mss"])
    if (asked["mtu"] or 0) > 1500 and not jumbo:
        cause = f"its MTU is {asked['mtu']}, and no client has more than 1500"
        yield Finding(subject, Severity.WARN, cause, _key(subject, front, "mtu: 1500"))


def _key(subject: str, side: Told, setting: str) -> str:
    """Where *setting* is to be written."""
    profile = side["asked"]["profile"]
    if profile not in BUILT_IN:
        return f"profiles.{profile}.{setting}"
    kind, name = subject.split(" ", 1)
    return f"{setting} in a profile with base {profile}, and {kind}s.{name}.profile"
