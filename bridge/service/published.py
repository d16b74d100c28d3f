"""
What a gateway that was alone has still got, for the processes that follow it.

A gateway of one process counts for itself, which costs it nothing.  When another
generation begins beside it, its sessions count with theirs: what it has is put on the
board every EVERY seconds until it has ended.  It has less and less by then, so what
others see of it is never too little for long: only by what it gave to its own queue
meanwhile.

Here: what it has, and when that is told.  Not here: what follows from it (``net.board``
says who reads it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from twisted.logger import Logger

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

    from bridge.net.column import Column
    from bridge.net.room import Room
    from bridge.service.farms import Farms
    from bridge.service.front import RunningFront

EVERY = 0.1
"""Seconds: what it takes for a place to be another process's."""

SHARE = 20
"""It takes at most one part of so many of the time, whatever there is to tell."""

What = tuple[str | int, ...]
"""What is counted, as a board's keys are made of it."""

Counts = Iterator[tuple[What, int]]


def counts(room: Room, fronts: Iterable[RunningFront], farms: Farms) -> Counts:
    """All that limits are about: by the names that ``farm.claims``, ``session.shared``,
    ``net.shared_room`` and ``net.shared_crowd`` have for it."""
    yield ("sessions",), room.taken
    for front in fronts:
        yield ("front", front.name), front.sessions
        for source, here in front.sources:
            yield ("source", front.name, source), here
    each = chain.from_iterable(mapped for mapped in farms.mapped.values())
    for farm in chain(farms.values(), each):
        for server in farm.servers:
            if server.active:
                yield ("server", farm.name, server.name, *server.back), server.active


class Published:
    """To the readers of *column*: what *counted* says, until it is stopped."""

    _log = Logger()

    def __init__(
        self, column: Column, clock: IReactorTime, counted: Callable[[], Counts]
    ) -> None:
        self._column = column
        self._clock = clock
        self._counted = counted
        self._keys: dict[What, int] = {}
        """Of what was told last."""
        self._timer: IDelayedCall | None = None

    def begin(self) -> None:
        """Now, and again and again."""
        began = self._clock.seconds()
        try:
            self.tell()
        except Exception:  # a bug of ours: the others should not count on it
            self._log.failure("what is still here cannot be told to other processes")
            self._forget(self._keys)
            return
        took = self._clock.seconds() - began
        self._timer = self._clock.callLater(max(EVERY, SHARE * took), self.begin)

    def tell(self) -> None:
        """Once, now."""
        column, told = self._column, tuple(self._counted())
        before, self._keys = self._keys, {}
        for what, count in told:
            key = before.pop(what, None)
            if key is None:
                key = column.key(*what)  # type: ignore[arg-type]
            self._keys[what] = key
            column.put(key, count)
        self._forget(before)

    def stop(self) -> None:
        """It has nothing any more."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._forget(self._keys)

    def _forget(self, keys: dict[What, int]) -> None:
        for key in keys.values():
            self._column.put(key, 0)
        keys.clear()
