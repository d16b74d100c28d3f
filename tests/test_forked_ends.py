"""How a generation of workers ends: each way has its time, after which it is over."""

from __future__ import annotations

import os
import signal

import pytest

from bridge.processes.backoff import SOON
from bridge.processes.forked import GRACE, QUITS_WITHIN
from tests.forking import Bench, running, starting
from tests.logged import logged
from tests.nursed import NOBODY

__all__ = ["running", "starting"]

DELAY, TIMEOUT = 3.0, 20.0
"""What the configuration says."""


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch, running: Bench) -> list[int]:
    """Whom a worker's number was: it dies, or its nursery is gone and it just ends."""
    found: list[int] = []

    def kill(pid: int, number: int) -> None:
        assert number == signal.SIGKILL
        found.append(pid - NOBODY)
        for nursery in running.reactor.nurseries:
            for worker in nursery.workers:
                if worker.pid == pid:
                    worker.dies()

    monkeypatch.setattr(os, "kill", kill)
    return found


def is_over(bench: Bench) -> bool:
    if bench.ended:
        assert bench.reactor.getDelayedCalls() == [] and bench.reactor.readers == []
        assert sorted(bench.columns.free) == [1, 2, 3]
    return bool(bench.ended)


def test_who_retires_ends_with_its_last_worker(running: Bench) -> None:
    running.forked.retire({"tcp [::1]:80"})
    running.turn()
    said = [("retire", {"gone": ["tcp [::1]:80"], "patient": False})]
    assert [worker.told for worker in running.workers] == [said, said]
    assert running.nursery.heard[-1] == "quit"
    first, second = running.workers
    with logged() as log:
        first.ends()
        running.turn()
        assert not is_over(running)
        second.ends()
        running.turn()
    assert is_over(running)
    assert all(peer.gone for peer in running.peers)
    assert log.lines == []  # nothing has died
    assert running.forked.restarts == 0


def test_who_retires_and_does_not_end_is_killed(
    running: Bench, killed: list[int]
) -> None:
    running.forked.retire(())
    running.turn()
    running.workers[0].ends()
    running.turn(TIMEOUT + GRACE - 0.1)
    assert killed == []
    with logged() as log:
        running.turn(0.1)
    assert killed == [1] and is_over(running)
    pid = running.workers[1].pid
    assert log.lines == [f"worker 1, process {pid}, does not end: it is killed"]


def test_who_is_patient_has_all_the_time(running: Bench, killed: list[int]) -> None:
    running.forked.retire((), patient=True)
    running.turn(365 * 86400.0)
    assert killed == []
    assert running.workers[0].told == [("retire", {"gone": [], "patient": True})]
    running.end()
    assert is_over(running)


def test_a_stop_ends_the_patience(running: Bench, killed: list[int]) -> None:
    running.forked.retire((), patient=True)
    running.forked.stop()
    running.turn(DELAY + TIMEOUT - 0.1)
    assert running.workers[0].topics == ["retire"]
    running.turn(0.1)
    assert running.workers[0].topics == ["retire", "hurry"]
    running.turn(GRACE)
    assert killed == [0, 1] and is_over(running)


def test_a_stop_has_all_its_times(running: Bench, killed: list[int]) -> None:
    running.forked.stop()
    running.turn(DELAY + TIMEOUT + GRACE - 0.1)
    assert [each.topics for each in running.workers] == [["stop"], ["stop"]]
    assert killed == []
    running.turn(0.1)
    assert killed == [0, 1] and is_over(running)


def test_who_hangs_in_a_hurry_is_killed(running: Bench, killed: list[int]) -> None:
    running.forked.stop()
    running.forked.hurry()
    running.turn(GRACE - 0.1)
    assert [each.topics for each in running.workers] == [["stop", "hurry"]] * 2
    assert killed == []
    running.turn(0.1)
    assert killed == [0, 1] and is_over(running)


def test_a_nursery_that_hangs_is_killed(running: Bench) -> None:
    running.nursery.hangs = True
    running.forked.stop()
    running.turn()
    for worker in running.workers:
        worker.link.cut()
    running.turn(DELAY + TIMEOUT + GRACE)
    running.turn(QUITS_WITHIN - 0.1)
    assert not running.nursery.killed and not is_over(running)
    running.turn(0.1)
    assert running.nursery.killed and is_over(running)


def test_workers_are_told_to_end_once_their_nursery_has_closed(running: Bench) -> None:
    nursery = running.nursery
    nursery.hangs = True  # with copies of their sockets
    running.forked.retire({"tcp [::1]:80"})
    running.turn()
    assert [each.topics for each in running.workers] == [[], []]
    nursery.hangs = False
    running.turn()
    assert nursery.heard[-1] == "quit"
    assert [each.topics for each in running.workers] == [["retire"], ["retire"]]
    assert not is_over(running) and running.reactor.readers  # it waits for them


def test_they_are_told_as_well_if_it_hangs(running: Bench) -> None:
    running.nursery.hangs = True
    running.forked.stop()
    running.turn(QUITS_WITHIN - 0.1)
    assert running.workers[0].topics == []
    running.turn(0.1)
    assert running.workers[0].topics == ["stop"]


def test_in_a_hurry_nobody_waits_for_it(running: Bench) -> None:
    running.nursery.hangs = True
    running.forked.stop()
    running.forked.hurry()
    running.turn()
    assert running.workers[0].topics == ["stop", "hurry"]
    running.turn(QUITS_WITHIN)
    assert running.workers[0].topics == ["stop", "hurry"]


def test_a_link_that_is_lost_is_an_end_once_there_is_no_nursery(
    running: Bench,
) -> None:
    running.forked.retire(())
    running.turn()
    running.nursery.ends(9)
    for worker in running.workers:
        worker.link.cut()
    running.turn()
    assert is_over(running)


def test_nobody_follows_who_dies_then(running: Bench) -> None:
    running.turn(1.0)
    running.forked.stop()
    running.workers[0].dies()
    running.turn(1.0)
    assert len(running.workers) == 2
    running.workers[1].ends()
    running.turn()
    assert is_over(running)


def test_a_stop_while_a_worker_waits_to_be_started_again(running: Bench) -> None:
    running.workers[0].dies()
    running.turn()
    running.forked.stop()
    running.turn(SOON)
    assert len(running.workers) == 2
    running.workers[1].ends()
    running.turn()
    assert is_over(running)


def test_a_stop_while_a_worker_starts_again(running: Bench) -> None:
    running.workers[0].dies()
    running.turn(SOON)
    running.forked.stop()
    running.turn()
    assert running.workers[2].topics == ["stop"]
    running.workers[1].ends()
    running.workers[2].ends()
    running.turn()
    assert is_over(running)


@pytest.mark.parametrize("ready", [False, True])
def test_a_stop_while_the_nursery_starts_again(running: Bench, ready: bool) -> None:
    first = running.nursery
    first.ends(9)
    running.turn(SOON)
    running.nursery.hangs = True
    running.forked.stop()
    running.nursery.hangs = False
    if ready:  # it had said so
        running.nursery.says("ready")
    running.turn()
    for worker in first.workers:
        worker.ends()
    running.turn()
    assert running.workers == [] and is_over(running)


def test_a_stop_while_there_is_no_nursery(running: Bench) -> None:
    running.nursery.ends(9)
    running.forked.stop()
    running.turn(SOON)
    assert len(running.reactor.nurseries) == 1
    running.end()
    assert is_over(running)


def test_one_end_is_enough(running: Bench) -> None:
    running.forked.retire(())
    running.forked.retire(())
    running.turn()
    running.end()
    running.forked.stop()
    running.forked.retire(())
    running.turn(100.0)
    assert [each.topics for each in running.workers] == [["retire"], ["retire"]]
    assert running.ended == [None]
    assert running.reactor.getDelayedCalls() == []
