"""The paths in the log, once, a moment after the start."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock

from bridge.config import Config, parse
from bridge.doctor.arrivals import Arrivals
from bridge.doctor.report import Finding, Severity
from bridge.service.path_told import DELAY, PathTold
from tests.logged import logged

FOUND = Arrivals(
    "1 of 3 servers carry 9000",
    [
        Finding("farm web: b", Severity.FAIL, "8500 bytes arrive", "profiles.x.mss: 1"),
        Finding("farm web: c", Severity.WARN, "1500 bytes arrive"),
    ],
)


class Threads(Clock):
    """What is called from a thread waits until it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.called: list[Callable[[], None]] = []
        self.came = threading.Event()

    def callFromThread(self, call: Callable[..., None], *arguments: Any) -> None:
        self.called.append(lambda: call(*arguments))
        self.came.set()

    def run(self) -> None:
        assert self.came.wait(10)
        for call in self.called:
            call()


def config(keys: str = "") -> Config:
    text = (
        'fronts: {web: {listen: "[::1]:1", to: web}}\n'
        f"farms: {{web: {{servers: [192.0.2.1:80], profile: jumbo{keys}}}}}\n"
    )
    return parse(text, name="f").config


def told(look: Callable[[Config], Arrivals], *, stops: bool = False) -> Any:
    reactor = Threads()
    service = PathTold(reactor, config(), look)
    with logged() as seen:
        service.startService()
        assert reactor.called == []
        reactor.advance(DELAY)
        if stops:
            service.stopService()
        reactor.run()
    return seen


def test_the_paths_are_told_and_what_is_wrong_with_them() -> None:
    seen = told(lambda config: FOUND)
    assert seen.lines == [
        "path: 1 of 3 servers carry 9000",
        "path: farm web: b: 8500 bytes arrive (cure: profiles.x.mss: 1)",
        "path: farm web: c: 1500 bytes arrive",
    ]
    assert seen.levels == ["info", "error", "warn"]


def test_servers_that_do_not_answer_are_not_told_of() -> None:
    assert told(lambda config: Arrivals()).lines == []


def test_a_look_that_fails_is_a_line_and_no_more() -> None:
    def fails(config: Config) -> Arrivals:
        raise OSError(24, "Too many open files")

    (line,) = told(fails).lines
    assert "could not be looked at" in line
    assert "Too many open files" in line


def test_after_a_stop_nothing_is_told() -> None:
    assert told(lambda config: FOUND, stops=True).lines == []


def test_a_stop_before_it_is_looked_at_leaves_no_timer() -> None:
    reactor = Threads()
    service = PathTold(reactor, config(), lambda config: FOUND)
    service.startService()
    service.stopService()
    assert reactor.getDelayedCalls() == []


def test_where_nobody_is_to_be_asked_there_is_no_timer() -> None:
    reactor = Threads()
    service = PathTold(reactor, config(", check: off"), lambda config: FOUND)
    service.startService()
    assert reactor.getDelayedCalls() == []
    service.stopService()
