"""
The terminal that ``bridgectl top`` has while it runs, and gives back as it was.

Here: keys one at a time and unseen, the other screen, a new size, signals.  However
this ends, by a key, a signal or a bug, the terminal is as before.  Not here: what is
drawn (``top_screen``), and what a key means (``top_keys``, ``top_chosen``).
"""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import FrameType
from typing import Any

from rich.console import Console, Group
from rich.control import Control
from rich.text import Text

from bridge.control.top_keys import Keys

ESCAPE = 0.05
"""Seconds after an escape in which the rest of a sequence comes, if it is one."""

USUAL = 80, 24
"""The size of a terminal that does not say."""

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that end it; of these Ctrl-C is how it may be ended."""

_IFLAG = 0  # of tcgetattr(3)

_CAUGHT = (*ENDS, signal.SIGWINCH, signal.SIGTSTP)


@dataclass(frozen=True)
class Happened:
    """What ended a wait."""

    keys: Sequence[str] = ()
    ended: int | None = None
    """The signal that says so; 0: nobody is at the terminal any more."""


class Terminal:
    """On standard input and output, as a context."""

    def __init__(self) -> None:
        self._in, self._out = sys.stdin.fileno(), sys.stdout.fileno()
        self._console = Console(
            file=open(  # noqa: SIM115
                self._out,
                "w",
                encoding=sys.stdout.encoding,
                errors="replace",
                closefd=False,
            ),
            markup=False,
            emoji=False,
            highlight=False,
        )
        self._keys = Keys()
        self._stack = ExitStack()
        self._before: list[Any] = []

    @property
    def size(self) -> tuple[int, int]:
        """Cells in a line, and lines."""
        try:
            width, height = os.get_terminal_size(self._out)
        except OSError:  # it is gone, which the next read tells
            return USUAL
        return (width, height) if width and height else USUAL

    @property
    def capable(self) -> bool:
        """Whether it can be drawn on, and not only written to."""
        return self._console.is_terminal and not self._console.is_dumb_terminal

    # Having it

    def __enter__(self) -> Terminal:
        self._before = termios.tcgetattr(self._in)
        with ExitStack() as stack:
            self._wake = self._catch(stack)
            stack.callback(self._leave)
            self._enter()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _catch(self, stack: ExitStack) -> int:
        """Have signals wake the wait: where they are read."""
        ours, signals = os.pipe()
        os.set_blocking(signals, False)
        stack.callback(os.close, ours)
        stack.callback(os.close, signals)
        before = signal.set_wakeup_fd(signals, warn_on_full_buffer=False)
        stack.callback(signal.set_wakeup_fd, before)
        for number in _CAUGHT:
            stack.callback(signal.signal, number, signal.signal(number, _nothing))
        return ours

    def _enter(self) -> None:
        tty.setcbreak(self._in, termios.TCSANOW)
        # Who stops the output with Ctrl-S would stop us, deaf to every signal.
        now = termios.tcgetattr(self._in)
        now[_IFLAG] &= ~termios.IXON
        termios.tcsetattr(self._in, termios.TCSANOW, now)
        self._console.set_alt_screen(True)
        self._console.show_cursor(False)

    def _leave(self) -> None:
        """Each step even if one before it fails: the terminal may be gone."""
        with ExitStack() as stack:
            stack.callback(_as_far, self._restore)
            stack.callback(_as_far, lambda: self._console.set_alt_screen(False))
            stack.callback(_as_far, lambda: self._console.show_cursor(True))

    def _restore(self) -> None:
        termios.tcsetattr(self._in, termios.TCSADRAIN, self._before)

    def _suspend(self) -> None:
        """Ctrl-Z: the shell gets its terminal, and we have it again after ``fg``."""
        self._leave()
        ours = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, ours)
        self._before = termios.tcgetattr(self._in)
        self._enter()

    # Using it

    def draw(self, lines: Sequence[Text]) -> None:
        """
        Have *lines*, as many as it has, on it.  Raises OSError: there is none any more.
        """
        width, height = self.size
        self._console.size = width, height
        self._console.update_screen(Group(*lines))

    def clear(self) -> None:
        """Something else may have written there."""
        self._console.control(Control.clear())

    def wait(self, seconds: float | None, other: int) -> Happened:
        """
        Until a key, a signal, a new size, or that *other* can be read; at most so many
        *seconds*, None: however long.
        """
        if self._keys.undecided:
            seconds = ESCAPE
        ready, _, _ = select.select([self._in, self._wake, other], [], [], seconds)
        if self._wake in ready:
            ended = self._signalled(os.read(self._wake, 4096))
            if ended is not None:
                return Happened(ended=ended)
        if self._in in ready:
            return self._read()
        return Happened(self._keys.waited() if not ready else ())

    def _read(self) -> Happened:
        try:
            data = os.read(self._in, 4096)
        except OSError:  # EIO: the other end is closed
            data = b""
        return Happened(self._keys.feed(data)) if data else Happened(ended=0)

    def _signalled(self, numbers: bytes) -> int | None:
        for number in numbers:
            if number in ENDS:
                return number
        if signal.SIGTSTP in numbers:
            self._suspend()
        return None


def _nothing(_: int, __: FrameType | None) -> None:
    """What a signal means its number tells, which has woken the wait."""


def _as_far(step: Any) -> None:
    try:
        step()
    except (OSError, termios.error):
        pass
