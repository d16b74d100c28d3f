"""
The balance that keeps a client on its server: Maglev hashing.

After Eisenbud and others, "Maglev: A Fast and Reliable Software Network Load Balancer"
(NSDI 2016), section 3.4.  Every gateway with the same servers and key agrees, without
a word between them, and when a server leaves hardly any client but its own is moved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from hashlib import blake2b

from bridge.farm.candidates import Candidates
from bridge.farm.server import Server
from bridge.net.address import canonical

SIZE = 65_537
"""
Slots of a table: the paper's choice, a prime.

With 100 servers shares are right to 0.3 %, and one that leaves moves 0.6 % of clients
besides its own 1 %.  With thousands of servers a share is a few slots, and coarse.
"""

SLOTS, WISHES = 4096, 1000
"""Slots that are filled, and servers looked at, in one step at most: some 4 ms."""

SHARE = 0.6
"""
What a step leaves of the slots at least.  The last ones are looked for longest, among
all that are taken; shares take equally long.
"""

DETOURS = 8
"""
More slots that a client is given while the servers of its slots are full or tried.

They are the same every time, so a client whose server is full has a steady second
choice; and they are spread like all others.
"""


def client_key(host: str, key: bytes) -> int:
    """
    The number that ``choose`` knows the client at *host* by: 64 bits.

    However its address is spelt, and without the scope id, which is another on every
    gateway (RFC 4007).  What is no address (a UNIX peer) is taken as it stands.  *key*
    is at most 64 bytes; whoever knows it can make all his clients meet on one server.
    """
    try:
        name = canonical(host).partition("%")[0]
    except ValueError:
        name = host
    digest = blake2b(name.encode(), digest_size=8, key=key, person=b"bridge client")
    return int.from_bytes(digest.digest(), "big")


def fill(weights: Mapping[Server, float]) -> list[Server]:
    """
    The table of *weights*, which are not empty: whose each slot is.

    Servers take turns to name the slot they like best of those that are left; one with
    half of the greatest weight has every other turn.  Which slots a server likes
    follows from its address alone.
    """
    return next(table for table in filling(weights) if table is not None)


def filling(weights: Mapping[Server, float]) -> Iterator[list[Server] | None]:
    """``fill`` in small steps: None while there is more to do, then the table."""
    greatest = max(weights.values())
    everybody = []
    for server, weight in weights.items():
        everybody.append(_Wishes(server, greatest / weight))
        if not len(everybody) % WISHES:
            yield None
    everybody.sort(key=lambda wishes: wishes.order)
    # The heaviest have a turn in every round, so there is somebody in each of them.
    rounds = {0: everybody}
    table: list[Server | None] = [None] * SIZE
    taken, left, number = bytearray(SIZE), SIZE, 0
    rest = max(left - SLOTS, int(left * SHARE))
    while left:
        for wishes in rounds.pop(number):
            slot = wishes.slot
            while taken[slot]:  # eleven times a slot on average: all that takes time
                slot += wishes.stride
                if slot >= SIZE:
                    slot -= SIZE
            taken[slot] = 1
            table[slot] = wishes.server
            wishes.slot = slot
            wishes.turns += 1
            left -= 1
            if not left:
                break
            if left == rest:
                rest = max(left - SLOTS, int(left * SHARE))
                yield None
            due = max(number + 1, int(wishes.turns * wishes.period))
            rounds.setdefault(due, []).append(wishes)
        number += 1
    yield [server for server in table if server is not None]


class _Wishes:
    """
    The slots that *server* likes, one after another: every *stride*-th.

    It has a turn in every *period*-th round, rounded down.
    """

    __slots__ = ("order", "period", "server", "slot", "stride", "turns")

    def __init__(self, server: Server, period: float) -> None:
        host, port = server.back
        digest = blake2b(f"{host} {port}".encode(), digest_size=16, person=b"bridge")
        first = int.from_bytes(digest.digest()[:8], "big")
        second = int.from_bytes(digest.digest()[8:], "big")
        self.server = server
        self.period = period
        self.slot = first % SIZE
        self.stride = 1 + second % (SIZE - 1)
        self.turns = 0
        self.order = (server.back, server.name)
        """Not the list's, which may be another on the next gateway."""


class ByKey(Candidates):
    """
    The same server for a client while the same servers have room, and no longer.

    It costs next to nothing to change, and takes no notice of weights.
    """

    def __init__(self) -> None:
        super().__init__()
        self._places: dict[Server, int] = {}
        self._free: list[Server] = []
        """All that have room; the last one takes the place of one that leaves."""

    def choose(self, key: int, skip: Collection[Server]) -> Server | None:
        """In at most len(skip) + 1 steps."""
        free = self._free
        for step in range(len(free)):
            server = free[(key + step) % len(free)]
            if server not in skip:
                return server
        return None

    def _enter(self, server: Server) -> None:
        self._places[server] = len(self._free)
        self._free.append(server)

    def _leave(self, server: Server) -> None:
        place, last = self._places.pop(server), self._free.pop()
        if last is not server:
            self._places[last] = place
            self._free[place] = last

    def _reweighed(self, server: Server, before: float) -> None:
        pass


class SourceHash(ByKey):
    """
    Always the same server for a client, while that one has room.

    After a change the table is made anew, which takes 40 to 70 ms whatever the number
    of servers: in steps, by ``prepare``.  Until it is made the old one counts, less the
    servers that have left; only where there is none does a choice make it, at once.  A
    server that is full keeps its slots: its clients are to come back.
    """

    def __init__(self) -> None:
        super().__init__()
        self._table: list[Server] | None = None
        self._filling: Iterator[list[Server] | None] | None = None
        self._stale = False
        """Something has changed since that was begun."""

    def add(self, server: Server, weight: float) -> None:
        super().add(server, weight)
        self._stale = True

    def remove(self, server: Server) -> None:
        super().remove(server)
        self._stale = True
        if not self._weights:
            self._table = self._filling = None

    def reweigh(self, server: Server, weight: float) -> None:
        self._stale |= self._weights[server] != weight
        super().reweigh(server, weight)

    def prepare(self) -> bool:
        """
        One step.

        One table is finished before the next is begun, whatever has changed meanwhile:
        where there is always something that changes, none would ever be.
        """
        if self._filling is None:
            if not self._stale or not self._weights:
                return False
            self._stale = False
            self._filling = filling(self._weights.copy())
        table = next(self._filling)
        if table is not None:
            self._table, self._filling = table, None
        return self._stale or self._filling is not None

    def choose(self, key: int, skip: Collection[Server]) -> Server | None:
        if not self._free:
            return None
        while self._table is None:
            self.prepare()
        slot, places = key, self._places  # of those that are here and have room
        for _ in range(1 + DETOURS):
            server = self._table[slot % SIZE]
            if server in places and server not in skip:
                return server
            slot = _detour(slot)
        return super().choose(key, skip)  # nearly all are full: one that is not


def _detour(slot: int) -> int:
    """Another 64 bits for these: a step of Knuth's generator (TAOCP 3.3.4)."""
    return (slot * 6364136223846793005 + 1442695040888963407) % 2**64
