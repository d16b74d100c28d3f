"""Workers and nurseries that die: what is there always is started again."""

from __future__ import annotations

import errno

import pytest

from bridge.processes.backoff import LATEST, SOON
from tests.forking import Bench, running, starting
from tests.logged import logged

__all__ = ["running", "starting"]


def seats(bench: Bench) -> list[int]:
    """Of the workers that were forked after the first two, in their order."""
    return [worker.number for worker in bench.workers[2:]]


def test_a_worker_that_had_lived_is_started_again_at_once(running: Bench) -> None:
    running.turn(1.0)
    running.workers[1].dies()
    with logged() as log:
        running.turn()
    assert seats(running) == [1]
    assert running.forked.restarts == 1
    assert log.lines == [
        f"worker 1, process {running.workers[1].pid}, died, killed by signal 9 "
        "(SIGKILL): its sessions are lost, and another one starts now"
    ]
    assert running.forked.in_short() == "1 of 2 workers accept"
    # It has what the dead one had counted in, and does not tell where they listen.
    assert running.nursery.heard[2] == "fork 1 2 -1 0"
    running.workers[2].accepts()
    running.turn()
    assert running.forked.in_short() == "2 of 2 workers accept"
    assert running.reactor.getDelayedCalls() == []


def test_one_that_dies_again_and_again_is_waited_for_longer(running: Bench) -> None:
    for wait in (SOON, 2 * SOON, 4 * SOON, 8 * SOON):
        before = len(running.workers)
        running.workers[-1].dies(1 << 8)
        running.turn()
        running.turn(wait - 0.01)
        assert len(running.workers) == before
        running.turn(0.01)
        assert len(running.workers) == before + 1
        running.workers[-1].accepts()
        running.turn()
    running.turn(1.5)
    running.workers[-1].dies()
    running.turn()
    assert seats(running) == [1] * 5


def test_one_that_never_accepts_has_not_lived_however_long_it_took(
    running: Bench,
) -> None:
    running.workers[1].dies()
    running.turn(SOON)
    running.turn(5.0)
    running.workers[2].link.send("failed", {"why": "front web cannot listen"})
    running.workers[2].dies(0)
    with logged() as log:
        running.turn()
    assert log.lines[0] == "worker 1 cannot start: front web cannot listen"
    assert log.lines[1].endswith("and another one starts in 0.2 s")
    assert seats(running) == [1]


def test_the_others_have_nothing_to_do_with_it(running: Bench) -> None:
    running.workers[1].dies()
    running.turn(SOON)
    running.turn()
    assert seats(running) == [1]
    running.turn(10.0)
    running.workers[0].dies()
    running.turn()
    assert seats(running) == [1, 0]
    assert running.forked.restarts == 2


@pytest.mark.parametrize("full", ["columns", "descriptors"])
def test_a_successor_waits_until_there_is_room(running: Bench, full: str) -> None:
    columns = running.columns.free
    if full == "columns":
        columns.clear()
    else:
        running.reactor.refuses = OSError(errno.EMFILE, "Too many open files")
    running.turn(1.0)
    running.workers[0].dies()
    if full == "columns":  # somebody is quicker
        running.forked._means.columns.give = lambda column: None  # type: ignore[method-assign]
    with logged() as log:
        running.turn()
    assert "worker 0 cannot start: " in log.lines[-1]
    running.turn(LATEST - 0.1)
    assert seats(running) == []
    running.reactor.refuses = None
    columns[:] = [1]
    running.turn(0.1)
    assert seats(running) == [0]


def test_workers_outlive_their_nursery(running: Bench) -> None:
    running.turn(1.0)
    first = running.nursery
    with logged() as log:
        first.ends(9)
        running.turn()
    assert log.lines == [
        "generation 2: the process that workers are forked from ended, killed by "
        "signal 9 (SIGKILL), another one starts now"
    ]
    assert running.nursery is not first
    assert running.nursery.snapshot.files == first.snapshot.files
    running.nursery.says("ready")
    running.turn()
    assert running.workers == []
    assert running.forked.in_short() == "2 of 2 workers accept"
    running.turn(1.0)
    # Nobody has waited for it, so its link is all that tells of its end.
    first.workers[1].dies()
    running.turn()
    assert [worker.number for worker in running.workers] == [1]


def test_one_that_dies_while_there_is_no_nursery_waits_for_the_next(
    running: Bench,
) -> None:
    running.turn(1.0)
    first = running.nursery
    first.ends(9)
    first.workers[0].dies()
    running.turn()
    assert running.workers == []
    running.nursery.says("ready")
    running.turn()
    assert [worker.number for worker in running.workers] == [0]


def test_both_may_die_at_once(running: Bench) -> None:
    running.turn(1.0)
    for worker in running.workers:
        worker.link.cut()
    running.reactor.turn()
    running.nursery.ends(9)
    running.turn()
    running.nursery.says("ready")
    running.turn()
    assert [worker.number for worker in running.workers] == [0, 1]
    assert sorted(running.columns.free) == [3]


def test_a_nursery_that_dies_again_and_again_is_waited_for_longer(
    running: Bench,
) -> None:
    reactor = running.reactor
    for count, wait in enumerate((SOON, 2 * SOON, 4 * SOON), 1):
        if count == 3:  # whether it was ready, but for no time, or never
            running.nursery.says("ready")
        running.nursery.ends(1 << 8)
        running.turn(wait - 0.01)
        assert len(reactor.nurseries) == count
        running.turn(0.01)
        assert len(reactor.nurseries) == count + 1


def test_why_no_nursery_works_any_more_is_told(running: Bench) -> None:
    running.nursery.ends(9)
    running.turn(SOON)
    running.nursery.says("failed a.pem: it is gone")
    with logged() as log:
        running.turn()
        running.nursery.ends()
        running.turn()
    assert log.lines == [
        "no worker can start: a.pem: it is gone",
        "generation 2: the process that workers are forked from ended, another one "
        "starts in 0.2 s",
    ]
    assert running.forked.in_short() == "2 of 2 workers accept"


def test_a_nursery_that_cannot_be_started_is_tried_again(running: Bench) -> None:
    running.turn(1.0)
    running.reactor.refuses = OSError(errno.EAGAIN, "no more processes")
    with logged() as log:
        running.nursery.ends(9)
        running.turn()
    assert log.lines[-1] == "cannot start a process: no more processes"
    running.reactor.refuses = None
    running.turn(LATEST)
    assert len(running.reactor.nurseries) == 2


def test_a_fork_that_nobody_hears_of_is_a_death(running: Bench) -> None:
    running.turn(1.0)
    running.workers[1].dies()
    running.nursery.hangs = True
    running.reactor.turn()  # it dies ...
    running.nursery.control.close()  # ... and so does the nursery: nobody knows yet
    with logged() as log:
        running.turn()
    assert log.lines[-1].endswith("another one starts in 0.1 s")
    assert running.columns.free
