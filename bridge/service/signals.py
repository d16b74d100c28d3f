"""
The operator's signals.

TERM and INT stop, a second one at once; HUP reads certificates again; USR1
reopens log files; USR2 writes the state to the log.  Not here: what they do.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial
from types import FrameType

from twisted.logger import Logger

_log = Logger(namespace="bridge.service")

STOPPING = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """What TERM and INT do: the first one *stop*, every other one *hurry*."""

    def __init__(self, stop: Callable[[], None], hurry: Callable[[], None]) -> None:
        self._stop = stop
        self._hurry = hurry
        self._asked = False

    def __call__(self) -> None:
        """Both may come in one turn, and the reactor has not begun to stop by then."""
        if self._asked:
            self._hurry()
            return
        self._asked = True
        try:
            self._stop()
        except Exception:  # it stops already, for a reason of its own
            self._hurry()


def keep(
    actions: dict[signal.Signals, Callable[[], None]],
    later: Callable[[Callable[[], None]], object],
) -> None:
    """
    As ``install``, for the time before the reactor runs: what comes is done once it
    does, instead of ending the process half-way.  To stop, only the first time: a start
    that hangs can be ended by a second.

    USR2 is passed over: there is no state to tell of, and whoever waits for the start
    to be over sees in /proc/PID/status that it is caught.
    """
    install(actions, later)
    if signal.SIGUSR2 in actions:
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    for number in STOPPING:

        def caught(number: int, _: FrameType | None) -> None:
            asked = signal.Signals(number)
            later(partial(_told, asked, actions[asked]))
            for each in STOPPING:
                signal.signal(each, _end)

        signal.signal(number, caught)


def _end(number: int, _: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def install(
    actions: dict[signal.Signals, Callable[[], None]],
    later: Callable[[Callable[[], None]], object],
) -> None:
    """
    Run an action when its signal comes.

    *later* is the reactor's ``callFromThread``: a signal may interrupt anything, so
    its action waits for the reactor's turn.  Replaces Twisted's own handling of TERM
    and INT, after which twistd would exit as if killed instead of with 0.
    """
    for number, action in actions.items():
        told = partial(_told, number, action)

        def caught(
            _number: int, _frame: FrameType | None, act: Callable[[], None] = told
        ) -> None:
            later(act)

        signal.signal(number, caught)


def _told(number: signal.Signals, action: Callable[[], None]) -> None:
    """An order like one by the admin socket: what follows from it has its cause."""
    _log.info("signal {signal}", event="signal", signal=number.name.removeprefix("SIG"))
    action()
