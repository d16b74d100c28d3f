"""When a process tells its numbers: by the clock, and by what that costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from twisted.internet.task import Clock

from bridge.service import publishing as module
from bridge.service.counted import Counted
from bridge.service.ledger import OwnLedger
from bridge.service.publishing import AGAIN, EVERY, SHARE, Publishing, Round
from bridge.watch.metrics import NANO, SUM
from tests.logged import logged
from tests.questioned import Asked, asked

A, B = ("sessions_active", "a"), ("sessions_active", "b")


class Noting(OwnLedger):
    """What it is told, as it comes."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Any] = []

    def put(self, *told: Any) -> None:
        super().put(*told)
        self.calls.append(told)

    def flush(self) -> None:
        self.calls.append("flush")


class Bench:
    """A round over whatever the test has there to tell."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.ledger = Noting()
        self.told: list[Iterable[Counted | None]] = []
        self.round = Round(self._counted, self.ledger, self.clock)
        self.costs = 0.0
        """Seconds that each slice takes."""

    def _counted(self) -> Iterator[Counted | None]:
        for each in self.told[0] if len(self.told) == 1 else self.told.pop(0):
            if each is None:
                self.clock.rightNow += self.costs
            yield each


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_only_what_has_changed_is_told(bench: Bench) -> None:
    bench.told = [[(A, 1), (B, 0)], [(A, 1), (B, 2)]]
    bench.round.begin()
    assert bench.ledger.calls == [(A, 1), (B, 0), "flush"]
    bench.clock.advance(EVERY)
    assert bench.ledger.calls[3:] == [(B, 2), "flush"]


def test_what_is_gone_is_dropped(bench: Bench) -> None:
    bench.told = [[(A, 1), (B, 1)], [(B, 1)]]
    bench.round.begin()
    bench.clock.advance(EVERY)
    assert bench.ledger.numbers == {B: 1}


def test_others_have_their_turns_between_slices(bench: Bench) -> None:
    bench.told = [[(A, 1), None, (B, 2)]]
    bench.round.begin()
    assert bench.ledger.numbers == {A: 1}
    bench.clock.advance(0)
    assert bench.ledger.numbers == {A: 1, B: 2}


def test_a_round_that_costs_much_is_seldom(bench: Bench) -> None:
    bench.costs = 0.05
    bench.told = [[(A, 1), None], [(A, 2)]]
    bench.round.begin()
    bench.clock.advance(0)
    bench.clock.advance(SHARE * bench.costs - 0.01)
    assert bench.ledger.numbers == {A: 1}
    bench.clock.advance(0.02)
    assert bench.ledger.numbers == {A: 2}


def test_the_last_one_is_whole_and_there_is_no_other(bench: Bench) -> None:
    bench.told = [[(A, 1), None, (B, 1)], [(A, 5), None, (B, 6)]]
    bench.round.begin()
    bench.round.finish()
    assert bench.ledger.numbers == {A: 5, B: 6}
    assert bench.clock.getDelayedCalls() == []


def test_a_bug_is_said_and_tried_again(bench: Bench) -> None:
    def raising() -> Iterator[Counted | None]:
        yield A, 1
        raise ValueError("a bug")

    bench.told = [raising(), [(A, 2), (B, 3)]]
    with logged() as log:
        bench.round.begin()
    assert "A bug in the gateway, met by its metrics" in log.lines[0]
    bench.clock.advance(AGAIN)
    assert bench.ledger.numbers == {A: 2, B: 3}


@pytest.fixture
def running() -> Iterator[Asked]:
    with asked() as made:
        yield made


def test_the_beat_says_when_and_how_late(running: Asked) -> None:
    clock, ledger = Clock(), OwnLedger()
    clock.rightNow = 100.0
    publishing = Publishing(running.gateway, ledger, clock)
    publishing.begin()
    assert ledger.read(("beat",)) == 100 * NANO
    assert ledger.read(("reactor_lag_seconds",)) == 0
    assert ledger.read(("sessions_accepted", "one")) == 0
    assert ("bytes", "one", "up") in ledger.numbers
    clock.advance(EVERY)
    assert ledger.read(("reactor_lag_seconds",)) == 0
    clock.rightNow += 0.25  # nothing turns meanwhile
    clock.advance(EVERY)
    assert ledger.read(("reactor_lag_seconds",)) == NANO // 4
    assert ledger.read(("beat",)) == int(101.25 * NANO)
    publishing.finish()
    assert clock.getDelayedCalls() == []


def test_what_sessions_leave_is_taken_in_at_each_beat(running: Asked) -> None:
    clock, ledger = Clock(), OwnLedger()
    publishing = Publishing(running.gateway, ledger, clock)
    publishing.begin()
    running.connect()
    measured = running.gateway.measured
    assert measured is not None and len(measured.dials["inner"].values) == 1
    clock.advance(EVERY)
    assert measured.dials["inner"].values == []
    publishing.finish()
    told = {
        s: n for s, n in ledger.numbers.items() if s[:2] == ("dial_seconds", "inner")
    }
    assert sum(told.values()) - told["dial_seconds", "inner", SUM] == 1


def test_a_bug_in_the_beat_does_not_end_it(
    running: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, ledger = Clock(), OwnLedger()
    publishing = Publishing(running.gateway, ledger, clock)
    with monkeypatch.context() as patch, logged() as log:
        patch.setattr(module, "of_process", lambda *_: 1 / 0)
        publishing.begin()
    assert log.lines and ledger.read(("beat",)) == 0
    clock.advance(EVERY)
    assert ledger.read(("beat",)) == int(EVERY * NANO)
    publishing.finish()
