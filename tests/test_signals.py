"""Signals become calls in the reactor's own time."""

import os
import signal
from collections.abc import Callable

from bridge.control.signals import install


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
