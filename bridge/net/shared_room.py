"""
How many sessions all processes of the gateway may carry together.

Here: a ``Room`` of which each process takes what the others leave.  A place is claimed
before a client is accepted, so there are never more sessions than allowed; who finds
none pauses its ports, as ever, and looks again every LOOK seconds while they wait.  Not
here: how that is counted (``board``), and whose turn it is (``turns``).
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import TYPE_CHECKING

from bridge.net.room import Room, T
from bridge.net.turns import LOOK, Turns

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

    from bridge.net.column import Column
    from bridge.net.room import Paused


class SharedRoom(Room):
    """
    For *most* sessions here, and *allowed* in all processes.  This one has *column*.

    Sessions that nobody accepted, data connections that we dial, are not limited.
    """

    def __init__(
        self, most: int, allowed: int, column: Column, clock: IReactorTime, why: str
    ) -> None:
        """*why* there may not be more than *most*, if that is less than *allowed*."""
        super().__init__(most, why)
        self._carries = most
        self._allowed = allowed
        self._clock = clock
        self._turns = Turns(column, clock.seconds)
        self._tally = column.tally(column.key("sessions"))
        self._waiting_key = column.key("waiting", "sessions")
        self._claimed = 0
        """Places of clients that are accepted, and no sessions yet."""
        self._since: float | None = None
        """Since when ports have waited, or a client came in last."""
        self._timer: IDelayedCall | None = None

    @property
    def full(self) -> str:
        if self.postponed or self.taken >= self._carries:
            return super().full
        told = (
            f"{self._allowed} sessions in all workers is all limits.connections allows"
        )
        return told if self.taken >= self.most else ""

    def accepts(self, accept: Callable[[], T]) -> Callable[[], T]:
        def claim_and_accept() -> T:
            # One that is left over is of a client that did not come to be a session.
            if not self._claimed and not self._claim():
                # As if this client had gone: whoever asks for the next finds no room.
                raise ConnectionAbortedError(errno.ECONNABORTED, "no place for it")
            try:
                return accept()
            except BaseException:
                self._claimed -= 1
                self._tally.add(-1)
                raise

        return claim_and_accept

    def _claim(self) -> bool:
        total = self._tally.claim()
        if total <= self._allowed:
            waited = self._waited()
            last = total == self._allowed
            if not last or not self._turns.others_first(self._waiting_key, waited):
                self._claimed += 1
                return True
        self._tally.add(-1)
        self.most = self.taken
        return False

    def take(self) -> None:
        super().take()
        if self._claimed:
            self._claimed -= 1
            if self._since is not None:
                self._since = self._clock.seconds()
        else:
            self._tally.add(1)

    def give(self) -> None:
        self._tally.add(-1)
        self.most = self._carries
        super().give()

    def wait(self, port: Paused) -> None:
        super().wait(port)
        if self._since is None:
            self._since = self._clock.seconds()
        if self._timer is None:
            self._timer = self._clock.callLater(LOOK, self._look)

    def _waited(self) -> float | None:
        return None if self._since is None else self._clock.seconds() - self._since

    def _look(self) -> None:
        """While ports wait: whether others have left places."""
        self._timer = None
        if not self.waiting:
            self._since = None
            self._turns.tell(self._waiting_key, None)
            return
        self._turns.tell(self._waiting_key, self._waited())
        self._timer = self._clock.callLater(LOOK, self._look)
        self.most = self._carries
        if self.taken < self.most and self._tally.total() < self._allowed:
            self.resume()

    def close(self) -> None:
        super().close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
