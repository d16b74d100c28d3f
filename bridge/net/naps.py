"""
Wake up less where bytes come in pieces: sleep a moment, and find more of them.

Here: when, and for how long.  Not here: sources that tell of nothing before they have
much (``floods``), which is for flows that last.

What a link or a sender's pacing lets through comes a few segments at a time, and who
wakes up for each few of them pays for a switch of tasks and two splices each time.  So
the pump does what network cards do (*adaptive-rx* in ethtool(8)): while pieces are much
of what it is told of, and nothing is to be done, it sleeps for a tenth of a millisecond
before it asks for more.

Who talks back and forth does not wait for that.  A piece counts only if one went the
same way before it and nothing went back meanwhile; there must be few events beside; and
what was slept in vain counts against the next sleep.
"""

from __future__ import annotations

from time import sleep
from typing import TYPE_CHECKING

from bridge.net.marks import FLOWS

if TYPE_CHECKING:
    from select import epoll

    from bridge.net.marks import Marked

PIECE = 16 * 1024
"""Bytes of a chunk, from which on it is a piece of more."""

NAP = 0.0001
"""
Seconds; some half as much again with the slack of the kernel's timers
(PR_SET_TIMERSLACK in prctl(2)).
"""

WINDOW = 64
"""Events after which it is decided anew."""

SHARE = 3
"""One of so many, at least, must have been a piece that counts."""

IN_VAIN = 4
"""Nothing has come in a sleep: that is as so many events that were no pieces."""


class Naps:
    """Those of one pump."""

    __slots__ = ("_allowed", "_pieces", "due", "told")

    def __init__(self) -> None:
        self.due = False
        """One is to be taken as soon as there is nothing to do."""
        self.told = 0
        """Events since it was decided: the pump counts them."""
        self._allowed = False
        self._pieces = 0
        """Since then: such that count."""

    def note(self, got: int, source: Marked, sink: Marked) -> None:
        """
        *got* bytes go from *source* to *sink*.

        To be called for a PIECE and more, and for any if *sink* is marked as one that
        FLOWS.
        """
        sink.marks &= ~FLOWS
        if got < PIECE:
            return
        if not source.marks & FLOWS:
            source.marks |= FLOWS
            return
        self._pieces += 1
        if self.told > WINDOW:
            self._allowed = self._pieces * SHARE >= self.told
            self.told = self._pieces = 0
        self.due = self._allowed

    def take(self, told: epoll, most: int, patience: float) -> list[tuple[int, int]]:
        """
        Sleep, and what is *told* then: at most *most* events.

        If there are none, what is told within *patience* seconds.
        """
        self.due = False
        sleep(NAP)
        events = told.poll(0, most)
        if events:
            return events
        self.told += IN_VAIN
        return told.poll(patience, most)
