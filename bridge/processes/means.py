"""What forked generations are made with, besides their configurations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from bridge.processes.child import Join
from bridge.processes.link import Message
from bridge.processes.past import Past
from bridge.processes.snapshot import LogPlan
from bridge.watch.metrics import Series


class Columns(Protocol):
    """Who gives columns of the boards, the same of both."""

    fds: tuple[int, int]
    """Of what limits are about, and of numbers that nobody decides by."""

    def take(self) -> int:
        """One that nobody has.  Raises OSError: there is none."""

    def give(self, column: int) -> None:
        """Whose it was is gone."""

    def hear(self, column: int, message: Message) -> None:
        """Whose it is tells which numbers it has there."""

    def read(self, column: int, series: Series) -> int:
        """One of them."""


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
    past: Past
    """What those who have ended had counted."""
    said: Callable[[Message], None]
    """Told of events of workers' logs, where these do not write them."""
