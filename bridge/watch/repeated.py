"""
What happens often and must still be told: a line that counts what it stands for.

The first of a kind is told at once, and further ones once a minute with their number.
So a log says at three in the morning why sessions fail, and is not filled by it.  Not
here: what is worth telling, which whoever tells it knows.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twisted.logger import Logger

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

QUIET = 60.0
"""Seconds between two lines of one kind."""

MOST = 1000
"""
Kinds that are told apart at a time.  There are as many as a configuration has fronts
and farms, times a few; what is beyond that is counted together.
"""

_REST = ("gateway", "more that went wrong")


@dataclass(slots=True)
class _Kind:
    """One kind since its last line."""

    due: float
    told: int = 1
    """Lines of one each."""
    count: int = 0
    """How many were told in none."""
    last: str = ""


class Repeated:
    """
    Tells of things that repeat.  Until ``stop``, which tells what is left.

    A kind that was quiet for a minute is forgotten: the next one is told at once.  Of a
    kind as many as *burst* are, and *most* kinds are told apart.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, burst: int = 1, most: int = MOST) -> None:
        self._clock = clock
        self._burst = burst
        self._most = most
        self._kinds: OrderedDict[tuple[str, str], _Kind] = OrderedDict()
        """By subject and what happened; the one that is due first comes first."""
        self._timer: IDelayedCall | None = None

    def tell(self, subject: str, what: str, detail: str) -> None:
        """
        *what* happened to *subject* once more.

        Both are from the configuration or a fixed list: neither may be of the network's
        choosing, as *detail* may, of which the last is told.
        """
        key = (subject, what)
        if key not in self._kinds and len(self._kinds) >= self._most:
            key = _REST
        kind = self._kinds.get(key)
        if kind is None:
            self._kinds[key] = _Kind(self._clock.seconds() + QUIET)
        elif kind.told < self._burst:
            kind.told += 1
        else:
            kind.count += 1
            kind.last = detail
            return
        self._log.warn(
            "{subject}: {what}: {detail}",
            event="complaint",
            subject=key[0],
            what=key[1],
            detail=detail,
        )
        if self._timer is None:
            self._timer = self._clock.callLater(QUIET, self._due)

    def _due(self) -> None:
        self._timer = None
        now = self._clock.seconds()
        for key, kind in list(self._kinds.items()):
            if kind.due > now:
                break
            del self._kinds[key]
            if kind.count:
                self._tell_count(key, kind)
                self._kinds[key] = _Kind(now + QUIET, self._burst)
        first = next(iter(self._kinds.values()), None)
        if first is not None:
            self._timer = self._clock.callLater(max(0.0, first.due - now), self._due)

    def _tell_count(self, key: tuple[str, str], kind: _Kind) -> None:
        began = kind.due - QUIET
        self._log.warn(
            "{subject}: {what}: {count} more in {seconds:.0f} s, the last: {detail}",
            event="complaint",
            subject=key[0],
            what=key[1],
            count=kind.count,
            seconds=self._clock.seconds() - began,
            detail=kind.last,
        )

    def stop(self) -> None:
        """Tell what is left, and nothing more by itself."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for key, kind in self._kinds.items():
            if kind.count:
                self._tell_count(key, kind)
        self._kinds.clear()
