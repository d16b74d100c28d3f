"""A generation of workers: how it starts, or does not, and what it is asked."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from bridge.processes.forked import GRACE, STARTS_WITHIN
from bridge.processes.generation import StartError
from tests.forking import LOG, Bench, running, starting
from tests.logged import logged

__all__ = ["running", "starting"]


def why(found: list[Any]) -> str:
    (failure,) = found
    assert isinstance(failure, Failure) and failure.check(StartError)
    return str(failure.value)


def test_it_has_started_once_all_of_it_accepts(starting: Bench) -> None:
    starting.forked.start().addBoth(starting.started.append)
    starting.turn()
    assert starting.workers == []  # nobody is there who could fork
    starting.nursery.says("ready")
    starting.turn()
    first, second = starting.workers
    first.accepts()
    starting.turn()
    assert starting.started == []
    assert starting.forked.in_short() == "1 of 2 workers accept"
    second.accepts()
    starting.turn()
    assert starting.started == [None]
    assert starting.reactor.getDelayedCalls() == []


def test_its_nursery_has_all_that_it_needs(starting: Bench) -> None:
    starting.start()
    snapshot = starting.nursery.snapshot
    assert (snapshot.generation, snapshot.workers, snapshot.log) == (2, 2, LOG)
    ((_, text),) = snapshot.files
    assert text.startswith("fronts: {web:")


def test_each_worker_has_its_number_column_and_processor() -> None:
    bench = Bench("workers: 2\ncpus: [4, 7]\n")
    bench.start()
    assert bench.nursery.heard == ["fork 0 1 4 1", "fork 1 2 7 0"]
    bench.accept()
    first, second = bench.forked.describe()
    assert (first["worker"], first["cpu"], first["accepts"]) == (0, 4, True)
    assert (second["worker"], second["cpu"]) == (1, 7)
    assert second["pid"] == bench.workers[1].pid
    bench.reactor.close()


def test_any_processor_will_do(running: Bench) -> None:
    assert running.nursery.heard[0] == "fork 0 1 -1 1"
    running.turn(90)
    assert [each["cpu"] for each in running.forked.describe()] == [None, None]
    assert [each["seconds"] for each in running.forked.describe()] == [90, 90]


def ends(bench: Bench) -> None:
    """Whatever failed, it is over once its processes are."""
    bench.turn()
    assert bench.forked.retiring
    bench.end()
    assert bench.ended == [None]
    assert bench.reactor.getDelayedCalls() == [] and bench.reactor.readers == []
    assert sorted(bench.columns.free) == [1, 2, 3]


def test_a_configuration_that_the_nursery_cannot_use(starting: Bench) -> None:
    starting.forked.start().addBoth(starting.started.append)
    starting.nursery.says("failed no such file: 'a.pem'")
    starting.turn()
    assert why(starting.started) == "no such file: 'a.pem'"
    ends(starting)


def test_a_nursery_that_does_not_come_up(starting: Bench) -> None:
    starting.forked.start().addBoth(starting.started.append)
    starting.nursery.ends(1 << 8)
    assert why(starting.started) == "its first process ended, with status 1"
    ends(starting)


def test_a_worker_that_cannot_start(starting: Bench) -> None:
    starting.start()
    starting.workers[0].accepts()
    starting.workers[1].link.send("failed", {"why": "front web cannot listen"})
    starting.turn()
    assert why(starting.started) == "front web cannot listen"
    # The other one may have sessions already, and queues that are others'.
    assert starting.workers[0].told == [("retire", {"gone": [], "patient": False})]
    ends(starting)


def test_a_worker_that_dies_before_all_accept(starting: Bench) -> None:
    starting.start()
    starting.workers[0].accepts()
    starting.turn()
    starting.workers[0].dies()
    starting.turn()
    text = "worker 0 died, killed by signal 9 (SIGKILL)"
    assert why(starting.started) == text
    ends(starting)


def test_a_start_that_takes_too_long(starting: Bench) -> None:
    starting.start()
    starting.workers[0].accepts()
    starting.turn(STARTS_WITHIN - 1)
    assert starting.started == []
    starting.turn(1)
    assert why(starting.started) == "it does not accept within 60 s"
    ends(starting)


def test_a_host_without_room_for_a_process(starting: Bench) -> None:
    starting.reactor.refuses = OSError(errno.EAGAIN, "Resource unavailable")
    starting.forked.start().addBoth(starting.started.append)
    assert why(starting.started) == "cannot start a process: Resource unavailable"
    assert starting.ended == [None] and starting.reactor.getDelayedCalls() == []
    assert starting.reactor.readers == []


def test_a_host_without_descriptors_for_a_link(starting: Bench) -> None:
    starting.forked.start().addBoth(starting.started.append)
    starting.reactor.refuses = OSError(errno.EMFILE, "Too many open files")
    starting.nursery.says("ready")
    starting.turn()
    assert why(starting.started) == "worker 0 cannot start: Too many open files"
    ends(starting)


def test_more_workers_than_columns() -> None:
    bench = Bench(workers=4)
    bench.start()
    assert why(bench.started) == "worker 3 cannot start: three workers are the most"
    ends(bench)
    bench.reactor.close()


def test_a_stop_while_it_starts(starting: Bench) -> None:
    starting.start()
    starting.forked.stop()
    assert why(starting.started) == "the gateway is stopping"
    starting.turn()
    assert [each.topics for each in starting.workers] == [["stop"], ["stop"]]
    ends(starting)


def test_another_one_may_take_over_before_it_has_started(starting: Bench) -> None:
    starting.start()
    starting.forked.retire(())
    starting.workers[0].link.send("failed", {"why": "too late"})
    with logged() as log:
        starting.turn(GRACE)
    assert starting.started == []
    assert log.lines == ["worker 0 cannot start: too late"]
    ends(starting)


# What it is asked and told


def test_each_worker_answers(running: Bench) -> None:
    told: list[Any] = []
    for asked in running.forked.ask("servers", {"farm": "a"}):
        asked.addCallback(told.append)
    running.turn()
    first, second = told
    answer = {"worker": 0, "command": "servers", "args": {"farm": "a"}}
    assert (first.worker, first.answer, second.worker) == (0, answer, 1)


@pytest.mark.parametrize(
    "call, topic",
    [("reload_files", "reload"), ("reopen_logs", "reopen"), ("tell_state", "state")],
)
def test_all_of_them_are_told(running: Bench, call: str, topic: str) -> None:
    getattr(running.forked, call)()
    running.turn()
    assert [each.topics for each in running.workers] == [[topic], [topic]]


def test_what_their_logs_say_is_handed_on(running: Bench) -> None:
    running.workers[1].link.send("said", {"level": "info", "text": "well"})
    running.turn()
    assert running.said == [{"level": "info", "text": "well"}]


def test_no_worker_is_born_before_names_have_answers(starting: Bench) -> None:
    answers: Deferred[None] = Deferred()
    starting.prepared.addCallback(lambda _: answers)
    starting.forked.start().addBoth(starting.started.append)
    starting.nursery.says("ready")
    starting.turn()
    assert starting.workers == []
    answers.callback(None)
    starting.turn()
    assert len(starting.workers) == 2


def test_workers_tell_which_numbers_they_have(running: Bench) -> None:
    told = {"new": [["bytes", "web", "up"]], "gone": []}
    running.workers[1].link.send("numbers", told)
    running.turn()
    assert running.columns.heard == [(running.workers[1].column, told)]
    places = running.forked.places()
    assert [place.worker for place in places] == [0, 1]
    assert [place.pid for place in places] == [each.pid for each in running.workers]
    columns = [each.column for each in running.workers]
    assert [place.read(("beat",)) for place in places] == columns


def test_who_is_gone_has_no_numbers(running: Bench) -> None:
    running.workers[0].dies()
    running.turn()
    assert [place.worker for place in running.forked.places()] == [1]
