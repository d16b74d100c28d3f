"""A clock that beats while there is work, and knows of time that it was not given."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from twisted.internet.task import Clock

from bridge.net import pulse
from bridge.net.pulse import BEAT, LATE, REST, Beating, Pulse, scheduled


class Scheduled:
    """The kernel's account of a process, set by hand."""

    def __init__(self) -> None:
        self.ran = self.waited = 0.0

    def __call__(self) -> tuple[float, float]:
        return self.ran, self.waited


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Scheduled:
    made = Scheduled()
    monkeypatch.setattr(pulse, "scheduled", made)
    return made


def beating() -> tuple[Clock, Beating]:
    clock = Clock()
    clock.advance(100)
    made = Beating(clock)
    made.begin()
    return clock, made


def test_it_beats_while_there_is_work(account: Scheduled) -> None:
    clock, it = beating()
    before = it.beat
    it.turned = True
    clock.advance(BEAT)
    assert it.beat == before + BEAT and it.before == before
    assert not it.turned, "until there is work again"


def test_it_rests_when_there_was_none_for_long(account: Scheduled) -> None:
    clock, it = beating()
    for _ in range(REST):
        assert not it.rests
        clock.advance(BEAT)
    assert it.rests and clock.getDelayedCalls() == []
    clock.advance(3600)
    it.begin()
    assert it.beat == clock.seconds(), "it knows the time at once"
    assert it.starved == 0, "and nobody was kept waiting"


def test_work_keeps_it_beating(account: Scheduled) -> None:
    clock, it = beating()
    for _ in range(3 * REST):
        it.turned = True
        clock.advance(BEAT)
    assert not it.rests


@pytest.mark.parametrize(
    ("late", "waited", "starved"),
    [
        (0.0, 0.0, 0.0),
        (LATE / 2, 0.0, 0.0),  # a turn of the pump's own
        (0.5, 0.0, 0.5),  # it was stopped
        (0.0, 0.03, 0.03),  # others ran
        (0.5, 0.2, 0.5),
        (0.0, 9.0, BEAT),  # no more than there was
    ],
)
def test_time_that_was_not_given_is_counted(
    account: Scheduled, late: float, waited: float, starved: float
) -> None:
    clock, it = beating()
    account.waited += waited
    clock.advance(BEAT + late)
    assert it.lately == pytest.approx(starved)
    assert it.starved == pytest.approx(starved)
    it.turned = True
    clock.advance(BEAT)
    assert it.lately == 0.0 and it.starved == pytest.approx(starved)


@pytest.mark.parametrize(("ran", "waited"), [(0.9, 0.1), (0.5, 0.5), (0.1, 0.9)])
def test_who_runs_or_waits_to_all_the_time_has_nothing_left(
    account: Scheduled, ran: float, waited: float
) -> None:
    clock, it = beating()
    account.ran += ran * BEAT
    account.waited += waited * BEAT
    clock.advance(BEAT)
    assert it.saturated
    account.ran += BEAT / 2
    clock.advance(BEAT)
    assert not it.saturated


def test_after_the_end_nothing_is_left(account: Scheduled) -> None:
    clock, it = beating()
    it.stop()
    it.stop()
    assert clock.getDelayedCalls() == [] and not it.rests


def test_one_that_stands_still_asks_for_nothing() -> None:
    it = Pulse()
    assert not it.rests
    it.begin()
    it.stop()
    assert it.beat == 0.0


def test_the_kernel_tells_how_long_a_process_has_run() -> None:
    before = scheduled()[0]
    began = time.process_time()
    while time.process_time() < began + 0.05:
        pass
    assert scheduled()[0] >= before + 0.03, "it is brought up to date by each tick"


def test_a_kernel_that_does_not_tell_is_believed_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pulse, "_STAT", "/proc/self/nothing")
    assert scheduled() == (0.0, 0.0)
    monkeypatch.setattr(pulse, "_STAT", "/proc/self/comm")
    assert scheduled() == (0.0, 0.0)


STOPPED = """
import time
from twisted.internet import reactor
from bridge.net.pulse import Beating
it = Beating(reactor)
it.begin()
def work():
    it.turned = True
    if it.starved > 0.4:
        reactor.stop()
    reactor.callLater(0.01, work)
work()
print("begun", flush=True)
reactor.run()
print(it.starved)
"""


def test_a_process_that_was_stopped_notices() -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", STOPPED], stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    try:
        assert program.stdout.readline() == "begun\n"
        time.sleep(0.1)
        os.kill(program.pid, signal.SIGSTOP)
        time.sleep(0.6)  # that is what is measured
        os.kill(program.pid, signal.SIGCONT)
        told, _ = program.communicate(timeout=20)
    finally:
        program.kill()
        program.wait()
        program.stdout.close()
    assert float(told) > 0.4
