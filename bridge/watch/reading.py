"""
All numbers of a gateway at one time: what is shown of it, in whatever form.

Values, and nothing that makes them (``processes.numbers``) or writes them down
(``exposition``, ``service.numbers_told``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bridge.watch.metrics import Series


@dataclass(frozen=True, slots=True)
class Process:
    """One that serves sessions."""

    generation: int
    worker: int
    pid: int
    retires: bool
    age: float | None
    """Seconds since it last told its numbers; None: it never has."""
    up: bool
    """That is not long."""
    numbers: Mapping[str, int]
    """Its own, by name."""


@dataclass(frozen=True, slots=True)
class Running:
    """One generation."""

    generation: int
    retires: bool
    workers: int
    restarts: int


@dataclass(frozen=True, slots=True)
class Reading:
    """Of the gateway as a whole.  Times in seconds since the epoch."""

    time: float
    seconds: float
    """The same by the monotonic clock."""
    version: str
    started: float
    draining: bool
    why: Sequence[str]
    """Why it takes no new sessions; empty when it does."""
    digest: str
    """Of the configuration: see ``config.plain``."""
    reloaded: bool | None
    """Whether the last reload succeeded; None: there was none."""
    reloaded_at: float
    """When one last did, or it was started."""
    generations: Sequence[Running]
    """The one that accepts comes first."""
    processes: Sequence[Process]
    numbers: Mapping[Series, int] = field(default_factory=dict)
    """Of all processes together."""

    @property
    def ready(self) -> bool:
        return not self.why
