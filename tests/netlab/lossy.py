"""
A slow and unreliable link: two TUN devices and a program that carries packets between.

``Lossy`` says how bad the link is; run as a script, with the descriptors of the two
devices, this file is the link.  Kernels without netem can so be tested against delay,
loss and reordering too.
"""

from __future__ import annotations

import heapq
import os
import random
import select
import sys
import time
from dataclasses import asdict, dataclass

QUEUE = 1000  # packets under way in one direction; netem's default limit as well
LARGEST = 65535


@dataclass(frozen=True)
class Lossy:
    """How a link treats each packet, in both directions alike."""

    delay: float = 0.0
    """Seconds from one end to the other."""
    loss: float = 0.0
    """Probability that a packet is dropped."""
    spared: int = 0
    """Packets of up to so many bytes are not: those without data, for a connection that
    is to be lost no SYN."""
    reorder: float = 0.0
    """Probability that a packet is held back until later ones have passed it."""
    rate: float = 0.0
    """Bytes a second; 0 for no limit."""
    mtu: int = 0
    """The largest packet that is carried; larger ones vanish, and nobody is told: a
    switch with a smaller MTU, or a router whose ICMP is filtered.  0 for no limit."""
    seed: int = 0
    """The same seed makes the same choices, packet by packet."""

    def command(self, one: int, other: int) -> list[str]:
        """The program that is this link, between two TUN descriptors."""
        values = [f"{name}={value!r}" for name, value in asdict(self).items()]
        return [sys.executable, "-S", __file__, str(one), str(other), *values]


class Direction:
    """Packets from one device to the other: read now, written when due."""

    def __init__(self, source: int, sink: int, link: Lossy, seed: str) -> None:
        self.source = source
        self._sink = sink
        self._link = link
        self._chance = random.Random(seed)
        self._under_way: list[tuple[float, int, bytes]] = []
        self._count = 0
        self._free_at = 0.0

    def read(self, now: float) -> None:
        """Take every packet that waits in the source."""
        while True:
            try:
                packet = os.read(self.source, LARGEST)
            except BlockingIOError:
                return
            if not self._link.mtu or len(packet) <= self._link.mtu:
                self._take(packet, now)

    def _take(self, packet: bytes, now: float) -> None:
        link, chance = self._link, self._chance
        lost = chance.random() < link.loss and len(packet) > link.spared
        if lost or len(self._under_way) >= QUEUE:
            return
        if link.rate:
            self._free_at = max(now, self._free_at) + len(packet) / link.rate
        due = max(now, self._free_at) + link.delay
        if chance.random() < link.reorder:
            due += link.delay / 2 + 0.001
        self._count += 1  # packets due at the same time keep their order
        heapq.heappush(self._under_way, (due, self._count, packet))

    def write(self, now: float) -> float:
        """Write what is due; when to come again."""
        while self._under_way:
            due, _, packet = self._under_way[0]
            if due > now:
                return due
            heapq.heappop(self._under_way)
            try:
                os.write(self._sink, packet)
            except OSError:
                pass  # the device is down or full: a lost packet, as on any link
        return now + 3600


def carry(one: int, other: int, link: Lossy) -> None:
    """Be the link, until killed or a device is gone."""
    directions = {
        one: Direction(one, other, link, f"{link.seed} forth"),
        other: Direction(other, one, link, f"{link.seed} back"),
    }
    wait = 0.0
    while True:
        # select, not epoll: its time-out is fine enough for delays of a millisecond
        ready, _, _ = select.select(directions, (), (), wait)
        now = time.monotonic()
        for source in ready:
            directions[source].read(now)
        wait = max(0.0, min(d.write(now) for d in directions.values()) - now)


def main(one: str, other: str, *values: str) -> None:
    settings = dict(value.split("=", 1) for value in values)
    spared, mtu, seed = (int(settings.pop(name)) for name in ("spared", "mtu", "seed"))
    rest = {name: float(value) for name, value in settings.items()}
    carry(int(one), int(other), Lossy(spared=spared, mtu=mtu, seed=seed, **rest))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError as error:  # EBADFD, EIO: the namespace of a device is gone
        sys.exit(f"link: {error}")
