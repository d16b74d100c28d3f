"""What all processes have counted, put together, over their lives and deaths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest

from bridge.config import parse
from bridge.processes import numbers as module
from bridge.processes.columns import Columns
from bridge.processes.generation import Generation, Place
from bridge.processes.known_series import KnownSeries
from bridge.processes.numbers import HANGS, Numbers
from bridge.processes.standing import Standing
from bridge.service.ledger import BoardLedger, OwnLedger
from bridge.watch.metrics import NANO, Series

BYTES, ACTIVE = ("bytes", "web", "up"), ("sessions_active", "web")
UP, STATE = ("server_up", "a", "b"), ("server_state", "a", "b")
NOT_AFTER = ("certificate_not_after_timestamp_seconds", "front web", "/a.pem")

DOCUMENT = parse(
    'fronts: {web: {listen: "[::1]:80", to: a}}\n'
    "farms: {a: {servers: [192.0.2.1:80]}}\n"
)


class Made:
    """A generation of workers on a board."""

    def __init__(self, number: int, columns: Columns, workers: int) -> None:
        self.number = number
        self.document = DOCUMENT
        self.retiring = False
        self.restarts = 0
        self._columns = columns
        self.taken = [columns.take() for _ in range(workers)]
        self.ledgers: dict[int, BoardLedger] = {}
        for worker in range(workers):
            self.begin(worker)

    def begin(self, worker: int) -> None:
        column = self.taken[worker]
        board = self._columns._numbers  # as a worker has it
        self.ledgers[worker] = BoardLedger(
            board.column(column), lambda told: self._columns.hear(column, dict(told))
        )

    def has(self, worker: int, **numbers: int) -> None:
        for name, number in numbers.items():
            self.ledgers[worker].put(SERIES[name], number)
        self.ledgers[worker].flush()

    def dies(self, worker: int) -> None:
        self._columns.give(self.taken[worker])

    def places(self) -> list[Place]:
        return [
            Place(number, 70 + number, lambda s, c=column: self._columns.read(c, s))  # type: ignore[misc]
            for number, column in enumerate(self.taken)
        ]


SERIES: dict[str, Series] = {
    "bytes_": BYTES,
    "active": ACTIVE,
    "up": UP,
    "state": STATE,
    "not_after": NOT_AFTER,
    "beat": ("beat",),
    "lag": ("reactor_lag_seconds",),
}


class OwnMade:
    """The first one, which is this process."""

    number, document, restarts = 1, DOCUMENT, 0

    def __init__(self, ledger: OwnLedger) -> None:
        self.retiring = False
        self._ledger = ledger

    def places(self) -> list[Place]:
        return [Place(0, 70, self._ledger.read)]


class Bench:
    """The supervisor, and what generations are made with."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.columns = Columns(lambda: self.seconds)
        self.known: KnownSeries | None = self.columns.known
        self.ledgers: list[OwnLedger] = []
        self.standing = Standing(lambda: self.seconds)
        self.current: Any = None
        self.others: Sequence[Generation] = []
        self.standing.accepts = True
        self.numbers = Numbers(
            cast(Any, self), self, lambda: self.seconds, lambda: 5000.0 + self.seconds
        )

    def workers(self, number: int = 1, count: int = 2) -> Made:
        made = Made(number, self.columns, count)
        self.current = self.current or made
        return made

    def own(self) -> OwnLedger:
        self.ledgers.append(OwnLedger())
        self.current = OwnMade(self.ledgers[0])
        return self.ledgers[0]

    def read(self, series: Series) -> int:
        return self.numbers.reading().numbers[series]


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.columns.close()


def test_what_workers_have_is_added_up(bench: Bench) -> None:
    made = bench.workers()
    made.has(0, bytes_=5, active=1)
    made.has(1, bytes_=7, active=2)
    assert (bench.read(BYTES), bench.read(ACTIVE)) == (12, 3)


def test_a_dead_one_leaves_its_totals(bench: Bench) -> None:
    made = bench.workers()
    made.has(0, bytes_=5, active=1)
    made.has(1, bytes_=7, active=2)
    made.dies(0)
    assert (bench.read(BYTES), bench.read(ACTIVE)) == (12, 2)
    made.taken[0] = bench.columns.take()
    made.begin(0)
    made.has(0, bytes_=1, active=1)
    assert (bench.read(BYTES), bench.read(ACTIVE)) == (13, 3)


def test_totals_do_not_go_back_from_one_process_to_workers(bench: Bench) -> None:
    own = bench.own()
    own.put(BYTES, 100)
    own.put(ACTIVE, 4)
    assert (bench.read(BYTES), bench.read(ACTIVE)) == (100, 4)
    first, bench.current = bench.current, None
    bench.workers(2).has(0, bytes_=1, active=1)
    bench.others = [first]
    assert (bench.read(BYTES), bench.read(ACTIVE)) == (101, 5)
    own.put(BYTES, 110)
    own.end()
    bench.others = []
    assert (bench.read(BYTES), bench.read(ACTIVE)) == (111, 1)


def test_a_server_is_as_those_have_it_who_accept(bench: Bench) -> None:
    old = bench.workers(1)
    old.has(0, up=1, state=1, active=3)
    bench.current = None
    new = bench.workers(2)
    bench.others = [cast(Any, old)]
    new.has(0, up=0, state=3)
    new.has(1, up=0, state=3)
    assert (bench.read(UP), bench.read(STATE), bench.read(ACTIVE)) == (0, 3, 3)
    new.has(1, up=1, state=1)
    assert (bench.read(UP), bench.read(STATE)) == (1, 1)


def test_the_certificate_that_ends_first_counts(bench: Bench) -> None:
    made = bench.workers()
    made.has(0, not_after=2000)
    assert bench.read(NOT_AFTER) == 2000  # the other has not told any
    made.has(1, not_after=1000)
    assert bench.read(NOT_AFTER) == 1000


def test_each_process_has_its_own(bench: Bench) -> None:
    made = bench.workers()
    made.has(0, beat=99 * NANO, lag=5)
    reading = bench.numbers.reading()
    one, other = reading.processes
    assert (one.generation, one.worker, one.pid, one.age, one.up) == (1, 0, 70, 1, True)
    assert (other.age, other.up) == (None, False)
    assert one.numbers["reactor_lag_seconds"] == 5
    assert ("reactor_lag_seconds",) not in reading.numbers


def test_one_that_tells_nothing_any_more_hangs(bench: Bench) -> None:
    made = bench.workers()
    for worker in range(2):
        made.has(worker, beat=100 * NANO, bytes_=5)
    bench.seconds += HANGS
    made.has(1, beat=int(bench.seconds * NANO))
    reading = bench.numbers.reading()
    assert [each.up for each in reading.processes] == [False, True]
    assert reading.ready and reading.numbers[BYTES] == 10
    bench.seconds += HANGS
    reading = bench.numbers.reading()
    assert reading.why == ("no worker of generation 1 tells that it is alive",)


def test_why_it_takes_no_sessions(bench: Bench) -> None:
    bench.workers().has(0, beat=100 * NANO)
    assert bench.numbers.standing().ready
    bench.standing.accepts = False
    assert bench.numbers.standing().why == ("the gateway starts",)
    bench.standing.stopping = True
    reading = bench.numbers.standing()
    assert reading.why == ("the gateway drains",) and reading.draining
    assert reading.numbers == {}


def test_times_are_of_the_day(bench: Bench) -> None:
    bench.workers()
    bench.seconds = 110.0
    reading = bench.numbers.reading()
    assert (reading.time, reading.seconds, reading.started) == (5110, 110, 5100)
    assert (reading.reloaded, reading.reloaded_at) == (None, 5100)
    bench.standing.note([])
    bench.seconds = 120.0
    reading = bench.numbers.reading()
    assert (reading.reloaded, reading.reloaded_at) == (True, 5110)


def test_it_is_read_in_slices(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE", 1)
    made = bench.workers()
    made.has(0, bytes_=5, active=1, up=1)
    assert len(list(bench.numbers.steps())) == 4
    assert bench.numbers.now()["fronts"]["web"]["bytes"]["up"] == 5


def test_names_that_nobody_has_any_more_are_forgotten(bench: Bench) -> None:
    made = bench.workers()
    made.has(0, bytes_=5)
    made.dies(0)
    bench.seconds += 1000.0
    assert BYTES not in bench.numbers.reading().numbers


def test_the_configurations_digest_is_that_of_who_accepts(bench: Bench) -> None:
    bench.workers()
    digest = bench.numbers.standing().digest
    assert len(digest) == 16
    assert bench.numbers.standing().digest is digest  # not made anew
