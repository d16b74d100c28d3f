"""What generations are made with."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator

import pytest
from twisted.internet.task import LoopingCall

from bridge.config import Document, parse
from bridge.processes.making import Making
from bridge.processes.own import Own
from bridge.processes.snapshot import LogPlan
from bridge.service import gateway
from bridge.service.logs import Logs
from bridge.service.sockets import Sockets
from bridge.watch.log import Log
from tests.nursed import FakeReactor
from tests.pumping import PATIENCE, open_files


def document(workers: int = 1, log: str = "") -> Document:
    return parse(
        'fronts: {web: {listen: "127.0.0.1:0", to: a}}\n'
        "farms: {a: {servers: [192.0.2.1:80]}}\n"
        f"workers: {workers}\n{log}"
    )


class Bench:
    def __init__(self) -> None:
        self.reactor = FakeReactor()
        self.sockets = Sockets({})
        self.logs = Logs(Log())
        self.making = Making(
            self.reactor,
            self.sockets,
            self.logs,
            lambda level: LogPlan("-", foreground=True, level=level),
        )


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    # What a gateway sets for its whole process is not set for the tests'.
    monkeypatch.setattr(gateway, "raise_limit", lambda: 1000)
    monkeypatch.setattr(gc, "freeze", lambda: None)
    LoopingCall(list)  # the first one opens Twisted's own reactor, for ever
    gc.collect()  # what others have left is not counted
    before, thresholds = open_files(), gc.get_threshold()
    made = Bench()
    yield made
    made.sockets.close()
    made.making.stop()
    made.reactor.close()
    gc.set_threshold(*thresholds)
    assert open_files() == before


def forked(bench: Bench, number: int, workers: int) -> None:
    """Made and started, up to its nursery."""
    made = document(workers)
    plan = bench.sockets.plan(made.config, workers)
    plan.commit()
    generation = bench.making.forked(number, made, plan, None)
    assert (generation.number, generation.document) == (number, made)
    generation.start()


def end(bench: Bench, own: Own) -> None:
    own.stop()
    own.hurry()
    assert own.ended.called


def test_this_process_is_bound_before_it_starts(bench: Bench) -> None:
    own = bench.making.own(document())
    ((sock,),) = (group.sockets for group in bench.sockets.groups.values())
    assert sock.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(sock.getsockname(), PATIENCE)
    own.start()
    socket.create_connection(sock.getsockname(), PATIENCE).close()
    end(bench, own)


def test_a_generation_has_as_many_workers_as_are_asked_for(bench: Bench) -> None:
    forked(bench, 2, workers=3)
    snapshot = bench.reactor.nursery.snapshot
    assert (snapshot.generation, snapshot.workers) == (2, 3)
    ((key, numbers),) = snapshot.sockets.items()
    assert key == "tcp 127.0.0.1:0" and len(numbers) == 3


def test_all_generations_count_on_one_board(bench: Bench) -> None:
    for number in (1, 2):
        forked(bench, number, workers=2)
    boards = {nursery.fds[5] for nursery in bench.reactor.nurseries}
    assert len(boards) == 1


def test_a_generation_logs_as_the_operator_wants_it_by_then(bench: Bench) -> None:
    forked(bench, 1, workers=2)
    bench.logs.level = "debug"
    forked(bench, 2, workers=2)
    levels = [nursery.snapshot.log.level for nursery in bench.reactor.nurseries]
    assert levels == ["info", "debug"]


def test_a_level_that_the_file_has_changed_is_that_of_the_next(bench: Bench) -> None:
    before = bench.making.own(document())
    made = document(2, log="log: {level: debug}")
    plan = bench.sockets.plan(made.config, 2)
    plan.commit()
    after = bench.making.forked(2, made, plan, before)
    after.start()
    assert bench.reactor.nursery.snapshot.log.level == "debug"
    assert bench.logs.level == "info"
    bench.making.took_over(after, before)
    assert bench.logs.level == "debug"
    end(bench, before)


def test_one_process_needs_no_board(bench: Bench) -> None:
    before = open_files()
    own = bench.making.own(document())
    bench.making.took_over(own, None)
    own.start()
    bench.making.reload_files()
    end(bench, own)
    assert open_files() == before  # without ``stop``, which lets go of it
