"""The generation that is this very process."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from bridge.config import parse
from bridge.control.orders import AnswerError
from bridge.control.slices import Steps
from bridge.processes import own as module
from bridge.processes.generation import Told
from bridge.processes.link import Message
from bridge.processes.own import Own
from bridge.processes.past import Past
from bridge.service.gateway import Gateway
from bridge.service.ledger import OwnLedger

DOCUMENT = parse(
    'fronts: {web: {listen: "[::1]:80", to: a}}\n'
    "farms: {a: {servers: [192.0.2.1:80]}}\n"
)


class FakeGateway:
    """Drains until the test says that it has."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.drained: Deferred[None] = Deferred()
        self.measured = None
        self.taken = False
        self.fronts = ()
        self.clock = Clock()

    def startService(self) -> None:
        if self.taken:
            raise OSError("taken")
        self.calls.append("start")

    def tell_where(self) -> None:
        self.calls.append("tell where")

    def retire(self, gone: Collection[str], *, patient: bool) -> Deferred[None]:
        self.calls.append(f"retire {sorted(gone)} {patient}")
        return self.drained

    def stopService(self) -> Deferred[None]:
        self.calls.append("stop")
        return self.drained

    def hurry(self) -> None:
        self.calls.append("hurry")
        self.drained.callback(None)

    def reload(self) -> None:
        self.calls.append("reload")

    def in_short(self) -> str:
        return "well"

    def tell_state(self) -> None:
        self.calls.append("tell")


class Bench:
    def __init__(self) -> None:
        self.gateway = FakeGateway()
        self.own = Own(DOCUMENT, cast(Gateway, self.gateway), OwnLedger(), Past())
        self.ended: list[None] = []
        self.own.ended.addCallback(self.ended.append)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_it_is_the_first_and_accepts_at_once(bench: Bench) -> None:
    found: list[Any] = []
    bench.own.start().addBoth(found.append)
    assert (bench.own.number, found) == (1, [None])
    assert bench.gateway.calls == ["start", "tell where"]


def test_what_stops_the_start_is_raised(bench: Bench) -> None:
    bench.gateway.taken = True
    with pytest.raises(OSError):
        bench.own.start()


def test_it_retires_once_another_one_accepts(bench: Bench) -> None:
    bench.own.retire({"b", "a"})
    assert bench.own.retiring and bench.ended == []
    bench.own.stop()  # it does
    assert bench.gateway.calls == ["retire ['a', 'b'] False"]
    bench.gateway.drained.callback(None)
    assert bench.ended == [None]


def test_it_stops_and_may_be_hurried(bench: Bench) -> None:
    bench.own.stop()
    bench.own.stop()
    assert bench.own.retiring and bench.ended == []
    bench.own.hurry()
    assert bench.gateway.calls == ["stop", "hurry"] and bench.ended == [None]


def test_what_it_is_asked_the_gateway_is(bench: Bench) -> None:
    bench.own.reload_files()
    bench.own.tell_state()
    bench.own.reopen_logs()  # nothing: the process's own
    assert bench.gateway.calls == ["reload", "tell"]
    assert bench.own.in_short() == "well"


class FakeAnswers:
    """Says what it was asked, or that there is no such thing."""

    def __init__(self, gateway: object) -> None: ...

    def steps(self, command: str, args: Message) -> Steps[Message]:
        yield
        if command == "session":
            raise AnswerError("there is no such session")
        return {"asked": command, **args}


def test_it_answers_as_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Answers", FakeAnswers)
    bench, found = Bench(), list[Told]()
    for command in ("servers", "session"):
        (told,) = bench.own.ask(command, {"farm": "a"})
        told.addCallback(found.append)
    bench.gateway.clock.pump([0] * 4)
    answer = {"asked": "servers", "farm": "a"}
    refusal = "there is no such session"
    assert found == [Told(0, answer), Told(0, None, refusal)]


def test_it_tells_which_process_it_is(bench: Bench) -> None:
    (one,) = bench.own.describe()
    assert (one["worker"], one["pid"], one["accepts"]) == (0, os.getpid(), True)
    bench.own.stop()
    assert bench.own.describe()[0]["accepts"] is False
