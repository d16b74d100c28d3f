"""
What is noted of a stream: bits of one number.

There are two streams a session, and an attribute for each of these took more than all
the rest of an idle one.  Who is in a hurry looks at ``marks``; others have attributes.
"""

from __future__ import annotations

from typing import Protocol

ENDED = 1
"""The other end's FIN has arrived; bytes may be queued before it."""

FINISHED = 512
"""That was told without an error: behind what is queued comes the end, and no reset."""

URGENT = 2
"""The other end sent urgent data, and not all of it is known to be read."""

IN_PIECES = 4
"""It is a unix socket: see ``Connected.piecemeal``."""

HASTENED = 8
"""Its window was probed more often than the kernel does by itself."""

WAITING = 16
"""There may be bytes: an edge was seen, and "would block" not since."""

PAUSED = 32
"""Its protocol is to get none of them for now."""

CLOSING = 64
"""It was asked to close, or to abort."""

CLOSED = 128
"""By us: its socket is closed, or will be at the end of the pump's round."""

FLOWS = 256
"""A piece of more has come of it, and nothing went back since (``naps``)."""

PIECEMEAL = URGENT | IN_PIECES


class Marked(Protocol):
    """Of which they are."""

    marks: int


class Mark:
    """Whether one *bit* of the marks is set, as an attribute."""

    def __init__(self, bit: int) -> None:
        self._bit = bit

    def __get__(self, marked: Marked, kind: object = None) -> bool:
        return bool(marked.marks & self._bit)

    def __set__(self, marked: Marked, value: bool) -> None:
        if value:
            marked.marks |= self._bit
        else:
            marked.marks &= ~self._bit
