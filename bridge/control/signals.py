"""
The operator's signals.

TERM and INT stop, a second one at once; HUP will reload; USR1 reopens log files;
USR2 writes the state to the log.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType


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

        def caught(
            _number: int, _frame: FrameType | None, action: Callable[[], None] = action
        ) -> None:
            later(action)

        signal.signal(number, caught)
