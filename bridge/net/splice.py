"""
One direction of a session, moved inside the kernel: socket -> pipe -> socket.

Here: ``Splice``, which is one direction, and ``Pipes``, which lends it a pipe.  The
only file that calls ``splice`` (splice(2)).

The pipe is the whole trick.  All directions of a pump share one *scratch* pipe, which
is empty whenever nobody is inside ``move``.  So "would block" on the way in can only
mean "no data", never "pipe full"; and a session that is not stalled owns no pipe at
all.  Only a direction whose sink is full keeps the pipe, with the bytes in it, and
the pump gets another scratch.  When no more pipes may be had (descriptors, or the
64 MiB that ``fs.pipe-user-pages-soft`` gives an ordinary user), the bytes are taken
out into memory instead: never more than CHUNK of them, whichever way.

splice(2) stops at an urgent mark, and calls that "would block", or, where a FIN or a
reset is queued behind the mark, the end, or the reset (tcp_splice_read,
net/ipv4/tcp.c).  recv(2) gets past it, so whatever splice(2) says is asked of recv(2)
before it is believed, unless the pump has told that there is no mark.  The byte goes on
as ordinary data (RFC 6093, section 5).

A pipe is not only left with bytes when the sink is full.  splice(2) also stops at a
signal, with room in the sink and thus no edge to come (splice_to_socket, fs/splice.c);
so after each short count the pump is asked to look again.

Nothing is created per chunk.  A chunk is two system calls and one addition.
"""

from __future__ import annotations

import fcntl
import os
from os import splice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

    from bridge.net.direction import Owner
    from bridge.net.pump import Pump
    from bridge.net.stream import Stream

FLAGS = os.SPLICE_F_MOVE | os.SPLICE_F_NONBLOCK

LAST_FLAGS = FLAGS | os.SPLICE_F_MORE
"""
For bytes that a FIN follows within the same call of ``move``: it goes with them, in one
segment.  Anywhere else SPLICE_F_MORE would hold back a short segment like TCP_CORK.
"""

PIPE_SIZE = 1024 * 1024
"""
Asked of F_SETPIPE_SZ (fcntl(2)): ``fs.pipe-max-size``'s default.

A pipe counts slots, not bytes: each fragment of a received packet takes one of its
256, be it 1448 bytes or 32 KiB.
"""

CHUNK = PIPE_SIZE
"""
Most bytes moved by one system call, and so the most a stalled direction holds.

Measured: at 256 KiB a bulk flow costs 1.5 times, at 512 KiB 1.1 times the CPU per byte.
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
        self._spare: list[Pipe] = []
        self.scratch: Pipe = _new_pipe(smallest=0)
        self._grow_later()

    def keep(self) -> Pipe | None:
        """
        Take the scratch pipe away, bytes and all; None when there is no other.

        The caller owns it until ``give_back`` or ``discard``.
        """
        if self._spare:
            other = self._spare.pop()
        elif self.kept + 1 >= self.most:
            return None
        else:
            try:
                other = _new_pipe(smallest=SMALLEST_PIPE)
            except OSError:  # EMFILE, ENFILE, or too small to be of use
                return None
        mine, self.scratch = self.scratch, other
        self.kept += 1
        if other[2] < _SLOTS:
            self._grow_later()
        return mine

    def give_back(self, pipe: Pipe) -> None:
        """Return a kept pipe; it is empty again, and so is the scratch pipe now."""
        self.kept -= 1
        if pipe[2] > self.scratch[2]:
            pipe, self.scratch = self.scratch, pipe
        if pipe[2] < _SMALLEST_SLOTS:  # not for a direction to keep
            _close(pipe)
        elif len(self._spare) < 64:
            self._spare.append(pipe)
        else:
            _close(pipe)

    def discard(self, pipe: Pipe) -> None:
        """Return a kept pipe that still holds bytes: nobody may get it."""
        self.kept -= 1
        _close(pipe)

    def empty_scratch(self, size: int) -> bytes:
        """Take *size* bytes, all there are, out of the scratch pipe."""
        self.spilled += 1
        return os.read(self.scratch[0], size)

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


class Splice:
    """
    One direction of a session.

    ``move`` is called whenever the source may have bytes or the sink may have room;
    calling it too often does no harm.  It never calls itself, and tells the owner
    at most once that the direction is over.
    """

    __slots__ = (
        "_from", "_kept", "_owner", "_pipes", "_pump", "_reset", "_spilled", "_to",
        "bytes", "ended", "held", "over", "piecemeal", "sink", "source", "urgent",
    )  # fmt: skip

    def __init__(
        self, pipes: Pipes, source: Stream, sink: Stream, owner: Owner
    ) -> None:
        self._pipes = pipes
        self._pump: Pump = source.pump
        self._owner = owner
        self._from = source.fd
        self._to = sink.fd
        self._kept: Pipe | None = None
        self._spilled = b""
        self._reset: OSError | None = None  # said, and taken note of: an "end" follows
        self.source = source
        self.sink = sink
        self.bytes = 0
        """Received from the source."""
        self.held = 0
        """Of those: waiting for room in the sink."""
        self.ended = False
        """A FIN or reset is queued at the source: only reading to 0 bytes shows it."""
        self.urgent = False
        """There may be an urgent mark, which splice(2) will not pass."""
        self.piecemeal = False
        """A short read does not prove the source empty."""
        self.over = False

    def move(self) -> None:
        """
        Move one chunk, and ask to be run again unless that was all there is.

        Others get their turn between two chunks, which is fair, and cheaper too: bytes
        that arrive meanwhile go with the next chunk, and fewer, fuller ones cost less
        (measured: 0.37 s/GB when each wake-up reads until "would block", 0.26 so).
        """
        if self.over or (self.held and not self._flush()):
            return
        reading, writing, slots = self._pipes.scratch
        while True:
            try:
                got = splice(self._from, writing, CHUNK, None, None, FLAGS)
            except BlockingIOError:
                if not self.urgent or not (got := self._look_beyond(writing)):
                    return
            except OSError as error:
                self._reset = error
                if not (got := self._look_beyond(writing)):
                    return
            if not got and not (got := self._look_beyond(writing)):
                return
            self.bytes += got
            # So few bytes cannot have filled the pipe: the socket is empty.
            drained = got < slots and not self.piecemeal
            flags = LAST_FLAGS if drained and self.ended else FLAGS
            try:
                sent = splice(reading, self._to, got, None, None, flags)
            except BlockingIOError:
                sent = 0
            except OSError as error:
                self._keep(got)
                self._break(self.sink, error)
                return
            if sent != got:
                self._keep(got - sent)
                if sent:
                    self._pump.rearm(self._to, self)
                return
            if not drained:
                self._pump.again(self)
                return
            # Unless a FIN follows, of which no further edge would tell.
            if not self.ended:
                return

    run = move

    def fail(self, stream: Stream) -> None:
        """*stream*'s socket reports an error; what it received may still be read."""
        self._owner.broken(stream)

    def stop(self) -> None:
        """Move no more.  What is held is lost, and stays counted in ``held``."""
        self.over = True
        self._spilled = b""
        if self._kept is not None:
            self._pipes.discard(self._kept)
            self._kept = None

    def crashed(self) -> None:
        self._owner.crashed()

    def _keep(self, rest: int) -> None:
        """The sink is full: hold the *rest* that is in the scratch pipe."""
        self.held = rest
        self._kept = self._pipes.keep()
        if self._kept is None:
            self._spilled = self._pipes.empty_scratch(rest)

    def _flush(self) -> bool:
        """Pass on what is held.  True when nothing is left."""
        try:
            if self._kept is None:
                sent = os.write(self._to, self._spilled)
                self._spilled = self._spilled[sent:]
            else:
                sent = splice(self._kept[0], self._to, self.held, None, None, FLAGS)
        except BlockingIOError:
            return False
        except OSError as error:
            self._break(self.sink, error)
            return False
        self.held -= sent
        if self.held:
            self._pump.rearm(self._to, self)
            return False
        if self._kept is not None:
            self._pipes.give_back(self._kept)
            self._kept = None
        return True

    def _look_beyond(self, writing: int) -> int:
        """
        splice(2) found nothing: step over the urgent mark, if that is why.

        How many bytes are in the scratch pipe now.  When none are, that is the truth of
        the source, and the owner has been told where there was something to tell.
        """
        sure = self.ended and not self.urgent and not self._reset
        try:
            byte = b"" if sure else self.source.socket.recv(1)
        except OSError as error:
            if self._reset or not isinstance(error, BlockingIOError):
                self._break(self.source, self._reset or error)
            else:  # all marks are passed; another one tells of itself
                self.urgent = self.source.urgent = False
                self.piecemeal = self.source.piecemeal
            return 0
        if byte:
            return os.write(writing, byte)
        if self._reset is not None:
            self._break(self.source, self._reset)
        else:
            self.over = True
            self._owner.finished(self)
        return 0

    def _break(self, stream: Stream, error: OSError) -> None:
        """*stream* failed under us."""
        self.over = True
        self._owner.broken(stream, error)
