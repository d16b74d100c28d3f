"""
``bridgectl top`` on a terminal: looks, draws, hears keys, until it is told to end.

Not here: each of these (``top_asking`` and ``top_looks``, ``top_screen``,
``top_terminal`` and ``top_chosen``).
"""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from functools import partial

from bridge.control.ask import Gateway, RefusedError
from bridge.control.commands import DONE, FAILED, CommandError
from bridge.control.servers_command import ordered_lines
from bridge.control.tables import clean
from bridge.control.top_asking import Asking, Done
from bridge.control.top_chosen import Chosen, Order, Quit
from bridge.control.top_looks import Ask, Look, look, seen
from bridge.control.top_screen import Shown, screen
from bridge.control.top_terminal import Terminal

SHARE = 20
"""Looks take at most one of so many parts of the time: they cost the gateway work."""

SILENT = 3.0
"""Seconds after which a gateway that does not answer is told of."""

AGAIN = 1.0
"""Seconds until the next try to reach one that has gone, at least."""

_REMEMBERED = 64
"""Looks, of which the bars are."""


class Live:
    """The gateway behind the socket at *path*; a look every *interval* seconds."""

    def __init__(self, path: str, interval: float, terminal: Terminal) -> None:
        self._terminal = terminal
        self._chosen = Chosen(interval=interval)
        self._moved: deque[float] = deque(maxlen=_REMEMBERED)
        self._trouble = ""
        self._wanted = self._chosen.wanted(terminal.size[1])
        """What was asked for last."""
        self._look = look(Gateway(path).ask, self._wanted)
        self._seen = seen(self._look)
        self._due = self._look.at + min(1.0, interval)  # rates are known from then on
        self._began: float | None = None
        """When the look that is under way was; None: none is."""
        self._asking = Asking(path)

    def run(self) -> int:
        """Until the operator or a signal ends it: the exit code."""
        with self._terminal:
            ended = self._loop()
        if ended is None or ended == signal.SIGINT:
            return DONE
        if ended:  # as if it had never been caught
            signal.signal(ended, signal.SIG_DFL)
            os.kill(os.getpid(), ended)
        return FAILED

    def _loop(self) -> int | None:
        """Which signal has ended it; 0: the terminal is gone; None: a key."""
        while True:
            self._look_again()
            try:
                self._draw()
            except OSError:
                return 0
            happened = self._terminal.wait(self._pause(), self._asking.readable)
            if happened.ended is not None:
                return happened.ended
            for done in self._asking.done():
                done.then(done)
            if any(self._quits(key) for key in happened.keys):
                return None

    def _quits(self, key: str) -> bool:
        """Whether it is over with *key*."""
        if key == "redraw":
            self._terminal.clear()
            return False
        todo = self._chosen.press(key, self._seen)
        if isinstance(todo, Order):
            self._chosen.say(f"{todo.command}: the gateway is asked ...")
            self._asking.ask(partial(_carry_out, todo), self._carried_out)
        return isinstance(todo, Quit)

    # Looking

    def _look_again(self) -> None:
        """If it is time to, or something else is wanted than before."""
        if self._began is not None:
            return
        now = time.monotonic()
        wanted = self._chosen.wanted(self._terminal.size[1])
        changed = wanted != self._wanted and not self._trouble
        if changed or (now >= self._due and not self._chosen.paused):
            self._wanted, self._began = wanted, now
            self._asking.ask(partial(look, wanted=wanted), self._looked)

    def _pause(self) -> float | None:
        """Seconds until there is something to do; None: not before a key."""
        if self._began is not None:
            return AGAIN  # for how long it is silent, is told
        if self._chosen.paused:
            return None
        return max(0.0, min(AGAIN, self._due - time.monotonic()))

    def _looked(self, done: Done) -> None:
        began, self._began = self._began, None
        now = time.monotonic()
        if done.error is not None:
            self._failed(done.error, now)
            return
        answer: Look = done.answer
        self._trouble = ""
        self._due = (began or now) + max(self._chosen.interval, answer.took * SHARE)
        self._seen, self._look = seen(answer, self._look), answer
        rate = self._seen.rate
        if rate["up"] is not None and rate["down"] is not None:
            self._moved.append(rate["up"] + rate["down"])

    def _failed(self, error: CommandError, now: float) -> None:
        if isinstance(error, RefusedError) and self._chosen.refused(str(error)):
            self._due = now
            return
        self._trouble = str(error)
        self._due = now + max(AGAIN, self._chosen.interval)

    # Ordering

    def _carried_out(self, done: Done) -> None:
        if done.error is not None:
            self._chosen.say(str(done.error), bad=True)
            return
        self._chosen.say(done.answer)
        self._due = time.monotonic()

    # Showing

    def _draw(self) -> None:
        now = time.monotonic()
        trouble = self._trouble
        if not trouble and self._began is not None and now - self._began > SILENT:
            trouble = "the gateway does not answer: it hangs, or is stopped"
        shown = Shown(
            self._seen,
            self._chosen,
            tuple(self._moved),
            trouble,
            now - self._look.at,
            pending=self._began is not None,
        )
        self._terminal.draw(screen(shown, *self._terminal.size))


def _carry_out(order: Order, ask: Ask) -> str:
    """What has come of it.  Raises CommandError."""
    answer = ask(order.command, **order.args)
    if "servers" not in answer:
        return f"{clean(answer['killed'])}: killed"
    return "; ".join(ordered_lines(answer))
