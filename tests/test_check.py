"""When a server is probed, and what becomes a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from bridge.farm import check
from bridge.farm.check import Check, Settings
from bridge.farm.probe import Outcome, Question, Tcp

PASSES, FAILS, NOTHING = True, False, None


def even() -> float:
    """Randomness that leaves every interval as it is."""
    return 0.5


STEADY = Settings(Tcp(), even, interval=2, timeout=1, rise=2, fall=3)


def drawing(*numbers: float) -> Settings:
    """Steady, but for these to be drawn."""
    return replace(STEADY, random=iter(numbers).__next__)


class ScriptedProbe:
    """Stands in for a probe: the test tells its outcome."""

    def __init__(self, question: Question, told: Callable[[Outcome], None]) -> None:
        self.told = told
        self.lates: list[float] = []
        self.stopped = False
        self.connected = False

    def begin(self, dial: Callable[[ScriptedProbe], None]) -> None:
        dial(self)

    def late(self, seconds: float) -> None:
        self.lates.append(seconds)
        self.told(Outcome(False, "late"))

    def stop(self) -> None:
        self.stopped = True


class Checking:
    """A check of a server that does as it is told."""

    def __init__(self, settings: Settings = STEADY) -> None:
        self.clock = Clock()
        self.probes: list[ScriptedProbe] = []
        self.began: list[float] = []
        self.verdicts: list[tuple[bool, str]] = []
        self.at_once: Outcome | None = None
        self.check = Check(settings, self.clock, self._dial, self._verdict)

    def _dial(self, probe: Any) -> Any:
        self.probes.append(probe)
        self.began.append(self.clock.seconds())
        if self.at_once is not None:
            probe.told(self.at_once)

    def _verdict(self, up: bool, reason: str) -> None:
        self.verdicts.append((up, reason))

    def probe(self) -> ScriptedProbe:
        """The next one, once it begins."""
        before = len(self.probes)
        while len(self.probes) == before:
            self.clock.advance(0.125)  # adds up without an error
        return self.probes[-1]

    def outcomes(self, *outcomes: bool | None) -> None:
        """Of the next probes, each told as soon as it was asked."""
        for passed in outcomes:
            probe = self.probe()
            probe.told(Outcome(passed, f"probe {len(self.probes)}"))


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "Probe", ScriptedProbe)


@pytest.fixture
def checking() -> Checking:
    made = Checking()
    made.check.start()
    return made


# Counting


def test_nothing_is_told_while_nothing_changes(checking: Checking) -> None:
    checking.outcomes(PASSES, PASSES, PASSES)
    assert checking.verdicts == []
    assert checking.check.up


def test_a_server_is_down_after_as_many_failures_as_fall_says(
    checking: Checking,
) -> None:
    checking.outcomes(PASSES, FAILS, FAILS)
    assert checking.verdicts == []
    checking.outcomes(FAILS)
    assert checking.verdicts == [(False, "probe 4")]
    checking.outcomes(FAILS, FAILS)
    assert len(checking.verdicts) == 1


def test_one_that_passes_begins_the_count_anew(checking: Checking) -> None:
    checking.outcomes(PASSES, FAILS, FAILS, PASSES, FAILS, FAILS)
    assert checking.verdicts == []


def test_a_server_is_up_after_as_many_passes_as_rise_says(checking: Checking) -> None:
    checking.outcomes(FAILS, PASSES, FAILS, PASSES)
    assert checking.verdicts == [(False, "probe 1")]
    checking.outcomes(PASSES)
    assert checking.verdicts[1:] == [(True, "probe 5")]


def test_the_first_failure_of_all_needs_no_other(checking: Checking) -> None:
    checking.outcomes(FAILS)
    assert checking.verdicts == [(False, "probe 1")]
    assert not checking.check.up


def test_our_own_failures_count_for_nothing(checking: Checking) -> None:
    checking.outcomes(PASSES, FAILS, NOTHING, FAILS, *[NOTHING] * 9)
    assert checking.verdicts == []
    checking.outcomes(FAILS)
    assert checking.verdicts == [(False, "probe 14")]


def runs(verdict: bool, outcomes: list[bool | None]) -> int:
    """How many of the last that said anything were against *verdict*."""
    against = 0
    for passed in outcomes:
        if passed is not None:
            against = 0 if passed is verdict else against + 1
    return against


@given(st.lists(st.sampled_from([PASSES, FAILS, NOTHING]), max_size=40))
def test_a_verdict_changes_exactly_when_enough_are_against_it(
    outcomes: list[bool | None],
) -> None:
    settings = replace(STEADY, rise=3, fall=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check, "Probe", ScriptedProbe)
        checking = Checking(settings)
        checking.check.start()
        up, since, sure = True, 0, False
        for count, passed in enumerate(outcomes, 1):
            checking.outcomes(passed)
            needed = (settings.fall if up else settings.rise) if sure else 1
            sure = sure or passed is not None
            if runs(up, outcomes[since:count]) >= needed:
                up, since = not up, count
            assert checking.check.up is up
    assert [v for v, _ in checking.verdicts] == [
        bool(n % 2) for n in range(len(checking.verdicts))
    ]


# Timing


def test_a_probe_begins_every_interval_however_long_the_last_took(
    checking: Checking,
) -> None:
    for took in (0.0, 0.25, 0.875):
        probe = checking.probe()
        checking.clock.advance(took)
        probe.told(Outcome(True, ""))
    checking.probe()
    assert checking.began == [1, 3, 5, 7]


def test_the_first_probes_are_spread_over_the_interval() -> None:
    began = []
    for share in (0.125, 0.25, 0.75):
        checking = Checking(drawing(share))
        checking.check.start()
        checking.probe()
        began += checking.began
    assert began == [0.25, 0.5, 1.5]


def test_intervals_differ_by_a_tenth_at_most() -> None:
    for share, expected in ((0.0, 1.8), (0.5, 2.0), (1.0, 2.2)):
        checking = Checking(drawing(0.0, share))
        checking.at_once = Outcome(True, "")
        checking.check.start()
        checking.clock.advance(0)
        (timer,) = checking.clock.getDelayedCalls()
        assert timer.getTime() == pytest.approx(expected)


def test_a_probe_that_is_late_is_cut_off(checking: Checking) -> None:
    checking.clock.advance(1)
    (probe,) = checking.probes
    checking.clock.advance(0.99)
    assert probe.lates == []
    checking.clock.advance(0.01)
    assert probe.lates == [1]
    assert checking.verdicts == [(False, "late")]


def test_there_is_one_timer_and_never_a_second_probe() -> None:
    checking = Checking(replace(STEADY, interval=1, timeout=5))
    checking.check.start()
    for _ in range(130):
        checking.clock.advance(0.125)
        assert len(checking.clock.getDelayedCalls()) == 1
    assert checking.began == [0.5, 5.5, 10.5, 15.5]


def test_an_early_outcome_does_not_wait_for_a_long_deadline() -> None:
    checking = Checking(replace(STEADY, interval=1, timeout=5))
    checking.check.start()
    checking.outcomes(PASSES, PASSES, PASSES)
    assert checking.began == [0.5, 1.5, 2.5]
    assert len(checking.clock.getDelayedCalls()) == 1


def test_what_a_probe_left_behind_is_gone_before_the_next(checking: Checking) -> None:
    checking.outcomes(PASSES)
    assert not checking.probes[0].stopped
    checking.outcomes(PASSES)
    assert [probe.stopped for probe in checking.probes] == [True, False]


# Starting and stopping


def test_a_stop_cuts_off_the_probe_and_leaves_no_timer(checking: Checking) -> None:
    checking.clock.advance(1)
    checking.check.stop()
    assert checking.probes[0].stopped
    assert checking.clock.getDelayedCalls() == []
    checking.check.stop()


def test_a_verdict_may_stop_the_check() -> None:
    checking = Checking()
    checking.check._verdict = lambda up, reason: checking.check.stop()
    checking.check.start()
    checking.outcomes(FAILS)
    assert checking.clock.getDelayedCalls() == []


def test_after_a_stop_it_starts_anew(checking: Checking) -> None:
    checking.outcomes(PASSES, FAILS, FAILS)
    checking.check.stop()
    checking.check.start()
    checking.check.start()
    assert len(checking.clock.getDelayedCalls()) == 1
    checking.outcomes(PASSES, FAILS, FAILS)
    assert checking.verdicts == []


def test_a_probe_that_fails_from_within_the_dial_is_only_followed_in_time() -> None:
    checking = Checking()
    checking.at_once = Outcome(False, "no route to host")
    checking.check.start()
    checking.clock.pump([0.5] * 20)
    assert checking.began == [1, 3, 5, 7, 9]
    assert checking.verdicts == [(False, "no route to host")]


def test_a_connection_may_take_no_longer_than_a_sessions() -> None:
    checking = Checking(replace(STEADY, connect=0.25, fall=1))
    checking.check.start()
    probe = checking.probe()
    checking.clock.advance(0.25)
    assert probe.lates == [0.25]
    assert checking.verdicts == [(False, "late")]


def test_an_answer_has_all_of_a_checks_time() -> None:
    checking = Checking(replace(STEADY, connect=0.25))
    checking.check.start()
    probe = checking.probe()
    probe.connected = True
    checking.clock.advance(0.25)
    checking.clock.advance(0.5)
    assert probe.lates == []
    checking.clock.advance(0.25)
    assert probe.lates == [1]


def test_a_probe_that_this_host_cannot_make_is_told_and_is_no_verdict() -> None:
    told: list[str] = []
    checking = Checking(replace(STEADY, hindered=told.append))
    checking.at_once = Outcome(None, "cannot set mark: Operation not permitted")
    checking.check.start()
    checking.clock.advance(STEADY.interval)
    assert told == ["cannot set mark: Operation not permitted"]
    assert checking.verdicts == []
    assert checking.check.said == told[0]
    checking.check.stop()
