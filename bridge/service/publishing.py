"""
When a process tells its numbers: all the time, and never for long.

A *beat* twice a second says that the process turns, and how late it is.  Two *rounds*
go over all the rest in slices, and begin anew after a time that follows from what they
cost: one over counters and servers, one over the bytes of sessions that run.  So what
is told of ten sessions is half a second old, and of a hundred thousand their bytes are
told every ten seconds.  Sessions do nothing for it.

Not here: what is told (``counted``), and where to (``ledger``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from twisted.logger import Logger

from bridge.service.counted import Counted, of_all, of_bytes, of_process
from bridge.service.listed import slices
from bridge.watch.metrics import Series

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

    from bridge.service.gateway import Gateway
    from bridge.service.ledger import Ledger

EVERY = 0.5
"""Seconds from one beat, and from one round, to the next."""

SHARE = 200
"""A round takes at most one part of so many of the time."""

AGAIN = 10.0
"""Seconds after which a round is tried again that met a bug of ours."""

PIECE = 50
"""Series that are told in a slice."""


class Publishing:
    """Of *gateway*, to *ledger*, from ``begin`` until ``finish``."""

    _log = Logger()

    def __init__(self, gateway: Gateway, ledger: Ledger, clock: IReactorTime) -> None:
        self._gateway = gateway
        self._ledger = ledger
        self._clock = clock
        self._due = 0.0
        self._timer: IDelayedCall | None = None
        self._rounds = (
            Round(lambda: slices(of_all(gateway), PIECE), ledger, clock),
            Round(lambda: of_bytes(gateway), ledger, clock),
        )

    def begin(self) -> None:
        """At once, and then again and again."""
        self._due = self._clock.seconds()
        self._again()
        for each in self._rounds:
            each.begin()

    def finish(self) -> None:
        """Once more, whole: the gateway has nothing left that could change."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._beat()
        for each in self._rounds:
            each.finish()

    def _again(self) -> None:
        self._beat()
        self._due = self._clock.seconds() + EVERY
        self._timer = self._clock.callLater(EVERY, self._again)

    def _beat(self) -> None:
        now = self._clock.seconds()
        try:
            if self._gateway.measured is not None:
                self._gateway.measured.gather()
            late = max(0.0, now - self._due)
            for series, number in of_process(self._gateway, now, late):
                self._ledger.put(series, number)
            self._ledger.flush()
        except Exception:  # a bug of ours: the process turns all the same
            self._log.failure("A bug in the gateway, met by its metrics")


class Round:
    """Tells *ledger* all that *counted* yields, and what that yields no more."""

    _log = Logger()

    def __init__(
        self,
        counted: Callable[[], Iterable[Counted | None]],
        ledger: Ledger,
        clock: IReactorTime,
    ) -> None:
        self._counted = counted
        self._ledger = ledger
        self._clock = clock
        self._told: dict[Series, int] = {}
        """What was told last."""
        self._steps: Iterator[None] = iter(())
        self._spent = 0.0
        self._timer: IDelayedCall | None = None

    def begin(self) -> None:
        """One round, and then the next."""
        self._steps, self._spent = self._go_round(), 0.0
        self._go_on()

    def finish(self) -> None:
        """A whole one, now, and no more."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        try:
            for _ in self._go_round():
                pass
        except Exception:
            self._log.failure("A bug in the gateway, met by its last metrics")

    def _go_on(self) -> None:
        began = self._clock.seconds()
        try:
            next(self._steps)
        except StopIteration:
            spent = self._spent + self._clock.seconds() - began
            self._timer = self._clock.callLater(max(EVERY, SHARE * spent), self.begin)
        except Exception:
            self._log.failure("A bug in the gateway, met by its metrics")
            self._timer = self._clock.callLater(AGAIN, self.begin)
        else:
            self._spent += self._clock.seconds() - began
            self._timer = self._clock.callLater(0, self._go_on)

    def _go_round(self) -> Iterator[None]:
        before, told = self._told, dict[Series, int]()
        put = self._ledger.put
        for each in self._counted():
            if each is None:
                yield
                continue
            series, number = each
            if before.get(series) != number:
                put(series, number)
            told[series] = number
        for series in before.keys() - told.keys():
            self._ledger.drop(series)
        self._told = told
        self._ledger.flush()
