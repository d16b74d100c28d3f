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

from bridge.net.tcpinfo import SENT
from bridge.watch.access import Entry
from bridge.watch.gathered import Gathered
from bridge.watch.metrics import DIALS, LASTED, MSS, NANO
from bridge.watch.record import Record, Sides


class Side:
    """What the sockets of one front, or towards one farm, knew at their ends."""

    def __init__(self) -> None:
        self.mss = Gathered(MSS)
        self.retransmits = 0

    def take(self, answers: Sequence[bytes]) -> None:
        """Of so many sessions what the kernel said (``tcpinfo.raw``)."""
        alike = Counter([SENT.unpack(answer) for answer in answers])
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

    def see(self, entries: Sequence[Entry]) -> None:
        """What there are lines for; of these it is sessions that are over."""
        alike: dict[tuple[str, str], list[Sides]] = {}
        for each in entries:
            if isinstance(each, Record) and each.sides is not None and each.ending:
                key = each.front, each.farm
                if key in alike:
                    alike[key].append(each.sides)
                else:
                    alike[key] = [each.sides]
        for (front, farm), sides in alike.items():
            self.fronts[front].take([each.front for each in sides])
            self.limited[front].update([each.limited_by for each in sides])
            if farm:  # else they had no server
                self.farms[farm].take([each.back for each in sides])
