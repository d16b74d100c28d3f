"""What a service manager is told, and that telling it neither blocks nor raises."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from bridge.service.notify import AGAIN, BEAT, MOST, SPARE, Manager, Notify, manager
from tests.logged import logged
from tests.notified import Receiver


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "notify")


@pytest.fixture
def receiver(path: str) -> Iterator[Receiver]:
    made = Receiver(path)
    yield made
    made.close()


@pytest.fixture
def clock() -> Iterator[Clock]:
    made = Clock()
    yield made
    assert made.getDelayedCalls() == [], "close leaves no timer behind"


@pytest.fixture
def told(path: str, receiver: Receiver, clock: Clock) -> Iterator[Notify]:
    made = Notify(Manager(path, watchdog=6.0), clock)
    yield made
    made.close()


# Who wants to hear

PID = os.getpid()


def test_nobody_asks() -> None:
    assert manager({}, PID) == Manager(None, None)


def test_what_the_manager_said_is_not_inherited() -> None:
    ours = {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "2000000", "HOME": "/"}
    environment = ours | {"WATCHDOG_PID": str(PID)}
    assert manager(environment, PID) == Manager("/run/x", 2.0)
    assert environment == {"HOME": "/"}


def test_an_abstract_socket_begins_with_a_null() -> None:
    assert manager({"NOTIFY_SOCKET": "@x/y"}, PID).address == b"\0x/y"


@pytest.mark.parametrize("where", ["", "relative", "vsock:2:1", "\0x"])
def test_what_is_no_socket_of_a_file_or_a_name_is_nobody(where: str) -> None:
    said = {"NOTIFY_SOCKET": where, "WATCHDOG_USEC": "1"}
    assert manager(said, PID) == Manager(None, None)
    assert said == {}


@pytest.mark.parametrize("usec", ["", "0", "-1", "1.5", "soon", "٣", "9" * 5000])
def test_a_watchdog_of_no_time_is_none(usec: str) -> None:
    said = {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": usec}
    assert manager(said, PID) == Manager("/run/x", None)


@pytest.mark.parametrize("pid", ["1", "x"])
def test_another_processs_watchdog_is_not_ours(pid: str) -> None:
    said = {"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "9", "WATCHDOG_PID": pid}
    assert manager(said, PID).watchdog is None


# What they hear


def test_a_life_is_told_in_its_order(told: Notify, receiver: Receiver) -> None:
    told.ready()
    told.status("3 sessions")
    told.stopping(30.0)
    assert receiver.heard() == [
        ["READY=1"],
        ["STATUS=3 sessions"],
        ["STOPPING=1", f"EXTEND_TIMEOUT_USEC={int((30 + SPARE) * 1e6)}"],
    ]


def test_a_reload_has_the_time_of_the_monotonic_clock(
    told: Notify, receiver: Receiver, clock: Clock
) -> None:
    clock.advance(12.5)
    told.reloading()
    assert receiver.heard() == [["RELOADING=1", "MONOTONIC_USEC=12500000"]]


def test_an_abstract_socket_is_told_as_well(clock: Clock) -> None:
    name = f"@bridge-test-{os.getpid()}"
    receiver = Receiver("\0" + name[1:])
    made = Notify(manager({"NOTIFY_SOCKET": name}, PID), clock)
    made.ready()
    assert receiver.heard() == [["READY=1"]]
    made.close()
    receiver.close()


def test_the_watchdog_is_told_at_half_of_its_time(
    told: Notify, receiver: Receiver, clock: Clock
) -> None:
    told.begin(lambda: "well")
    assert receiver.heard() == [["WATCHDOG=1", "STATUS=well"]]
    clock.advance(2.9)
    assert receiver.heard() == []
    clock.advance(0.1)
    assert receiver.heard() == [["WATCHDOG=1"]], "the status is what it was"


def test_a_reactor_that_hung_does_not_catch_up(
    told: Notify, receiver: Receiver, clock: Clock
) -> None:
    told.begin(str)
    receiver.heard()
    clock.advance(60.0)
    assert receiver.heard() == [["WATCHDOG=1"]]


def test_without_a_watchdog_a_status_is_told_when_it_changes(
    path: str, receiver: Receiver, clock: Clock
) -> None:
    made = Notify(Manager(path), clock)
    said = iter(["one", "one", "two"])
    made.begin(lambda: next(said))
    for expected in [["STATUS=one"]], [], [["STATUS=two"]]:
        assert receiver.heard() == expected
        if expected != [["STATUS=two"]]:
            clock.advance(BEAT)
    made.close()


def test_a_status_that_raises_is_a_bug_that_the_watchdog_outlives(
    told: Notify, receiver: Receiver, clock: Clock
) -> None:
    with logged() as log:
        told.begin(lambda: str(1 / 0))
    assert log.tracebacks == 1
    clock.advance(3.0)
    assert receiver.heard() == [["WATCHDOG=1"], ["WATCHDOG=1"]]


def test_a_status_is_one_line_of_bounded_length(
    told: Notify, receiver: Receiver
) -> None:
    told.status("a\nREADY=1 \x1b[0m \udcff " + "x" * 5000)
    ((line,),) = receiver.heard()
    assert line.startswith("STATUS=a?READY=1 ?[0m ? xxx")
    assert len(line) < 300


# That it never blocks or raises


def test_nobody_is_told_nothing(clock: Clock) -> None:
    made = Notify(Manager(), clock)
    made.begin(lambda: "never asked")
    for tell in (made.ready, made.reloading, made.close, made.ready, made.close):
        tell()
    made.stopping(1.0)
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize("where", ["/nowhere/notify", "/" + "x" * 500, "/x\0y"])
def test_a_manager_that_is_gone_is_missed_once(where: str, clock: Clock) -> None:
    made = Notify(Manager(where, watchdog=1.0), clock)
    with logged() as log:
        made.ready()
        made.begin(str)
        clock.advance(0.5)
        made.close()
    (line,) = log.lines
    assert line.startswith("cannot tell the service manager: ")


def test_a_manager_that_does_not_read_gets_it_later_in_order(
    told: Notify, receiver: Receiver, clock: Clock
) -> None:
    count = 0
    while not clock.getDelayedCalls():  # until their queue is full
        told.status(str(count))
        count += 1
    told.ready()
    heard = receiver.heard()
    assert heard == [[f"STATUS={n}"] for n in range(count - 1)]
    clock.advance(AGAIN)
    assert receiver.heard() == [[f"STATUS={count - 1}"], ["READY=1"]]


def test_what_waits_for_a_manager_is_bounded(
    told: Notify, receiver: Receiver, clock: Clock
) -> None:
    while not clock.getDelayedCalls():
        told.status("filling")
    for n in range(10 * MOST):
        told.status(str(n))
    receiver.heard()
    clock.advance(AGAIN)
    newest = range(9 * MOST, 10 * MOST)
    while heard := receiver.heard():
        assert heard == [[f"STATUS={n}"] for n in newest][: len(heard)]
        newest = newest[len(heard) :]
        clock.advance(AGAIN)
    assert not newest


def test_without_descriptors_nothing_is_told(
    path: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_: object) -> socket.socket:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(socket, "socket", none_left)
    made = Notify(Manager(path), clock)
    made.ready()
    made.begin(str)
    made.close()


def test_the_clock_of_the_reactor_is_the_managers() -> None:
    """tap gives the reactor this one, and systemd compares with CLOCK_MONOTONIC."""
    assert time.get_clock_info("monotonic").implementation == (
        "clock_gettime(CLOCK_MONOTONIC)"
    ), sys.platform
