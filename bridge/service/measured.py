"""
What is measured of each session, for metrics alone.

Here: where a session leaves how long it took, and what is made of that twice a second;
and what is made of records, in the batches that the log is written in: to keep them any
longer costs more than to look at them (see ``docs/performance.md``).  Not here: what is
counted anyway (``watch.counters``), and who is told (``publishing``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from operator import attrgetter

from bridge.net.tcpinfo import SENT
from bridge.watch.gathered import Gathered
from bridge.watch.metrics import DIALS, LASTED, MSS, NANO
from bridge.watch.record import Record, Sides

MANY = 512
"""
Times that are sorted in without waiting for the beat: of some thousands sessions would
wait a millisecond, of so many a tenth of one.
"""


class Side:
    """What the sockets of one front, or towards one farm, knew at their ends."""

    def __init__(self) -> None:
        self.mss = Gathered(MSS)
        self.retransmits = 0

    def take(self, answers: Iterable[bytes]) -> None:
        """Of so many sessions what the kernel said (``tcpinfo.raw``)."""
        alike = Counter(map(SENT.unpack, answers))
        for (mss, again), sessions in alike.items():
            if mss:
                self.mss.add(mss, sessions)
                self.retransmits += again * sessions


class Measured:
    """By the names of fronts and farms, of which *fronts* and *farms* are all."""

    def __init__(self, fronts: Iterable[str], farms: Iterable[str]) -> None:
        self.lasted = {name: Gathered(LASTED, NANO) for name in fronts}
        self.dials = {name: Gathered(DIALS, NANO) for name in farms}
        self.fronts: dict[str, Side] = defaultdict(Side)
        """Of those whose records tell of TCP."""
        self.farms: dict[str, Side] = defaultdict(Side)
        """Likewise."""
        self.limited: dict[str, Counter[str]] = defaultdict(Counter)
        """Sessions of these fronts, by what they were limited by (``limited``)."""

    def gather(self) -> None:
        """Take in how long sessions took that are over since the last time."""
        for each in (*self.lasted.values(), *self.dials.values()):
            each.sort()

    def see(self, over: Sequence[Record]) -> None:
        """
        These are over.  Mostly all are of one front and farm: nothing then is done for
        each of them but by loops of the interpreter's own.
        """
        where = set(map(_WHERE, over))
        for front, farm in where:
            these: Iterable[Record] = over
            if len(where) > 1:
                these = [each for each in over if _WHERE(each) == (front, farm)]
            sides = [each for each in map(_SIDES, these) if each is not None]
            if sides:
                self._take(front, farm, sides)
            for times in (self.lasted.get(front), self.dials.get(farm)):
                if times is not None and len(times.values) >= MANY:
                    times.sort()

    def _take(self, front: str, farm: str, sides: Sequence[Sides]) -> None:
        self.fronts[front].take(map(_FRONT, sides))
        self.limited[front].update(map(_LIMITED, sides))
        if farm:  # else they had no server
            self.farms[farm].take(map(_BACK, sides))


_WHERE, _SIDES = attrgetter("front", "farm"), attrgetter("sides")
_FRONT, _BACK, _LIMITED = map(attrgetter, ("front", "back", "limited_by"))
