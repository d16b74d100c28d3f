"""
What is odd with the configuration on this host, now: its warnings, kept true.

Here: that they are looked for again after the host has changed, seldom and beside the
pump, and that what is new or gone is logged.  Not here: what they are
(``bridge.doctor``), and what changes (``interfaces``).

Compared is this host before and after the change, by one configuration and one process:
a start as root has seen another host than the user whom the gateway changes to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from twisted.logger import Logger
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

    from bridge.doctor import Host

SOON, SELDOM = 0.2, 10.0
"""Seconds from a change to the look, for what comes with it; and from one look to the
next."""

SHOWN = 20
"""Lines in the log at a time, of those that are new and of those that are gone."""

Lines = Sequence[str]
Found = tuple[Lines, Lines]
"""Before the change, and after it."""


class Holder(Protocol):
    """Who has them for whoever asks."""

    warned: Lines


class Away(Protocol):
    """Has something computed beside the pump: see ``aside``."""

    def __call__(self, work: Callable[[], Found]) -> Deferred[Found]: ...


class Warned:
    """Sees to it that *holder*'s are what *warnings* finds on the host as it is."""

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        away: Away,
        holder: Holder,
        read: Callable[[], Host],
        warnings: Callable[[Host], Lines],
    ) -> None:
        self._clock = clock
        self._away = away
        self._holder = holder
        self._read = read
        self._warnings = warnings
        self._host: Host | None = None
        """As it was at the last look; None: before the start."""
        self._timer: IDelayedCall | None = None
        self._last = float("-inf")
        """When a look was begun."""

    def start(self) -> None:
        """This is the host that the warnings were made for."""
        self._host = self._read()

    def stop(self) -> None:
        self._host = None
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def host_changed(self) -> None:
        """Look soon."""
        if self._host is None or self._timer is not None:
            return
        due = max(self._clock.seconds() + SOON, self._last + SELDOM)
        wait = due - self._clock.seconds()
        self._timer = self._clock.callLater(wait, self._look)

    def _look(self) -> None:
        self._timer, self._last = None, self._clock.seconds()
        before, warnings = self._host, self._warnings
        assert before is not None
        self._host = now = self._read()
        if before == now:
            return
        found = self._away(lambda: (warnings(before), warnings(now)))
        found.addCallbacks(self._compare, self._failed)

    def _compare(self, found: Found) -> None:
        before, now = found
        holder = self._holder
        gone = [line for line in before if line not in now]
        new = [line for line in now if line not in before]
        kept = [line for line in holder.warned if line not in gone]
        holder.warned = (*kept, *(line for line in new if line not in kept))
        for line in new[:SHOWN]:
            self._log.warn("{line}", line=line, event="warning_new")
        for line in gone[:SHOWN]:
            self._log.info("no longer so: {line}", line=line, event="warning_gone")

    def _failed(self, failure: Failure) -> None:
        self._log.failure("A bug in the gateway, met by its warnings", failure)
