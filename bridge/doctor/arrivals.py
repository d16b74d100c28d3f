"""
What the paths to the servers carry, in one line and a line for each that does not: for
a start, and for ``check --probe``.

Not here: all else that ``bridgectl doctor`` looks at (``examination``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bridge.config import Config
from bridge.doctor.examination import Path, look_at, own_ways, path_finding
from bridge.doctor.path_looking import PATIENCE
from bridge.doctor.report import Finding, Severity, worst_first
from bridge.doctor.servers import hosts_of, known, resolve, unseen
from bridge.doctor.verdict import OK, UNKNOWN


@dataclass(frozen=True)
class Arrivals:
    """What is told."""

    line: str = ""
    """``3 of 3 servers carry 9000``; empty: no server has answered."""
    findings: Sequence[Finding] = ()
    """Of the paths that are not as they should be, the worst first."""


def asked_at_start(config: Config) -> frozenset[str]:
    """
    The farms whose servers a start looks at: those whose profile says what their links
    carry, and that are checked, so that one connection more means nothing to them.
    """
    return frozenset(
        name
        for name, farm in config.farms.items()
        if farm.check is not None and config.profile(farm.profile).mtu is not None
    )


def arrivals(
    config: Config, farms: Iterable[str], patience: float = PATIENCE
) -> Arrivals:
    """Of the servers of *farms*, in *patience* seconds and three for their names."""
    only = config.model_copy(
        update={"farms": {name: config.farms[name] for name in farms}}
    )
    names, why = resolve(hosts_of(only))
    servers = list(known(only, names))
    paths = look_at(only, servers, own_ways(), patience)
    found = [path_finding(only, path) for path in paths]
    bad = [each for each in found if each.severity is not Severity.OK]
    return Arrivals(line(paths), worst_first([*bad, *unseen(only, why)]))


def at_start(config: Config) -> Arrivals:
    """What a start tells: nothing of servers that do not answer."""
    farms = asked_at_start(config)
    if not farms:
        return Arrivals()
    found = arrivals(config, farms)
    seen = [each for each in found.findings if each.severity is not Severity.UNKNOWN]
    return Arrivals(found.line, seen)


def line(paths: Iterable[Path]) -> str:
    """
    How many carry what they should, by size; those that are unknown are counted apart.
    """
    asked, carry, unknown = Counter[int](), Counter[int](), 0
    for path in paths:
        verdict = path.verdict
        if verdict.kind == UNKNOWN:
            unknown += 1
            continue
        asked[verdict.wanted] += 1
        carry[verdict.wanted] += verdict.kind == OK
    if not asked:
        return ""
    sizes = sorted(asked, reverse=True)
    first, *more = [f"{carry[size]} of {asked[size]}" for size in sizes]
    words = [f"{first} servers carry {sizes[0]}"]
    words += [f"{some} {size}" for some, size in zip(more, sizes[1:], strict=True)]
    if unknown:
        words.append(f"of {unknown} it is unknown")
    return ", ".join(words)
