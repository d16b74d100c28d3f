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
from bridge.net.pulse import BEAT, CLOSE, LATE, REST, Account, Beating, Pulse
from tests.pumping import open_files


class Scheduled:
    """The kernel's account of a process, set by hand."""

    def __init__(self) -> None:
        self.ran = self.waited = 0.0

    def read(self) -> tuple[float, float]:
        return self.ran, self.waited

    def close(self) -> None:
        pass


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Scheduled:
    made = Scheduled()
    monkeypatch.setattr(pulse, "Account", lambda: made)
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
    ("late", "ran", "waited", "starved"),
    [
        (0.0, 0.0, 0.0, 0.0),
        (LATE / 2, 0.0, 0.0, 0.0),  # a turn of the pump's own
        (0.5, 0.5, 0.0, 0.0),  # a long one
        (0.5, 0.0, 0.5, 0.5),  # others ran
        (0.0, 0.0, 0.03, 0.03),
        (0.0, 0.0, 9.0, BEAT),  # no more than there was
        (0.5, 0.0, 0.0, 0.5 + BEAT / 2),  # it was stopped, for what is known
        (0.5, 0.04, 0.0, 0.51),  # and before that it ran
        (0.5, 0.04, 0.2, 0.51),  # and others did afterwards
    ],
)
def test_time_that_was_not_given_is_counted(
    account: Scheduled, late: float, ran: float, waited: float, starved: float
) -> None:
    clock, it = beating()
    account.ran += ran
    account.waited += waited
    clock.advance(BEAT + late)
    assert it.lately == pytest.approx(starved)
    assert it.starved == pytest.approx(starved)
    for _ in range(round(BEAT / CLOSE)):
        clock.advance(CLOSE)
    assert it.lately == 0.0 and it.starved == pytest.approx(starved)


def stops(clock: Clock, account: Scheduled, runs: float, stands: float) -> None:
    """It runs so long, and cannot for so long, whatever is due meanwhile."""
    while runs > 0.0005:
        account.ran += 0.001
        runs -= 0.001
        clock.advance(0.001)
    clock.advance(stands)


@pytest.mark.parametrize("stands", [0.08, 0.03])
def test_who_is_stopped_again_and_again_is_looked_at_closely(
    account: Scheduled, stands: float
) -> None:
    clock, it = beating()
    stops(clock, account, 0.02, 0.2)
    seen, began = it.starved, clock.seconds()
    for ms in range(50):
        it.turned = True
        stops(clock, account, (15 + ms * 7 % 10) / 1000, stands)
    told = (it.starved - seen) / (clock.seconds() - began)
    assert told == pytest.approx(stands / (0.0195 + stands), rel=0.1)


def test_who_is_stopped_no_more_is_left_alone(account: Scheduled) -> None:
    clock, it = beating()
    clock.advance(1.0)
    assert it.due == pytest.approx(clock.seconds() + CLOSE)
    for _ in range(REST * round(BEAT / CLOSE)):
        it.turned = True
        clock.advance(CLOSE)
    assert it.due == pytest.approx(clock.seconds() + BEAT)


def test_beats_are_no_quicker_for_that(account: Scheduled) -> None:
    clock, it = beating()
    clock.advance(1.0)
    before = it.beat
    for _ in range(round(BEAT / CLOSE) - 1):
        clock.advance(CLOSE)
        assert it.beat == before
    clock.advance(CLOSE)
    assert it.beat == pytest.approx(before + BEAT) and it.before == before


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
    account = Account()
    before = account.read()[0]
    began = time.process_time()
    while time.process_time() < began + 0.05:
        pass
    assert account.read()[0] >= before + 0.03, "it is brought up to date by each tick"
    account.close()


def test_a_kernel_that_does_not_tell_is_believed_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for other in ("/proc/self/nothing", "/proc/self/comm"):
        monkeypatch.setattr(pulse, "_STAT", other)
        account = Account()
        assert account.read() == (0.0, 0.0)
        account.close()


def test_the_account_is_open_while_it_beats() -> None:
    before = open_files()
    clock, it = beating()
    assert open_files() == before + 1
    for _ in range(REST):
        clock.advance(BEAT)
    assert it.rests and open_files() == before
    it.begin()
    it.stop()
    it.stop()
    assert open_files() == before


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
