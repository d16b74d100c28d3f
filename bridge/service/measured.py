"""
What is measured of each session, for metrics alone.

Here: where a session leaves what it has, and what is made of that twice a second.  Not
here: what is counted anyway (``watch.counters``), and who is told (``publishing``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from bridge.net.tcpinfo import TcpInfo
from bridge.watch.gathered import Gathered
from bridge.watch.metrics import DIALS, LASTED, MSS, NANO
from bridge.watch.record import Record


class Side:
    """What the sockets of one front, or towards one farm, knew at their ends."""

    def __init__(self) -> None:
        self.mss = Gathered(MSS)
        self.retransmits = 0

    def take(self, infos: Sequence[TcpInfo]) -> None:
        """Of so many sessions."""
        self.mss.values += [info.snd_mss for info in infos if info.snd_mss]
        self.retransmits += sum([info.total_retrans for info in infos])


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
        self._records: dict[str, list[Record]] = defaultdict(list)

    def listener(
        self, front: str, told: Callable[[Record], None]
    ) -> Callable[[Record], None]:
        """*told*, and what it is told of *front* is measured, too."""
        keep = self._records[front].append

        def both(record: Record) -> None:
            keep(record)
            told(record)

        return both

    def gather(self) -> None:
        """Take in what sessions have left since the last time."""
        for each in (*self.lasted.values(), *self.dials.values()):
            each.sort()
        for front, kept in self._records.items():
            records = [record for record in kept if record.sides is not None]
            kept.clear()
            if records:
                self._of_front(front, records)

    def _of_front(self, front: str, records: Sequence[Record]) -> None:
        """In whole lists at a time: there may be thousands."""
        sides = [record.sides for record in records if record.sides is not None]
        self.fronts[front].take([each.front for each in sides])
        self.limited[front].update([each.limited_by for each in sides])
        farms = {record.farm for record in records}
        for farm in farms - {""}:  # they had no server
            of_farm = zip(records, sides, strict=True)
            self.farms[farm].take(
                [side.back for record, side in of_farm if record.farm == farm]
                if len(farms) > 1
                else [side.back for side in sides]
            )
