"""
The pipes that splices borrow.

Here: ``Pipes``, the scratch pipe that all directions of a pump share, and those that
stalled ones keep.  Not here: what goes through them (``splice``).
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

PIPE_SIZE = 1024 * 1024
"""
Asked of F_SETPIPE_SZ (fcntl(2)): ``fs.pipe-max-size``'s default.

A pipe counts slots, not bytes: each fragment of a received packet takes one of its
256, be it 1448 bytes or 32 KiB.
"""

SMALLEST_PIPE = 64 * 1024
"""A smaller one would slow every session down; memory is better (see ``keep``)."""

GROW = 10.0
"""
Seconds until a scratch pipe that is smaller than PIPE_SIZE tries to grow: what others
of this user held may be free by then.  A pipe given back is tried at once.
"""

_PAGE = os.sysconf("SC_PAGE_SIZE")

_SLOTS = PIPE_SIZE // _PAGE
_SMALLEST_SLOTS = SMALLEST_PIPE // _PAGE

Pipe = tuple[int, int, int]
"""Reading end, writing end, number of slots."""


class Pipes:
    """
    The scratch pipe, and the pipes that stalled directions keep.

    *most* bounds how many exist, each two descriptors.  *clock*: without one the
    scratch pipe only grows when another is given back.
    """

    def __init__(self, most: int = 1024, clock: IReactorTime | None = None) -> None:
        self.most = most
        self._clock = clock
        self._growth: IDelayedCall | None = None
        self.kept = 0
        """Pipes with bytes in them, owned by a stalled direction."""
        self.spilled = 0
        """How often a stalled direction's bytes went to memory instead."""
        self.rests: dict[object, Pipe | bytes] = {}
        """What those hold, in a pipe or in memory: an idle one has no place for it."""
        self._spare: list[Pipe] = []
        self.scratch: Pipe = _new_pipe(smallest=0)
        self._grow_later()

    def keep(self, holder: object, size: int) -> None:
        """
        Keep for *holder* the *size* bytes that are in the scratch pipe: in that, or in
        memory when there is no other pipe to be had.

        They are among the ``rests`` until ``give_back`` or ``discard``.
        """
        other = self._another()
        if other is None:
            self.spilled += 1
            self.rests[holder] = os.read(self.scratch[0], size)
            return
        self.rests[holder], self.scratch = self.scratch, other
        self.kept += 1
        if other[2] < _SLOTS:
            self._grow_later()

    def _another(self) -> Pipe | None:
        if self._spare:
            return self._spare.pop()
        if self.kept + 1 >= self.most:
            return None
        try:
            return _new_pipe(smallest=SMALLEST_PIPE)
        except OSError:  # EMFILE, ENFILE, or too small to be of use
            return None

    def give_back(self, holder: object) -> None:
        """*holder* has passed on all it held; the scratch pipe is empty, too."""
        pipe = self.rests.pop(holder)
        if isinstance(pipe, bytes):
            return
        self.kept -= 1
        if pipe[2] > self.scratch[2]:
            pipe, self.scratch = self.scratch, pipe
        if pipe[2] < _SMALLEST_SLOTS:  # not for a direction to keep
            _close(pipe)
        elif len(self._spare) < 64:
            self._spare.append(pipe)
        else:
            _close(pipe)

    def discard(self, holder: object) -> None:
        """What *holder* holds, if it does, is lost: nobody may get such a pipe."""
        pipe = self.rests.pop(holder, b"")
        if not isinstance(pipe, bytes):
            self.kept -= 1
            _close(pipe)

    def _grow_later(self) -> None:
        small = self.scratch[2] < _SLOTS
        if small and self._clock is not None and self._growth is None:
            self._growth = self._clock.callLater(GROW, self._grow)

    def _grow(self) -> None:
        """From a timer, so the scratch pipe is empty."""
        self._growth = None
        reading, writing, _ = self.scratch
        self.scratch = reading, writing, _widen(writing)
        self._grow_later()

    def close(self) -> None:
        if self._growth is not None:
            self._growth.cancel()
            self._growth = None
        for pipe in (self.scratch, *self._spare):
            _close(pipe)
        self._spare.clear()


def _new_pipe(smallest: int) -> Pipe:
    """
    A pipe of PIPE_SIZE or what an ordinary user may still have.

    Raises OSError when there is none, or none of *smallest* bytes.
    """
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        slots = _widen(writing)
        if slots * _PAGE < smallest:
            raise OSError(f"a pipe of {slots} pages is too small")
    except BaseException:
        os.close(reading)
        os.close(writing)
        raise
    return reading, writing, slots


def _widen(writing: int) -> int:
    """Make an empty pipe as large as may be.  How many slots it has then."""
    size = PIPE_SIZE
    slots = fcntl.fcntl(writing, fcntl.F_GETPIPE_SZ) // _PAGE
    while size >= SMALLEST_PIPE and size > slots * _PAGE:
        try:
            return fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, size) // _PAGE
        except OSError:  # over pipe-max-size or pipe-user-pages-soft, or no memory
            size //= 2
    return slots


def _close(pipe: Pipe) -> None:
    os.close(pipe[0])
    os.close(pipe[1])
