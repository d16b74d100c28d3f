"""
What was found of a host and its paths, in one shape: for ``bridgectl doctor``, the
start, ``check --probe`` and what is seen while the gateway runs.

Pure.  Not here: who finds what, and how it is shown (``control``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from bridge.net.subject import shown


class Severity(Enum):
    """How bad it is; the best first."""

    OK = "ok"
    UNKNOWN = "unknown"
    """Nobody could see it; the cause says why."""
    WARN = "warn"
    """It works, and not as well as it could or as is asked for."""
    FAIL = "fail"
    """It does not do what the configuration asks for."""


_BADNESS = {severity: number for number, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is so, why, and what is to be done about it."""

    subject: str
    """What it is of: ``front web``, ``farm web: 192.0.2.10:80``, ``host``."""
    severity: Severity
    cause: str
    """One line."""
    cure: str = ""
    """One command, or one key and its value; empty: there is nothing to cure."""

    @property
    def plain(self) -> dict[str, str]:
        """For JSON."""
        return {
            "subject": shown(self.subject),
            "severity": self.severity.value,
            "cause": shown(self.cause),
            "cure": self.cure,
        }

    def __str__(self) -> str:
        """In one line, with nothing in it that a terminal or a log obeys."""
        cure = f" (cure: {self.cure})" if self.cure else ""
        return shown(f"{self.subject}: {self.cause}{cure}")


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """In order of badness, and within it as they came; what came twice, once."""
    once = dict.fromkeys(findings)
    return sorted(once, key=lambda finding: -_BADNESS[finding.severity])


def is_well(findings: Iterable[Finding]) -> bool:
    """Whether none of them fails."""
    return all(finding.severity is not Severity.FAIL for finding in findings)
