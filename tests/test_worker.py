"""What a worker does as it is told, without a process or a gateway of its own."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import LogLevel
from twisted.python.failure import Failure

from bridge.config import Document, parse
from bridge.net.board import Board
from bridge.net.listener import Listener
from bridge.processes import worker as module
from bridge.processes.link import AskError, Link, Message
from bridge.processes.snapshot import LogPlan, Snapshot
from bridge.processes.worker import Born, Job, Worker
from bridge.service.certificates import Certificates
from tests.logged import logged
from tests.nursed import FakeReactor, Wire

KEY = "tcp 127.0.0.1:0"
TIMEOUT = 20.0


def document() -> Document:
    return parse(
        'fronts: {web: {listen: "127.0.0.1:0", to: a}}\n'
        "farms: {a: {servers: [192.0.2.1:80]}}\n"
        f"timeouts: {{drain_timeout: {TIMEOUT:g}s}}\n"
        "workers: 2"
    )


class FakeGateway:
    """Keeps what it was made with, and drains until the test says that it has."""

    fails: Exception | None = None

    def __init__(
        self, config: object, reactor: object, listeners: Any, logs: object, **more: Any
    ) -> None:
        self.more = more
        self._listeners = listeners
        self.calls: list[str] = []
        self.fronts = ()
        self.drained: Deferred[None] = Deferred()
        self.opened: Mapping[str, Sequence[Listener]] = {}

    def privilegedStartService(self) -> None:
        if self.fails is not None:
            raise self.fails
        self.opened = self._listeners.open()

    def startService(self) -> None:
        self.calls.append("start")

    def tell_where(self) -> None:
        self.calls.append("tell where")

    def _drain(self, what: str) -> Deferred[None]:
        self.calls.append(what)
        return self.drained

    def retire(self, gone: list[str], *, patient: bool) -> Deferred[None]:
        return self._drain(f"retire {gone} {patient}")

    def stopService(self) -> Deferred[None]:
        return self._drain("stop")

    def leave(self) -> Deferred[None]:
        return self._drain("leave")

    def hurry(self) -> None:
        self.calls.append("hurry")

    def reload(self) -> None:
        self.calls.append("reload")

    def tell_state(self) -> None:
        self.calls.append("state")


class Reactor(FakeReactor):
    """One that has not been started, and stops once."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Callable[[], None]] = []
        self.stopped = 0

    def callWhenRunning(self, call: Callable[..., Any], *args: Any) -> None:
        self.waiting.append(partial(call, *args))

    def stop(self) -> None:
        self.stopped += 1

    def begin(self) -> None:
        for call in self.waiting:
            call()
        self.turn()


class FakeBeginner:
    """Who begins the log of a whole process."""

    def __init__(self) -> None:
        self.observers: list[Any] = []

    def beginLoggingTo(self, observers: list[Any], **more: Any) -> None:
        self.observers = observers


class Bench:
    """Worker 1 of two, and the supervisor's end of its link."""

    def __init__(
        self, log: LogPlan, gateways: list[FakeGateway], *, tells: bool = False
    ) -> None:
        self.gateways = gateways
        self.heard: list[tuple[str, Message]] = []
        self.reactor = Reactor()
        self.sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.board = Board.create(columns=9, slots=64)
        self.inherited = os.dup(self.board.fd)
        snapshot = Snapshot(3, [("a.yaml", "")], {}, 2, self.inherited, None, log)
        read = document()
        self.certificates = Certificates(read.config)
        job = Job(snapshot, read, self.certificates, {KEY: self.sockets})
        ours, theirs = socket.socketpair()
        self.link = Link(lambda: None)
        for topic in ("ready", "failed", "ended", "said"):
            self.link.on(topic, self._hear(topic))
        self.reactor.wires.append(Wire(ours.detach(), self.link))
        born = Born(1, 7, -1, tells, theirs.detach())
        self.worker = Worker(job, born, self.reactor)

    def _hear(self, topic: str) -> Callable[[Message], None]:
        return lambda said: self.heard.append((topic, said))

    @property
    def topics(self) -> list[str]:
        return [topic for topic, _ in self.heard]

    @property
    def gateway(self) -> FakeGateway:
        (made,) = self.gateways
        return made

    def say(self, topic: str, **message: Any) -> None:
        self.link.send(topic, message)
        self.reactor.turn()

    def lose(self) -> None:
        """The supervisor is gone."""
        self.link.cut()
        self.reactor.turn()

    def know(self) -> None:
        """All that there is to know of servers has been told."""
        told = self.link.pass_on(b'{"kind":"begin"}\n')
        told.addErrback(lambda _: None)  # it may be gone by then
        self.reactor.turn()

    def close(self) -> None:
        self.worker.over()
        os.close(self.inherited)
        self.board.close()
        self.reactor.close()
        for sock in self.sockets:
            sock.close()


@pytest.fixture
def beginner(monkeypatch: pytest.MonkeyPatch) -> FakeBeginner:
    made = FakeBeginner()
    monkeypatch.setattr(module, "globalLogBeginner", made)
    return made


@pytest.fixture
def gateways(monkeypatch: pytest.MonkeyPatch) -> list[FakeGateway]:
    """Those that were made."""
    made: list[FakeGateway] = []

    def gateway(*args: Any, **more: Any) -> FakeGateway:
        made.append(FakeGateway(*args, **more))
        return made[-1]

    monkeypatch.setattr(module, "Gateway", gateway)
    return made


@pytest.fixture
def fresh(
    gateways: list[FakeGateway], beginner: FakeBeginner, tmp_path: Path
) -> Iterator[Bench]:
    """One whose reactor does not run yet."""
    log = LogPlan(str(tmp_path / "log"), foreground=True, level="warn")
    made = Bench(log, gateways)
    yield made
    made.close()


@pytest.fixture
def bench(fresh: Bench) -> Bench:
    """One that accepts."""
    fresh.reactor.begin()
    fresh.know()
    assert fresh.heard == [("ready", {})]
    return fresh


def test_it_says_that_it_accepts_once_it_does(fresh: Bench) -> None:
    fresh.reactor.turn()
    fresh.reactor.begin()
    assert fresh.heard == []
    fresh.know()
    assert fresh.heard == [("ready", {})]
    assert fresh.gateway.calls == ["start"]
    assert fresh.gateway.more["certificates"] is fresh.certificates


def test_it_has_its_own_sockets_and_nobody_elses(bench: Bench) -> None:
    theirs, mine = bench.sockets
    (listener,) = bench.gateway.opened["web"]
    assert listener.socket is mine and mine.fileno() >= 0
    assert theirs.fileno() == -1


@pytest.mark.usefixtures("beginner")
def test_one_of_them_tells_where_they_listen(gateways: list[FakeGateway]) -> None:
    other = Bench(LogPlan(None, foreground=False, level="info"), gateways, tells=True)
    other.reactor.begin()
    other.know()
    assert other.gateway.calls == ["start", "tell where"]
    other.close()


def test_why_it_cannot_start_is_said_and_is_its_end(
    fresh: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        FakeGateway, "fails", OSError(13, "Permission denied", "/var/log/a")
    )
    with logged() as log:
        fresh.reactor.begin()
        fresh.know()
    why = {"why": "/var/log/a: Permission denied"}
    assert fresh.heard == [("failed", why), ("ended", {"fronts": []})]
    assert fresh.reactor.stopped == 1 and not fresh.link.up
    assert log.lines == []  # the supervisor tells it


def test_a_bug_is_in_its_log_as_well(
    fresh: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeGateway, "fails", ZeroDivisionError("of all things"))
    with logged() as log:
        fresh.reactor.begin()
        fresh.know()
    assert fresh.heard[0] == ("failed", {"why": "of all things"})
    assert log.tracebacks == 1 and fresh.reactor.stopped == 1


@pytest.mark.parametrize(
    "topic, message, call",
    [
        ("retire", {"gone": ["a"], "patient": True}, "retire ['a'] True"),
        ("stop", {}, "stop"),
    ],
)
def test_it_ends_when_it_has_drained(
    bench: Bench, topic: str, message: Message, call: str
) -> None:
    bench.say(topic, **message)
    bench.say("stop")  # once is enough
    bench.say("retire", gone=[], patient=False)
    assert bench.gateway.calls == ["start", call]
    assert bench.topics == ["ready"] and bench.reactor.stopped == 0
    bench.gateway.drained.callback(None)
    bench.reactor.turn()
    assert bench.topics == ["ready", "ended"]
    assert bench.reactor.stopped == 1 and not bench.link.up


def test_it_ends_as_well_where_draining_fails(bench: Bench) -> None:
    bench.say("stop")
    bench.gateway.drained.errback(Failure(ZeroDivisionError()))
    bench.reactor.turn()
    assert bench.topics == ["ready", "ended"] and bench.reactor.stopped == 1


def test_the_rest_is_the_gateways(bench: Bench) -> None:
    for topic in ("reload", "state", "hurry"):
        bench.say(topic)
    assert bench.gateway.calls == ["start", "reload", "state", "hurry"]


def test_its_log_is_opened_again_after_it_was_moved_away(
    bench: Bench, tmp_path: Path
) -> None:
    os.rename(tmp_path / "log", tmp_path / "log.1")
    bench.say("reopen")
    assert (tmp_path / "log").exists()


@pytest.mark.parametrize("topic", ["stop", "retire"])
def test_an_end_may_come_before_the_beginning(fresh: Bench, topic: str) -> None:
    for other in ("hurry", "reload", "state"):
        fresh.say(other)
    fresh.say(topic, gone=[], patient=False)
    assert fresh.topics == ["ended"] and fresh.reactor.stopped == 1
    fresh.reactor.begin()
    fresh.know()
    assert fresh.gateways == []


def test_it_may_come_while_it_is_told_of_servers(fresh: Bench) -> None:
    fresh.reactor.begin()
    fresh.say("stop")
    fresh.know()
    assert fresh.gateways == [] and fresh.topics == ["ended"]
    assert fresh.reactor.stopped == 1


def test_so_may_the_supervisors(fresh: Bench) -> None:
    fresh.reactor.begin()
    fresh.lose()
    assert fresh.gateways == [] and fresh.reactor.stopped == 1


def test_a_question_may_come_too_early(fresh: Bench) -> None:
    found: list[Any] = []
    asked = fresh.link.ask("ask", {"command": "status", "args": {}})
    asked.addErrback(lambda failure: found.append(failure.check(AskError)))
    fresh.reactor.turn()
    assert found == [AskError]


def test_the_supervisor_may_be_gone_before_the_beginning(fresh: Bench) -> None:
    fresh.lose()
    assert fresh.reactor.stopped == 1


def test_without_a_supervisor_it_ends_with_its_sessions(bench: Bench) -> None:
    with logged() as log:
        bench.lose()
    assert log.lines == ["the supervisor is gone: this worker ends with its sessions"]
    assert bench.gateway.calls == ["start", "leave"]
    assert bench.reactor.stopped == 0
    bench.gateway.drained.callback(None)
    assert bench.reactor.stopped == 1


@pytest.mark.parametrize("topic", ["stop", "retire"])
def test_who_drains_already_goes_on_with_that(bench: Bench, topic: str) -> None:
    bench.say(topic, gone=[], patient=True)
    bench.lose()
    assert bench.reactor.stopped == 0
    bench.reactor.advance(TIMEOUT - 0.1)
    assert "hurry" not in bench.gateway.calls
    bench.reactor.advance(0.1)  # nobody would end its patience any more
    assert bench.gateway.calls[2:] == ["hurry"]
    bench.gateway.drained.callback(None)
    assert bench.reactor.stopped == 1


def test_who_has_said_that_it_ends_stops_once(bench: Bench) -> None:
    bench.say("stop")
    bench.gateway.drained.callback(None)
    bench.lose()
    bench.reactor.advance(TIMEOUT)
    assert bench.reactor.stopped == 1


def test_it_logs_where_the_supervisor_does_under_its_number(
    bench: Bench, beginner: FakeBeginner, tmp_path: Path
) -> None:
    (observer,) = beginner.observers
    bare = {"log_namespace": "bridge.x", "log_time": 0.0}
    for level in (LogLevel.info, LogLevel.error):
        event = bare | {"log_format": level.name, "log_level": level}
        observer(event)
    bench.worker.over()
    text = (tmp_path / "log").read_text()
    assert text == "1970-01-01T00:00:00.000Z error worker 1: error\n"


def test_it_logs_by_the_supervisor_where_that_is_not_ours(
    beginner: FakeBeginner,
) -> None:
    other = Bench(LogPlan(None, foreground=False, level="info"), [])
    (observer,) = beginner.observers
    well = {"log_format": "well", "log_level": LogLevel.info}
    observer({"log_namespace": "bridge.x", **well})
    other.reactor.turn()
    assert other.heard == [("said", {"level": "info", "text": "worker 1: well"})]
    other.close()
