"""
The largest packet that a path carries, found by asking for sizes.

Pure: a course of questions, each a size to send and how long to wait, and of answers.
Not here: who sends (``udp_probe``, ``syn_probe``), and what follows (``verdict``).

A host answers few probes: Linux sends six ICMP errors to a peer at once and one a
second from then on (icmp_ratelimit, networking/ip-sysctl).  Probes that are lost cost
none of these, so sizes are asked for from above, and the first that is answered ends
the row: four answers find one byte among 9,000.  And silence only counts where a
smaller probe right behind it is answered; where it is not, all further questions wait
until the host must be ready to answer one.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from bridge.net.mtu import MINIMUM_MTU


class Wait(Enum):
    """How long an answer is waited for; how long that is depends on the path."""

    SHORT = "about one round trip: others follow"
    LONG = "long enough for any answer"
    REST = "until a host answers again that has had to answer too much"


@dataclass(frozen=True, slots=True)
class Ask:
    """Send one packet of *size* bytes, IP header included, and wait."""

    size: int
    wait: Wait


@dataclass(frozen=True, slots=True)
class Reached:
    """The server has got a packet of *size* bytes."""

    size: int


@dataclass(frozen=True, slots=True)
class TooBig:
    """Somebody on the way says that no more than *mtu* bytes pass; 0: not how many."""

    size: int
    by: str
    """Its address; empty: this host."""
    mtu: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing passes at all: *by* whom, and *why*."""

    by: str
    why: str


Answer: TypeAlias = Reached | TooBig | Refused | None
"""None: nothing came in time."""
Course: TypeAlias = Generator[Ask, Answer, None]

LEAST = 576
"""What every path carries in practice; that this arrives shows that anything does."""

SMALLEST = MINIMUM_MTU[4]
"""No MTU is below it; who says so does not know, or lies."""

_TRIES = 3
_AT_ONCE = 6
"""ICMP errors that a host has for a peer at once (XRLIM_BURST_FACTOR, net/ipv4/icmp.c);
where more were had already, the last question is asked twice, and slowly."""

_ROW = 16
"""Sizes that are asked for at once, from above."""


class Search:
    """What is known, at any time, of a path that should carry *goal* bytes."""

    def __init__(self, goal: int) -> None:
        self.goal = goal
        self.passes = 0
        """The largest size that has arrived; 0: none has."""
        self.fails = goal + 1
        """The smallest size above it that has not, or need not."""
        self.told: TooBig | None = None
        """What was said of the least size."""
        self.refused: Refused | None = None
        self.silent = False
        """Something was lost of which nobody has said that it is too large."""
        self.settled = False
        """The search is over, and its result is sure."""
        self._answered = 0
        self._careful = False
        """The server is tired of answering."""
        self._least = min(LEAST, goal // 2)
        self._top = goal + 1
        """From here on nothing passes, as everybody knows."""

    def course(self) -> Course:
        """The questions, until it is settled or nothing more can be known."""
        yield from self._from_the_top()
        if not self.passes and self.refused is None:
            yield from self._insist(self._least)
        if not self.passes or self.refused is not None:
            return
        while not self.settled and self.refused is None:
            while self.fails - self.passes > 1:
                yield from self._row()
            if self.fails >= self._top:
                self.settled = True
            elif not (yield from self._confirm()):
                return

    def _from_the_top(self) -> Course:
        """What should pass; then what is said to, as long as somebody says less."""
        size = self.goal
        while not (yield from self._insist(size)):
            told = self.told
            if self.refused is not None or told is None or told.size != size:
                self.silent = self.refused is None
                return
            if not self._least < told.mtu < size:
                return
            size = told.mtu

    def _insist(self, size: int) -> Generator[Ask, Answer, bool]:
        """Whether *size* passes; silence is asked again."""
        for _ in range(_TRIES):
            answer = yield Ask(size, Wait.LONG)
            self._hear(answer)
            if self.passes >= size:
                return True
            if isinstance(answer, TooBig | Refused):
                return False
        self._lost(size)
        return False

    def _row(self) -> Course:
        """Sizes between what passes and what does not, the largest first."""
        yield from self._rest()
        passes, lost = self.passes, self.fails
        sizes = list(between(passes, lost))
        for size in sizes:
            wait = Wait.LONG if size == sizes[-1] else Wait.SHORT
            self._hear((yield Ask(size, wait)))
            if self.passes > passes:
                above = (size for size in (self.fails, *sizes) if size > self.passes)
                self.fails = min(above)
                return
            if self.fails <= size or self.refused is not None:  # somebody says so
                return
            lost = size
        answer = yield Ask(passes, Wait.LONG)
        self._hear(answer)
        if isinstance(answer, Reached):
            self._lost(lost)
        else:
            self._careful = True

    def _confirm(self) -> Generator[Ask, Answer, bool]:
        """Whether the byte above is lost indeed, or there is more to be looked for."""
        fails, sure = self.fails, 0
        self._careful = self._careful or self._answered >= _AT_ONCE
        for _ in range(_TRIES + 2):
            yield from self._rest()
            for _ in range(1 if self._careful else _TRIES):
                self._hear((yield Ask(fails, Wait.LONG)))
                if self.passes >= fails or self.fails < fails:
                    return True
            answer = yield Ask(self.passes, Wait.LONG)
            self._hear(answer)
            if self.passes >= fails:
                return True
            if isinstance(answer, Reached):
                sure += 1
                if not self._careful or sure == 2:
                    self.settled = True
                    return True
            self._careful = True
        return False

    def _rest(self) -> Course:
        if self._careful:
            yield Ask(self.passes, Wait.REST)

    def _lost(self, size: int) -> None:
        if size > self.passes:
            self.fails = min(self.fails, size)

    def _hear(self, answer: Answer) -> None:
        if isinstance(answer, Reached):
            self._answered += 1
            self.passes = max(self.passes, answer.size)
            if self._top <= self.passes:  # what was said is not so
                self._top = max(self.goal, self.passes) + 1
            if self.fails <= self.passes:  # that was lost by chance
                self.fails = self._top
        elif isinstance(answer, TooBig):
            usable = max(SMALLEST, self.passes) <= answer.mtu < answer.size
            most = answer.mtu if usable else answer.size - 1
            if most + 1 <= self._top:
                self._top, self.told = most + 1, answer
            self.fails = max(self.passes + 1, min(self.fails, self._top))
        elif isinstance(answer, Refused):
            self.refused = answer


def between(low: int, high: int) -> Iterator[int]:
    """
    Sizes that divide what lies between the two, from above; neither is one of them.

    >>> list(between(10, 14)), list(between(0, 160))[:3]
    ([13, 12, 11], [150, 140, 130])
    """
    step = max(1, -(-(high - low) // (_ROW + 1)))
    yield from range(high - step, low, -step)
