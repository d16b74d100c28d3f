"""How a nursery is started, heard and killed, by a reactor that the test plays."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from bridge.processes.nursery import CONTROL, FIRST, SNAPSHOT
from bridge.processes.snapshot import LogPlan, Snapshot
from bridge.processes.spawned import Spawned, cause
from tests.nursed import FakeReactor
from tests.pumping import open_files

SNAPSHOT_OF_2 = Snapshot(
    generation=2,
    files=[("bridge.yaml", "fronts: {}\n")],
    sockets={},
    workers=2,
    board=None,
    numbers=None,
    log=LogPlan(own="-", foreground=True, level="info"),
)


class Bench:
    def __init__(self) -> None:
        self.reactor = FakeReactor()
        self.calls: list[str] = []
        self.spawned = Spawned(
            lambda word, rest: self.calls.append(f"{word}: {rest}"),
            lambda how: self.calls.append(f"died{how}"),
        )
        self._stack = ExitStack()
        self.sockets = {
            key: [self._stack.enter_context(socket.socket()) for _ in range(2)]
            for key in ("tcp [::1]:80", "tcp [::1]:81")
        }
        self.boards = os.memfd_create("board"), os.memfd_create("numbers")

    def start(self) -> None:
        self.spawned.start(self.reactor, SNAPSHOT_OF_2, self.boards, self.sockets)

    def close(self) -> None:
        self.reactor.close()
        self._stack.close()
        for board in self.boards:
            os.close(board)


@pytest.fixture
def bench() -> Iterator[Bench]:
    before = open_files()
    made = Bench()
    yield made
    made.close()
    assert open_files() == before


def test_it_is_given_everything_under_numbers_that_it_knows(bench: Bench) -> None:
    bench.start()
    nursery = bench.reactor.nursery
    snapshot, fds = nursery.snapshot, nursery.fds
    assert (snapshot.generation, snapshot.files) == (2, SNAPSHOT_OF_2.files)
    assert (snapshot.board, snapshot.numbers) == (FIRST, FIRST + 1)
    assert (fds[FIRST], fds[FIRST + 1]) == bench.boards
    given = {
        key: [fds[number] for number in numbers]
        for key, numbers in snapshot.sockets.items()
    }
    ours = {key: [s.fileno() for s in group] for key, group in bench.sockets.items()}
    assert given == ours
    assert set(fds) == {0, 1, 2, CONTROL, SNAPSHOT, *range(FIRST, FIRST + 6)}


def test_it_is_the_code_of_now_and_no_service_of_systemds(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("OF_THE_CONFIGURATION", "2")
    bench.start()
    spawned = bench.reactor.spawned
    assert spawned["executable"] == sys.executable
    assert spawned["args"][1:] == ("-m", "bridge.processes.nursery")
    ours = {name: value for name, value in os.environ.items() if value in ("1", "2")}
    assert ours.keys() - spawned["env"].keys() >= {"NOTIFY_SOCKET", "LISTEN_FDS"}
    assert not {"WATCHDOG_USEC", "LISTEN_PID"} & spawned["env"].keys()
    assert spawned["env"]["OF_THE_CONFIGURATION"] == "2"


def test_it_hears_and_is_heard(bench: Bench) -> None:
    assert not bench.spawned.send("fork 0 1 -1 1")  # there is none yet
    bench.start()
    bench.reactor.nursery.says("ready")
    bench.reactor.nursery.says("died 17 256")
    bench.reactor.turn()
    assert bench.calls == ["ready: ", "died: 17 256"]
    ours, theirs = socket.socketpair()
    with ours:
        assert bench.spawned.send("fork 0 1 -1 1", [theirs.fileno()])
        theirs.close()
        bench.reactor.turn()
        assert bench.reactor.nursery.heard == ["fork 0 1 -1 1"]


@pytest.mark.parametrize(
    "status, how",
    [(0, ""), (1 << 8, ", with status 1"), (9, ", killed by signal 9 (SIGKILL)")],
)
def test_its_last_words_are_heard_before_its_end(
    bench: Bench, status: int, how: str
) -> None:
    bench.start()
    bench.reactor.nursery.says("failed no such file")
    bench.reactor.nursery.says("died 17 9")
    bench.reactor.nursery.ends(status)
    assert bench.calls == ["failed: no such file", "died: 17 9", f"died{how}"]
    assert bench.reactor.readers == []
    assert not bench.spawned.send("quit")


def test_one_that_hangs_can_be_killed(bench: Bench) -> None:
    bench.spawned.kill()  # there is none yet
    bench.start()
    bench.spawned.kill()
    assert bench.calls == ["died, killed by signal 9 (SIGKILL)"]
    bench.spawned.kill()  # and no more


@pytest.mark.parametrize("where", ["spawn", "snapshot"])
def test_nothing_is_left_of_one_that_cannot_start(
    bench: Bench, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = OSError(errno.EMFILE, "Too many open files")
    if where == "spawn":
        bench.reactor.refuses = error
    else:

        def write(snapshot: Snapshot) -> int:
            raise error

        monkeypatch.setattr(Snapshot, "write", write)
    before = open_files()
    with pytest.raises(OSError, match="Too many"):
        bench.start()
    assert open_files() == before
    assert bench.reactor.readers == [] and bench.calls == []
    assert not bench.spawned.send("quit")


def test_signals_without_a_name_are_told_by_number() -> None:
    assert cause(40) == ", killed by signal 40"
    assert cause(64 | 128) == ", killed by signal 64 (SIGRTMAX)"  # with a core
