"""
How many sessions there may be, and who waits until there are less.

Here: what ports, sessions and dials that lack something owe each other.  Not here:
accepting (``port``), dialing (``dial``), and rooms that several processes have together
(``shared_room``).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

RETRY = 0.25
"""Seconds between attempts while short of something; sessions end meanwhile."""

T = TypeVar("T")


class Paused(Hashable, Protocol):
    """What waits for room: a port."""

    def resume(self) -> None:
        """There may be some; if not, wait again."""


class Room:
    """
    How many sessions this process may carry at once, over all ports.

    When it is full, ports pause: clients wait in the kernel's queue instead of being
    turned away, and descriptors never run out.  They do as well while a session waits
    for a descriptor to dial with: who came first shall have it.
    """

    def __init__(self, most: int, why: str = "") -> None:
        self.most = most
        self.why = why or f"{most} sessions is all limits.connections allows"
        """Why there may not be more, in a line of the log."""
        self.taken = 0
        """Sessions there are."""
        self.waiting: dict[Paused, None] = {}
        """Ports that paused."""
        self.postponed = 0
        """Dials that wait because this host is short of something, and of what."""
        self.short_of = ""

    @property
    def full(self) -> str:
        """Why nobody else may come in now; or empty."""
        if self.postponed:
            return f"cannot accept while dials wait: {self.short_of}"
        return self.why if self.taken >= self.most else ""

    def accepts(self, accept: Callable[[], T]) -> Callable[[], T]:
        """How a port is to *accept* the next client, if it may: as it would."""
        return accept

    def take(self) -> None:
        """A session begins."""
        self.taken += 1

    def give(self) -> None:
        """It is over, and there is room for another."""
        self.taken -= 1
        if self.waiting:
            self.resume()

    def resume(self) -> None:
        """Who waits may try again."""
        if self.postponed:
            return
        waiting, self.waiting = self.waiting, {}
        for port in waiting:
            port.resume()

    def wait(self, port: Paused) -> None:
        """Resume *port* when a session has left."""
        self.waiting[port] = None

    def close(self) -> None:
        """Nobody waits any more."""
        self.waiting.clear()


class Postponed:
    """
    A dial that this host is too short of something for: *again* is to try once more,
    RETRY seconds later.  To whoever gives it up it is a dial like any other.
    """

    __slots__ = ("_again", "_room", "_timer")

    def __init__(
        self, room: Room, why: str, clock: IReactorTime, again: Callable[[], None]
    ) -> None:
        self._room = room
        self._again = again
        room.postponed += 1
        room.short_of = why
        self._timer = clock.callLater(RETRY, self._due)

    def _due(self) -> None:
        self._leave()
        self._again()

    def disconnect(self) -> None:
        """Give up."""
        if self._timer.active():
            self._timer.cancel()
            self._leave()

    def _leave(self) -> None:
        self._room.postponed -= 1
        if self._room.waiting:
            self._room.resume()
