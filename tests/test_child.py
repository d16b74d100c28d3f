"""One worker as the supervisor sees it."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from bridge.processes.child import ANSWERS_WITHIN, Child, Seat
from bridge.processes.link import AskError, Link, Message
from tests.logged import logged
from tests.nursed import NOBODY, FakeReactor, Wire
from tests.pumping import open_files


class Bench:
    """A child with its worker's end of the link, and all that hears of it."""

    def __init__(self) -> None:
        self.reactor = FakeReactor()
        self.calls: list[str] = []
        self.said: list[Message] = []
        seat = Seat(3, -1)
        self.child = Child(seat, 7, self, 0.0, self.said.append, mother=None)
        self.worker = Link(lambda: self.calls.append("the worker's"))

    def connect(self) -> None:
        fd = self.child.connect(self.reactor)
        self.reactor.wires.append(Wire(fd, self.worker))

    def ask(self) -> list[Any]:
        found: list[Any] = []
        self.child.ask("status", {"all": True}).addBoth(found.append)
        self.reactor.turn()
        return found

    def says(self, topic: str, **message: Any) -> None:
        self.worker.send(topic, message)
        self.reactor.turn()

    def dies(self) -> None:
        self.worker.cut()
        self.reactor.turn()

    # An owner

    def ready(self, child: Child) -> None:
        self.calls.append("ready")

    def failed(self, child: Child, why: str) -> None:
        self.calls.append(f"failed: {why}")

    def counted(self, fronts: Sequence[Message]) -> None:
        self.calls.append(f"counted: {list(fronts)}")

    def unlinked(self, child: Child) -> None:
        self.calls.append("unlinked")


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    made.connect()
    yield made
    made.reactor.close()


def test_what_it_says_of_itself_is_told(bench: Bench) -> None:
    child = bench.child
    assert (child.accepts, child.served, child.ended) == (False, False, False)
    bench.says("ready")
    assert (child.accepts, child.served, bench.calls) == (True, True, ["ready"])
    bench.says("said", level="warn", text="well")
    assert bench.said == [{"level": "warn", "text": "well"}]
    bench.says("ended", fronts=[{"front": "web"}])
    assert child.ended
    bench.dies()
    assert (child.accepts, child.served) == (False, True)
    counted = "counted: [{'front': 'web'}]"
    assert bench.calls[1:] == [counted, "unlinked", "the worker's"]


def test_why_it_cannot_start_is_told(bench: Bench) -> None:
    bench.says("failed", why="no room")
    assert bench.calls == ["failed: no room"]


def test_it_is_told_things(bench: Bench) -> None:
    heard: list[Message] = []
    bench.worker.on("retire", heard.append)
    bench.child.tell("retire", gone=["a"], patient=False)
    bench.reactor.turn()
    assert heard == [{"gone": ["a"], "patient": False}]
    bench.dies()
    bench.child.tell("retire")  # nobody hears it


def test_what_it_answers(bench: Bench) -> None:
    bench.worker.on("ask", lambda said: {"asked": said})
    (told,) = bench.ask()
    assert (told.worker, told.error) == (3, "")
    assert told.answer == {"asked": {"command": "status", "args": {"all": True}}}


def test_why_it_does_not_answer(bench: Bench) -> None:
    def refuse(said: Message) -> None:
        raise AskError("there is no such session")

    bench.worker.on("ask", refuse)
    (told,) = bench.ask()
    assert (told.answer, told.error) == (None, "there is no such session")


def test_who_has_ended_answers_nothing(bench: Bench) -> None:
    never: Deferred[Message] = Deferred()
    bench.worker.on("ask", lambda said: never)
    waiting = bench.ask()
    assert waiting == []
    bench.dies()
    for (told,) in (waiting, bench.ask()):
        assert (told.worker, told.answer) == (3, None)
        assert told.error == "worker 3 has ended"


def test_who_hangs_is_not_waited_for(bench: Bench) -> None:
    late: Deferred[Message] = Deferred()
    bench.worker.on("ask", lambda said: late)
    waiting = bench.ask()
    bench.reactor.advance(ANSWERS_WITHIN - 0.1)
    assert waiting == []
    with logged() as log:
        bench.reactor.advance(0.1)
    assert [told.error for told in waiting] == ["worker 3 does not answer"]
    assert log.lines == ["worker 3 does not answer within 10 s"]
    late.callback({"much": "later"})
    bench.reactor.turn()
    assert len(waiting) == 1
    bench.dies()


class Hub:
    """Keeps what it hears, and how to speak."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.gone = 0
        self.send: Callable[[bytes], Deferred[object]]

    def join(self, send: Callable[[bytes], Deferred[object]]) -> Hub:
        self.send = send
        return self

    def receive(self, data: bytes) -> None:
        self.heard.append(data)

    def lost(self) -> None:
        self.gone += 1


def test_the_hub_and_it_exchange_bytes(bench: Bench) -> None:
    hub, heard, acknowledged = Hub(), list[bytes](), list[object]()
    bench.child.join(hub.join)
    bench.worker.taken = heard.append
    every = bytes(range(256))
    hub.send(every).addCallback(acknowledged.append)
    bench.worker.pass_on(every)
    bench.reactor.turn()
    assert (heard, hub.heard) == ([every], [every])
    assert len(acknowledged) == 1
    bench.dies()
    assert hub.gone == 1


def test_what_status_tells_of_it(bench: Bench) -> None:
    bench.says("ready")
    told = {"worker": 3, "pid": 0, "cpu": None, "seconds": 7.1, "accepts": True}
    assert bench.child.describe(7.123) == told


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: found.append((pid, number)))
    return found


def test_it_is_killed_while_its_number_is_its_own(
    bench: Bench, killed: list[tuple[int, int]]
) -> None:
    assert not bench.child.kill()
    bench.child.pid = NOBODY
    assert bench.child.kill()
    assert killed == [(NOBODY, signal.SIGKILL)]
    bench.dies()
    assert not bench.child.kill() and len(killed) == 1


def test_it_may_be_dead_already(bench: Bench) -> None:
    bench.child.pid = NOBODY  # the kernel knows no such process
    assert bench.child.kill()


def test_no_descriptor_is_left_where_there_is_no_link() -> None:
    bench = Bench()
    bench.reactor.refuses = OSError(errno.EMFILE, "Too many open files")
    before = open_files()
    with pytest.raises(OSError):
        bench.child.connect(bench.reactor)
    assert open_files() == before
    assert bench.calls == []
