"""
Who waits for a place at a server, and the queue they wait in.

Here: what is told to one that waits, and that one's bug is not the next one's.  Not
here: who has a place to give (``farm``), and the time-outs themselves
(``net.deadlines``).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Protocol

from twisted.logger import Logger

from bridge.net.deadlines import Deadlines

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from bridge.farm.server import Server


class Waiting(Hashable, Protocol):
    """What waits for a server: a session.  Each is told one thing, once."""

    key: int
    """What ``Farm.key`` made of its client."""

    def served(self, server: Server) -> None:
        """*server* has a place, and it is taken."""

    def waited_long(self) -> None:
        """``queue.timeout`` passed."""

    def stranded(self) -> None:
        """No server gets sessions any more."""


class Queue(Deadlines[Waiting]):
    """First come, first served: at most *length* of them, *seconds* each."""

    _log = Logger(namespace="bridge.farm")

    def __init__(self, clock: IReactorTime, seconds: float, length: int) -> None:
        super().__init__(clock, seconds, lambda waiting: waiting.waited_long())
        self.length = length

    def join(self, waiting: Waiting, now: float) -> bool:
        """Have *waiting*, which is not here yet, wait.  False: there is no room."""
        if len(self) >= self.length:
            return False
        assert waiting not in self
        self[waiting] = now + self.seconds
        if not self.armed:
            self.arm()
        return True

    def serve(self, waiting: Waiting, server: Server) -> None:
        """It has a place at *server*."""
        del self[waiting]
        self._tell(waiting.served, server)

    def strand(self) -> None:
        """There is nothing to wait for."""
        while self:
            waiting, _ = self.popitem(last=False)
            self._tell(waiting.stranded)

    def _tell(self, told: Callable[..., None], *args: Server) -> None:
        """The bug of one is not the next one's, nor that of whose place it got."""
        try:
            told(*args)
        except Exception:
            self._log.failure("A bug in the gateway, met by one who waited for a place")
