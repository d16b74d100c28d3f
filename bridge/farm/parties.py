"""
Whom ``health`` deals with: who checks servers, and who sends them sessions.

Here: what it asks of either.  Not here: who does that (``check``, ``farm``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bridge.farm.server import Server


class Checking(Protocol):
    """What ``check.Check`` does."""

    up: bool
    said: str
    sure: bool

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Traffic(Protocol):
    """Who sends sessions to servers: the farm."""

    name: str

    def enter(self, server: Server, weight: float) -> None:
        """*server* gets sessions, once it is ``settled``."""

    def leave(self, server: Server) -> None:
        """*server* gets no more."""

    def reweigh(self, server: Server, weight: float) -> None:
        """*server*'s share is another."""

    def settled(self, server: Server) -> None:
        """
        What has happened to *server* is done, and told in the log.

        Now sessions may be moved.  Not sooner: one that is served dials, a dial may
        fail at once, and that comes back in here.
        """

    def standing(self) -> tuple[int, int]:
        """How many servers get sessions, of how many."""
