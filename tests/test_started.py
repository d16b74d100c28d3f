"""How a start ends, told to everybody who waits for that."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from twisted.application.service import Service

from bridge.net.certificates import CertificateError
from bridge.processes import started as module
from bridge.processes.started import EX_FAILED, Started, Told
from bridge.service.listening import ListenError
from bridge.service.notify import Notify
from tests.logged import logged


class FakeParting:
    """The process that was started, which waits for the daemon's word."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def failed(self, message: str) -> None:
        self.heard.append(message)

    def over(self) -> None:
        self.heard.append("over")


@pytest.fixture
def parting(monkeypatch: pytest.MonkeyPatch) -> FakeParting:
    made = FakeParting()
    monkeypatch.setattr(module, "Parting", lambda: made)
    return made


class Failing(Service):
    """Cannot start, for one reason or another, or can."""

    def __init__(self, early: Exception | None, late: Exception | None = None) -> None:
        self._early, self._late = early, late
        self.calls: list[str] = []

    def privilegedStartService(self) -> None:
        self.calls.append("privileged")
        if self._early is not None:
            raise self._early

    def startService(self) -> None:
        self.calls.append("start")
        if self._late is not None:
            raise self._late


def start(service: Failing, **twistd: Any) -> Started:
    """As twistd does it."""
    made = Started(twistd)
    service.setServiceParent(made)
    made.keep_signals = lambda: service.calls.append("signals")
    made.privilegedStartService()
    made.startService()
    return made


REASONS = [
    (ListenError("front web cannot listen"), "front web cannot listen"),
    (OSError(24, "Too many open files"), "[Errno 24] Too many open files"),
    (CertificateError(Path("/a.pem"), "it has expired"), "/a.pem: it has expired"),
]


def test_signals_are_kept_from_the_first_moment_on() -> None:
    service = Failing(None)
    start(service, nodaemon=True)
    assert service.calls == ["signals", "privileged", "start"]


@pytest.mark.parametrize("error, why", REASONS)
@pytest.mark.parametrize("late", [False, True])
def test_who_looks_on_reads_why_it_cannot_start(
    error: Exception, why: str, late: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    service = Failing(None, error) if late else Failing(error)
    with pytest.raises(SystemExit) as leaving:
        start(service, nodaemon=True)
    assert leaving.value.code == EX_FAILED == 1
    assert capfd.readouterr().err == f"twistd bridge: {why}\n"


def test_a_bug_is_no_reason_to_leave_in_silence() -> None:
    with pytest.raises(ZeroDivisionError):
        start(Failing(ZeroDivisionError()), nodaemon=True)


def test_who_started_a_daemon_hears_it_and_so_does_the_log(
    parting: FakeParting, tmp_path: Path
) -> None:
    pidfile = tmp_path / "twistd.pid"
    pidfile.write_text("1")
    with logged() as log, pytest.raises(SystemExit):
        start(Failing(ListenError("taken")), nodaemon=False, pidfile=str(pidfile))
    assert parting.heard == ["twistd bridge: taken"]
    assert (log.lines, log.levels) == (["taken"], ["critical"])
    assert not pidfile.exists()


def test_a_pidfile_may_be_gone_or_not_wanted(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for pidfile in (str(tmp_path / "none"), "", None):
        with pytest.raises(SystemExit):
            start(Failing(ListenError("taken")), nodaemon=True, pidfile=pidfile)
    assert capfd.readouterr().err == "twistd bridge: taken\n" * 3


class FakeReactor:
    def __init__(self) -> None:
        self.after: list[Callable[[], object]] = []
        self.stopped = False

    def addSystemEventTrigger(
        self, phase: str, event: str, call: Callable[[], object]
    ) -> None:
        assert (phase, event) == ("after", "shutdown")
        self.after.append(call)

    def stop(self) -> None:
        self.stopped = True


def test_one_that_turns_out_later_leaves_with_1_as_well(
    parting: FakeParting, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[int] = []
    monkeypatch.setattr(os, "_exit", left.append)
    started, reactor = start(Failing(None), nodaemon=False), FakeReactor()
    started.give_up(reactor, "a worker cannot start")
    assert parting.heard == ["twistd bridge: a worker cannot start"]
    assert reactor.stopped and left == []
    for call in reactor.after:  # twistd itself would end with 0
        call()
    assert left == [1]


class FakeNotify:
    """The service manager's ear."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def ready(self) -> None:
        self.heard.append("ready")

    def reloading(self) -> None:
        self.heard.append("reloading")

    def stopping(self, within: float) -> None:
        self.heard.append(f"stopping within {within:g} s")

    def begin(self, status: Callable[[], str]) -> None:
        self.heard.append(f"status: {status()}")


def test_both_hear_of_the_start_and_one_of_the_rest(parting: FakeParting) -> None:
    notify = FakeNotify()
    told = Told(cast(Notify, notify), start(Failing(None), nodaemon=False))
    assert parting.heard == []
    told.ready(lambda: "well")
    assert (parting.heard, notify.heard) == (["over"], ["ready", "status: well"])
    told.reloading()
    told.ready(lambda: "well")
    told.stopping(23.0)
    assert parting.heard == ["over"]
    assert notify.heard[2:] == ["reloading", "ready", "stopping within 23 s"]


def test_in_the_foreground_nobody_waits() -> None:
    start(Failing(None), nodaemon=True).accepts()
