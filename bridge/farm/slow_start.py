"""
Slow start: a server that comes into traffic has its full weight after a time.

Here: the steps in which its weight grows, and their timers.  Not here: which servers
start slowly, and what they are when it is over (``health``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

    from bridge.farm.server import Server

WARM_UP_STEPS = 10
"""Times that the weight grows during ``slow_start``: first to a tenth, then two, ..."""


class SlowStart:
    """
    Of all servers of a farm, over *seconds* each; 0: at once.

    *reweigh* has a server's weight be another, *over* hears that it is the full one.
    """

    def __init__(
        self,
        seconds: float,
        clock: IReactorTime,
        reweigh: Callable[[Server, float], None],
        over: Callable[[Server], None],
    ) -> None:
        self.seconds = seconds
        self._clock = clock
        self._reweigh = reweigh
        self._over = over
        self._timers: dict[Server, IDelayedCall] = {}

    @property
    def lasts(self) -> float:
        """Seconds until the last step: the first is taken at once."""
        return self.seconds / WARM_UP_STEPS * (WARM_UP_STEPS - 1)

    def begin(self, server: Server) -> float:
        """
        Time the steps that are left of those since ``server.since``.

        The weight to begin with.
        """
        a_step = self.seconds / WARM_UP_STEPS
        gone = self._clock.seconds() - server.since
        done = min(int(gone / a_step), WARM_UP_STEPS - 2)
        self._next(server, done + 2, max(0.0, (done + 1) * a_step - gone))
        return server.weight * (done + 1) / WARM_UP_STEPS

    def _next(self, server: Server, step: int, wait: float) -> None:
        self._timers[server] = self._clock.callLater(wait, self._warmer, server, step)

    def _warmer(self, server: Server, step: int) -> None:
        del self._timers[server]
        self._reweigh(server, server.weight * step / WARM_UP_STEPS)
        if step < WARM_UP_STEPS:
            self._next(server, step + 1, self.seconds / WARM_UP_STEPS)
        else:
            self._over(server)

    def due(self, server: Server) -> float | None:
        """When its weight grows next; None: it does not."""
        timer = self._timers.get(server)
        return timer.getTime() if timer is not None else None

    def stop(self, server: Server) -> None:
        """Time it no more; nothing, if it is not."""
        timer = self._timers.pop(server, None)
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        """Time nothing any more."""
        for server in tuple(self._timers):
            self.stop(server)
