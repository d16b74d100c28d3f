"""Whom the supervisor knows besides generations, as it sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

from twisted.internet.defer import Deferred

from bridge.config.reader import Document
from bridge.processes.generation import Generation
from bridge.service.sockets import Plan

T = TypeVar("T")


class Reading(NamedTuple):
    """A configuration that was read again, and is right."""

    document: Document
    warnings: tuple[str, ...]
    """What is odd about it."""


class Away(Protocol):
    """Has something called in a thread: see ``service.aside``."""

    def __call__(self, work: Callable[[], T]) -> Deferred[T]: ...


class Maker(Protocol):
    """Makes generations: see ``making``."""

    def own(self, document: Document) -> Generation:
        """
        The one that is this process, bound.  Raises ListenError, CertificateError,
        OSError.
        """

    def forked(
        self, number: int, document: Document, plan: Plan, before: Generation | None
    ) -> Generation:
        """One of workers, which follows *before*.  Raises CertificateError, OSError."""

    def took_over(self, generation: Generation, before: Generation | None) -> None:
        """It accepts now, and *before*, if there was one, is about to retire."""

    def reload_files(self) -> None:
        """Certificates may be others: of what checks servers, too."""

    def stop(self) -> None:
        """There are no more."""


class Notified(Protocol):
    """Who is told how the gateway as a whole is doing."""

    def ready(self, status: Callable[[], str]) -> None:
        """It accepts; *status* says in one line how it is doing."""

    def reloading(self) -> None:
        """It is about to follow another configuration, or to go on as it was."""

    def stopping(self, within: float) -> None:
        """It ends in so many seconds at the latest."""
