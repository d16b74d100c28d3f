"""A generation of workers under test, over processes that the test plays."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed

from bridge.config import parse
from bridge.processes.forked import Forked
from bridge.processes.link import Message
from bridge.processes.means import Means
from bridge.processes.past import Past
from bridge.processes.snapshot import LogPlan
from bridge.service.posting import Send
from bridge.watch.metrics import Series
from tests.nursed import FakeNursery, FakeReactor, FakeWorker

CONFIGURATION = """\
fronts: {web: {listen: "[::1]:80", to: a}}
farms: {a: {servers: [192.0.2.1:80]}}
timeouts: {drain_delay: 3s, drain_timeout: 20s}
"""

LOG = LogPlan(own="-", foreground=True, level="info")


class FakeColumns:
    """Three, and who has them."""

    fds = 0, 1

    def __init__(self) -> None:
        self.free = [3, 2, 1]
        self.heard: list[tuple[int, Message]] = []

    def take(self) -> int:
        if not self.free:
            raise OSError(errno.ENOSPC, "three workers are the most")
        return self.free.pop()

    def give(self, column: int) -> None:
        self.free.append(column)

    def hear(self, column: int, message: Message) -> None:
        self.heard.append((column, message))

    def read(self, column: int, series: Series) -> int:
        return column if series == ("beat",) else 0


class FakePeer:
    """A worker, to the hub."""

    def __init__(self) -> None:
        self.gone = False

    def receive(self, piece: bytes) -> None: ...

    def lost(self) -> None:
        self.gone = True


class Bench:
    """Generation 2, of two workers, and what became of its start and its end."""

    def __init__(self, more: str = "", workers: int = 2) -> None:
        self.reactor = FakeReactor()
        self.columns = FakeColumns()
        self.said: list[Message] = []
        self.peers: list[FakePeer] = []
        self.prepared: Deferred[None] = succeed(None)
        self.past = Past()
        means = Means(
            self.reactor,
            self.columns,
            self._join,
            self.prepared,
            LOG,
            self.past,
            self.said.append,
        )
        self.forked = Forked(2, parse(CONFIGURATION + more), {}, workers, means)
        self.started: list[Any] = []
        self.ended: list[None] = []
        self.forked.ended.addCallback(self.ended.append)

    def _join(self, send: Send) -> FakePeer:
        self.peers.append(FakePeer())
        return self.peers[-1]

    @property
    def nursery(self) -> FakeNursery:
        return self.reactor.nursery

    @property
    def workers(self) -> list[FakeWorker]:
        """All that were ever forked by the newest nursery."""
        return self.nursery.workers

    def start(self) -> None:
        """Until its workers are there."""
        self.forked.start().addBoth(self.started.append)
        self.reactor.nursery.says("ready")
        self.turn()

    def accept(self) -> None:
        for worker in self.workers:
            worker.accepts()
        self.turn()

    def turn(self, seconds: float = 0.0) -> None:
        """What was said is heard, before and after so many seconds."""
        self.reactor.turn()
        self.reactor.advance(seconds)
        self.reactor.turn()

    def end(self) -> None:
        """The last of its workers are gone."""
        for nursery in self.reactor.nurseries:
            for worker in nursery.workers:
                worker.ends()
        self.turn()


@pytest.fixture
def starting() -> Iterator[Bench]:
    """One that begins to start."""
    made = Bench()
    yield made
    made.reactor.close()


@pytest.fixture
def running(starting: Bench) -> Bench:
    """One that accepts."""
    starting.start()
    starting.accept()
    assert starting.started == [None]
    return starting
