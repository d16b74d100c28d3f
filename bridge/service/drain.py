"""
How the gateway stops: politely first, then within its time, then at once.

After TERM the listeners go on for ``drain_delay`` (so that a load balancer in front
can notice), then close; sessions may finish within ``drain_timeout``; the rest are
reset.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isinf

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from bridge.service.steps import take_all

STOPPING = "stopping"
RETIRING = "retiring"
"""Why there is a drain: nobody comes in any more, or elsewhere."""

POLL = 0.05
"""Seconds between looks at whether the last session has ended."""


@dataclass(frozen=True, slots=True)
class Drainable:
    """What is drained: three things to call."""

    stop_listening: Callable[[], None]
    active: Callable[[], int]
    """How many sessions there are, and others that have something left to send."""
    reset_all: Callable[[], None]


class Drain:
    """
    One draining, from ``begin`` until the Deferred it returns fires.  *timeout* may be
    infinite.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        gateway: Drainable,
        delay: float,
        timeout: float,
        why: str = STOPPING,
    ) -> None:
        self._why = why
        self._clock = clock
        self._gateway = gateway
        self._delay = delay
        self._timeout = timeout
        self._deadline = 0.0
        self._timer: IDelayedCall | None = None
        self._done: Deferred[None] = Deferred()

    def begin(self) -> Deferred[None]:
        """Start draining.  Fires with None when no session is left."""
        if self._delay:
            self._log.info(
                "stopping: listeners close in {delay:g} s",
                event="drain_waits",
                delay=self._delay,
            )
        self._timer = self._clock.callLater(self._delay, self._stop_listening)
        return self._done

    def hurry(self) -> None:
        """A second signal: end now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            take_all([self._gateway.stop_listening])
            self._finish()

    def _stop_listening(self) -> None:
        take_all([self._gateway.stop_listening])
        self._deadline = self._clock.seconds() + self._timeout
        if active := self._active():
            within = "" if isinf(self._timeout) else f" within {self._timeout:g} s"
            hurry = "; a second signal resets them now"
            self._log.info(
                "{why}: {active} sessions may finish{within}{hurry}",
                event="drain_begins",
                why=self._why,
                active=active,
                within=within,
                hurry=hurry if self._why == STOPPING else "",
            )
        self._look()

    def _look(self) -> None:
        if self._active() and self._clock.seconds() < self._deadline:
            self._timer = self._clock.callLater(POLL, self._look)
        else:
            self._timer = None
            self._finish()

    def _active(self) -> int:
        """One, if nobody can tell: then the deadline decides."""
        try:
            return self._gateway.active()
        except Exception:
            self._log.failure("A bug in the gateway, met while stopping; it goes on")
            return 1

    def _finish(self) -> None:
        if active := self._active():
            self._log.warn(
                "{why}: {active} sessions are reset",
                event="drain_resets",
                why=self._why,
                active=active,
            )
            take_all([self._gateway.reset_all])
        self._done.callback(None)
