"""
Mixed load for ten minutes (`make soak`): nothing may grow.

Threads of clients, each of its own kind, keep one gateway busy; meanwhile memory,
descriptors and what USR2 tells of pipes and timers are sampled.  The median of the last
quarter of the samples may exceed that of the second by little; the first quarter is for
warming up.  BRIDGE_SOAK_SECONDS sets another length.
"""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import astuple, dataclass
from random import Random
from statistics import median

import pytest

from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE, Gateway, relay, until
from tests.e2e.peers import BLOCK, echo, listen, name_of, read_all, reset, serving

SECONDS = float(os.environ.get("BRIDGE_SOAK_SECONDS", "600"))
WORKERS = 2  # of each kind

GROWTH = {"memory": 4 << 20, "descriptors": 40, "pipes": 8, "timers": 4}
"""
How much more than in the second quarter there may be in the last: as much as the load
itself varies (descriptors: three for each of a dozen clients), and for memory what the
allocator rounds to.  A leak of 100 bytes a session would show after 40,000 sessions.
"""


@dataclass(frozen=True)
class Sample:
    """What is measured, once a second."""

    memory: int
    descriptors: int
    pipes: int
    timers: int


def sample(gateway: Gateway) -> Sample:
    state = gateway.state()
    kept = re.search(r"(\d+) pipes kept", state)
    timers = re.search(r"(\d+) timers", state)
    assert kept is not None
    assert timers is not None
    return Sample(gateway.rss(), gateway.descriptors(), int(kept[1]), int(timers[1]))


# What clients do; the server echoes until the client's FIN, then ends.

Kind = Callable[[Gateway, Random], None]


def short(gateway: Gateway, chance: Random) -> None:
    """One small request."""
    with gateway.connect() as client:
        data = BLOCK[: chance.randint(1, 2000)]
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == data


def keep_alive(gateway: Gateway, chance: Random) -> None:
    """Many small requests."""
    with gateway.connect() as client:
        for _ in range(200):
            data = BLOCK[: chance.randint(1, 1400)]
            client.sendall(data)
            receive(client, data)


def receive(client: socket.socket, data: bytes) -> None:
    got = b""
    while len(got) < len(data):
        part = client.recv(1 << 20)
        assert part, "ended early"
        got += part
    assert got == data


def bulk(gateway: Gateway, chance: Random) -> None:
    """Both directions busy at once."""
    pieces = chance.randint(4, 20)

    def send() -> None:
        for _ in range(pieces):
            client.sendall(BLOCK)
        client.shutdown(socket.SHUT_WR)

    with gateway.connect() as client:
        sender = threading.Thread(target=send)
        sender.start()
        assert read_all(client) == BLOCK * pieces
        sender.join()


def resets(gateway: Gateway, chance: Random) -> None:
    """A client that breaks off, with bytes under way."""
    client = gateway.connect()
    client.sendall(BLOCK[: chance.randint(1, 100_000)])
    if chance.random() < 0.5:
        client.recv(chance.randint(1, 1000))
    reset(client)


def reads_slowly(gateway: Gateway, chance: Random) -> None:
    """A client that stalls the gateway for a while."""
    with gateway.connect() as client:
        client.settimeout(0.3)
        sent = 0
        try:
            while sent < 30_000_000:
                sent += client.send(BLOCK)
        except TimeoutError:
            pass  # everything is full
        client.settimeout(PATIENCE)
        if chance.random() < 0.5:
            client.shutdown(socket.SHUT_WR)
            assert len(read_all(client)) == sent


KINDS: tuple[Kind, ...] = (short, keep_alive, bulk, resets, reads_slowly)


class Load:
    """Clients of every kind, until stopped."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._stopping = threading.Event()
        self.rounds: Counter[str] = Counter()
        self.errors: list[str] = []
        self._threads = [
            threading.Thread(target=self._work, args=(kind, number), daemon=True)
            for kind in KINDS
            for number in range(WORKERS)
        ]

    def _work(self, kind: Kind, number: int) -> None:
        chance = Random(f"{kind.__name__} {number}")
        while not self._stopping.is_set() and not self.errors:
            try:
                kind(self._gateway, chance)
            except Exception as error:
                self.errors.append(f"{kind.__name__}: {error!r}")
            self.rounds[kind.__name__] += 1

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(PATIENCE * 2)
            assert not thread.is_alive(), "a client hangs"

    def wait(self, seconds: float) -> None:
        self._stopping.wait(seconds)


def samples(gateway: Gateway, load: Load) -> list[Sample]:
    """Of the whole time, at least 40."""
    taken = []
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends and not load.errors:
        load.wait(min(1.0, SECONDS / 40))
        taken.append(sample(gateway))
    return taken


def check_flat(taken: list[Sample]) -> None:
    quarter = len(taken) // 4
    second = zip(*map(astuple, taken[quarter : 2 * quarter]), strict=True)
    last = zip(*map(astuple, taken[-quarter:]), strict=True)
    for (name, growth), before, after in zip(GROWTH.items(), second, last, strict=True):
        print(f"{name}: {median(before):,.0f} -> {median(after):,.0f}")
        assert median(after) <= median(before) + growth, name


@pytest.mark.slow
def test_nothing_grows_under_mixed_load(start: Start) -> None:
    with listen() as server, serving(server, echo):
        gateway = start(relay(name_of(server), front={"timeouts": {"close": "1s"}}))
        idle = gateway.descriptors()
        load = Load(gateway)
        load.start()
        taken = samples(gateway, load)
        load.stop()
        assert not load.errors
        assert "seem to vanish" not in gateway.log
        assert min(load.rounds[kind.__name__] for kind in KINDS) > 0
        print(f"{dict(load.rounds)}, {len(taken)} samples")
        check_flat(taken)
        gateway.wait_idle()
        until(lambda: "0 pipes kept" in gateway.state(), "pipes to be given back")
        assert gateway.descriptors() <= idle + 2 * 64  # empty pipes in store
    endings = Counter(record["ending"] for record in gateway.told())
    assert set(endings) <= {"done", "front_reset", "back_reset"}
