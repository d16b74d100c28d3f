"""Events of a worker's log, told by the supervisor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from twisted.logger import Logger, LogLevel, LogPublisher

from bridge.processes.link import Link
from bridge.processes.said import Said, tell
from bridge.watch.log import Log
from tests.logged import logged


class FakeLink(Link):
    """Keeps what is sent."""

    def __init__(self) -> None:
        super().__init__(lambda: None)
        self.up = True
        self.sent: list[tuple[str, Any]] = []

    def send(self, topic: str, message: Any) -> None:
        self.sent.append((topic, message))


class Bench:
    def __init__(self) -> None:
        self.link, self.log = FakeLink(), Log()
        self.log.mark = "worker 3: "
        publisher = LogPublisher(Said(self.link, self.log))
        self.ours = Logger("bridge.service", observer=publisher)
        self.others = Logger("twisted.web", observer=publisher)


@pytest.fixture
def bench() -> Iterator[Bench]:
    yield Bench()


def texts(bench: Bench) -> list[str]:
    return [message["text"] for _, message in bench.link.sent]


def test_what_the_log_would_write_is_said(bench: Bench) -> None:
    bench.ours.info("{front} listens", front="web")
    bench.ours.debug("not this")
    said = {"level": "info", "text": "worker 3: web listens"}
    assert bench.link.sent == [("said", said)]


def test_an_operator_may_want_more_or_less(bench: Bench) -> None:
    bench.log.level = "debug"
    bench.ours.debug("in detail")
    bench.log.level = "error"
    bench.ours.warn("not this")
    assert texts(bench) == ["worker 3: in detail"]


def test_others_are_heard_of_when_something_is_wrong(bench: Bench) -> None:
    bench.others.info("Starting factory")
    bench.others.warn("it limps")
    assert texts(bench) == ["worker 3: it limps"]


def test_a_bug_is_said_with_its_traceback(bench: Bench) -> None:
    try:
        raise ZeroDivisionError("of all things")
    except ZeroDivisionError:
        bench.ours.failure("A bug")
    ((_, message),) = bench.link.sent
    assert message["level"] == "critical"
    assert message["text"].startswith("worker 3: A bug")
    assert "ZeroDivisionError: of all things" in message["text"]


def test_what_is_not_read_is_left_out_and_counted(bench: Bench) -> None:
    bench.ours.info("one")
    bench.link.full = True
    for _ in range(3):
        bench.ours.error("more than there is room for")
    bench.link.full = False
    bench.ours.info("five")
    bench.ours.info("six")
    assert texts(bench) == [
        "worker 3: one",
        "worker 3: 3 lines are missing here",
        "worker 3: five",
        "worker 3: six",
    ]


def test_where_nobody_hears_it_standard_error_has_it(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.link.up = False
    bench.ours.error("the supervisor is gone")
    assert bench.link.sent == []
    assert capfd.readouterr().err == "worker 3: the supervisor is gone\n"


@pytest.mark.parametrize("level", ["debug", "info", "warn", "error", "critical"])
def test_the_supervisor_tells_it_as_it_was_said(level: str) -> None:
    with logged() as log:
        tell({"level": level, "text": "worker 3: {not.a.field}"})
    (event,) = log.events
    assert event["log_level"] is LogLevel.lookupByName(level)
    assert event["log_namespace"] == "bridge.worker"
    assert log.lines == ["worker 3: {not.a.field}"]
