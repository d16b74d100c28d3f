"""
What is measured of each session, for metrics alone.

Here: where a session leaves what it has, and what is made of that twice a second.  Not
here: what is counted anyway (``watch.counters``), and who is told (``publishing``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from bridge.net.tcpinfo import TcpInfo
from bridge.watch.black_holes import AGAIN, towards_client, towards_server
from bridge.watch.gathered import Gathered
from bridge.watch.metrics import DIALS, LASTED, MSS, NANO
from bridge.watch.record import Record


class Side:
    """What the sockets of one front, or towards one farm, knew at their ends."""

    def __init__(self) -> None:
        self.mss = Gathered(MSS)
        self.retransmits = 0
        self.black_holes = 0
        """Sessions that suggest one: see ``black_holes``."""

    def take(self, infos: Iterable[TcpInfo]) -> None:
        # Else that was no TCP, or there was no socket.
        tcp = [info for info in infos if info.snd_mss]
        self.mss.values += [info.snd_mss for info in tcp]
        self.retransmits += sum([info.total_retrans for info in tcp])


class Measured:
    """By the names of fronts and farms, of which *fronts* and *farms* are all."""

    def __init__(self, fronts: Iterable[str], farms: Iterable[str]) -> None:
        self.lasted = {name: Gathered(LASTED, NANO) for name in fronts}
        self.dials = {name: Gathered(DIALS, NANO) for name in farms}
        self.fronts: dict[str, Side] = defaultdict(Side)
        """Of those whose records tell of TCP."""
        self.farms: dict[str, Side] = defaultdict(Side)
        """Likewise."""
        self._records: list[Record] = []

    def listener(self, told: Callable[[Record], None]) -> Callable[[Record], None]:
        """*told*, and what it is told is measured, too."""
        keep = self._records.append

        def both(record: Record) -> None:
            keep(record)
            told(record)

        return both

    def gather(self) -> None:
        """Take in what sessions have left since the last time."""
        for each in (*self.lasted.values(), *self.dials.values()):
            each.sort()
        records = tuple(self._records)
        self._records.clear()
        fronts: dict[str, list[TcpInfo]] = defaultdict(list)
        farms: dict[str, list[TcpInfo]] = defaultdict(list)
        for record in records:
            sides = record.sides
            if sides is None:
                continue
            fronts[record.front].append(sides.front)
            if record.farm:
                farms[record.farm].append(sides.back)
            if sides.front.total_retrans >= AGAIN and towards_client(record):
                self.fronts[record.front].black_holes += 1
            if sides.back.total_retrans >= AGAIN and towards_server(record):
                self.farms[record.farm].black_holes += 1
        for name, infos in fronts.items():
            self.fronts[name].take(infos)
        for name, infos in farms.items():
            self.farms[name].take(infos)
