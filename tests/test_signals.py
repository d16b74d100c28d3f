"""Signals become calls in the reactor's own time."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial

import pytest
from twisted.internet.error import ReactorNotRunning

from bridge.service.signals import Stop, install, keep


def test_each_signal_runs_its_own_action_later() -> None:
    done: list[str] = []
    later: list[Callable[[], None]] = []
    before = {n: signal.getsignal(n) for n in (signal.SIGUSR1, signal.SIGUSR2)}
    try:
        install(
            {
                signal.SIGUSR1: lambda: done.append("one"),
                signal.SIGUSR2: lambda: done.append("two"),
            },
            later.append,
        )
        for number in (signal.SIGUSR2, signal.SIGUSR1):
            os.kill(os.getpid(), number)
        assert done == [], "not within whatever the signal interrupted"
        for action in later:
            action()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert done == ["two", "one"]


def test_the_first_asks_to_stop_and_every_other_to_hurry() -> None:
    """Though both come in one turn, before anything has begun to stop."""
    told: list[str] = []
    stop = Stop(lambda: told.append("stop"), lambda: told.append("hurry"))
    for _ in range(3):
        stop()
    assert told == ["stop", "hurry", "hurry"]


def test_who_stops_already_hurries() -> None:
    told: list[str] = []

    def stopped() -> None:
        raise ReactorNotRunning("it was stopped by somebody else")

    Stop(stopped, lambda: told.append("hurry"))()
    assert told == ["hurry"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_during_the_start_are_kept_until_it_is_over(number: int) -> None:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {n: signal.getsignal(n) for n in numbers}
    done: list[int] = []
    later: list[Callable[[], None]] = []
    try:
        keep({n: partial(done.append, n) for n in numbers}, later.append)
        os.kill(os.getpid(), number)
        assert done == []
        for action in later:
            action()
        assert done == [number]
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_a_start_that_hangs_is_ended_by_a_second_signal() -> None:
    program = (
        "import os, signal, time\n"
        "from bridge.service.signals import STOPPING, keep\n"
        "keep({n: lambda: None for n in STOPPING}, lambda action: print('kept'))\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "time.sleep(60)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-u", "-c", program], capture_output=True, timeout=50
    )
    assert ended.stdout == b"kept\n"
    assert ended.returncode == -signal.SIGINT
