"""What forked generations are made with, besides their configurations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from bridge.processes.child import Join
from bridge.processes.link import Message
from bridge.processes.snapshot import LogPlan


class Columns(Protocol):
    """Who gives columns of the board."""

    fd: int

    def take(self) -> int:
        """One that nobody has.  Raises OSError: there is none."""

    def give(self, column: int) -> None:
        """Whose it was is gone."""


@dataclass(frozen=True, slots=True)
class Means:
    """Of one generation."""

    reactor: Any
    columns: Columns
    join: Join
    """Has the hub know a worker of this generation."""
    prepared: Deferred[None]
    """Fires once all is known that workers begin with."""
    log: LogPlan
    said: Callable[[Message], None]
    """Told of events of workers' logs, where these do not write them."""
