"""One direction through one filter of a trial: what has come and what is to be done."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.filters.answers import (
    Answer,
    Answers,
    Close,
    Dial,
    Drop,
    Meet,
    Pass,
    PassRest,
    Refuse,
    Secure,
    Send,
    Wait,
    Want,
)

LAST = (Want, Wait, PassRest, Refuse, Close, Secure, Meet)
"""Nothing may follow them."""


@dataclass(slots=True, eq=False)
class Way:
    """It knows what is next, and not what that makes happen."""

    show: Callable[[bytes, bool], Answers]
    further: Way | None = None
    """Through the next filter; None: that was the last one."""
    other: Way = field(init=False)
    """The other direction through the same one."""
    left: bytearray = field(default_factory=bytearray)
    """What it has not answered for."""
    to_do: deque[Answer] = field(default_factory=deque)
    passing: Pass | None = None
    """What goes on unseen; ``rest``: all that follows does."""
    rest: bool = False
    want: Want | None = None
    fresh: bool = False
    """Something has come since it said so."""
    waits: bool = False
    whole: bool = False
    """It waits for all that has come the other way."""
    tells_other: bool = False
    """It has done something that the other direction may wait for."""
    retires: bool = False
    """The server is to be replaced when all is done."""
    ended: bool = False
    ending: bool = False
    """The end has been shown, and is passed on when all is done."""
    over: bool = False
    """It has been."""
    busy: bool = False

    def add(self, data: bytes, ended: bool) -> None:
        if self.ended:
            return
        self.left += data
        self.ended = ended
        self.fresh = True

    def take(self, count: int) -> bytes:
        taken = bytes(self.left[:count])
        del self.left[:count]
        return taken

    def skip(self, count: int | None) -> None:
        """So many of those that were shown are answered for; None: all."""
        if count is not None and count > len(self.left):
            raise ValueError(f"answers for {count} bytes of {len(self.left)}")
        self.left[:count] = b""

    def pass_on(self, passing: Pass) -> bytes:
        """
        As much as is there of it.  What the end cuts short remains in its count, and
        takes along what was answered behind it.
        """
        taken = self.take(passing.count)
        passing.count -= len(taken)
        if not passing.count:
            self.passing = None
        elif self.ended:
            self.passing = self.want = None
            self.waits = self.ending = self.retires = False
            self.to_do.clear()
        return taken

    def shown(self) -> tuple[bytes, bool]:
        """What is to be shown now, and whether nothing can come behind it."""
        want, self.want = self.want, None
        shown = bytes(self.left[: want.most] if want else self.left)
        return shown, self.ended and len(shown) == len(self.left)

    def answered(self, answers: Answers, ending: bool) -> None:
        """*answers* for what was shown; *ending*: with the end behind it."""
        self.add_answers(answers)
        self.ending = ending and not (self.want or self.waits)
        self.tells_other |= any(not isinstance(each, Want | Wait) for each in answers)
        self.tells_other |= not answers

    def add_answers(self, answers: Answers) -> None:
        """Do these too."""
        if any(isinstance(each, LAST) for each in answers[:-1]):
            raise ValueError(f"something follows what has to be the last of {answers}")
        last = answers[-1] if answers else None
        if isinstance(last, Want):
            self.want, self.fresh = last, False
        elif isinstance(last, Wait):
            self.waits, self.whole = True, last.whole
        self.to_do.extend(answers)

    @property
    def ready(self) -> bool:
        """There is something to show, and nobody is waited for."""
        if self.over or self.waits or self.rest or (self.want and not self.fresh):
            return False
        return bool(self.left) or self.ended

    @property
    def at_end(self) -> bool:
        """All is done, and the end is next."""
        return (
            self.ended and (self.ending or self.rest) and not (self.left or self.over)
        )


def needs_another(answers: Answers) -> bool:
    """Of what answers the end or the loss of a server: the client's side is kept."""
    return any(isinstance(each, Dial | Want) for each in answers)


def answered_for(answers: Answers, there: int) -> int:
    """How many of the bytes that are *there* *answers* are for."""
    at = 0
    for each in answers:
        if isinstance(each, Send):
            at = there if each.instead is None else at + each.instead
        elif isinstance(each, Drop | Pass):
            at += each.count
    return min(at, there)
