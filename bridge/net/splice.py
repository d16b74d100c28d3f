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

_PAGE = os.sysconf("SC_PAGE_SIZE")

Pipe = tuple[int, int, int]
"""Reading end, writing end, number of slots."""


class Pipes:
    """
    The scratch pipe, and the pipes that stalled directions keep.

    *most* bounds how many exist, each two descriptors.
    """

    def __init__(self, most: int = 1024) -> None:
        self.most = most
        self.kept = 0
        """Pipes with bytes in them, owned by a stalled direction."""
        self.spilled = 0
        """How often a stalled direction's bytes went to memory instead."""
        self._spare: list[Pipe] = []
        self.scratch: Pipe = _new_pipe(smallest=0)

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
        return mine

    def give_back(self, pipe: Pipe) -> None:
        """Return a kept pipe; it is empty again."""
        self.kept -= 1
        if len(self._spare) < 64:
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

    def close(self) -> None:
        for pipe in (self.scratch, *self._spare):
            _close(pipe)
        self._spare.clear()


def _new_pipe(smallest: int) -> Pipe:
    """
    A pipe of PIPE_SIZE or what an ordinary user may still have.

    Raises OSError when there is none, or none of *smallest* bytes.
    """
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    size = PIPE_SIZE
    while size >= SMALLEST_PIPE:
        try:
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, size)
            break
        except PermissionError:  # over pipe-max-size, or over pipe-user-pages-soft
            size //= 2
    size = fcntl.fcntl(writing, fcntl.F_GETPIPE_SZ)
    pipe = reading, writing, size // _PAGE
    if size < smallest:
        _close(pipe)
        raise OSError(f"a pipe of {size} bytes is too small")
    return pipe


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
        "_from", "_kept", "_owner", "_pipes", "_pump", "_spilled", "_to", "bytes",
        "ended", "held", "over", "sink", "source", "urgent",
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
        self.source = source
        self.sink = sink
        self.bytes = 0
        """Received from the source."""
        self.held = 0
        """Of those: waiting for room in the sink."""
        self.ended = False
        """A FIN or reset is queued at the source: only reading to 0 bytes shows it."""
        self.urgent = False
        """The source sent urgent data, which splice(2) will not pass."""
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
                if not self.urgent or not (got := self._take_urgent(writing)):
                    return
            except OSError as error:
                self._break(self.source, error)
                return
            if not got:
                self.over = True
                self._owner.finished(self)
                return
            self.bytes += got
            # So few bytes cannot have filled the pipe: the socket is empty.
            drained = got < slots and not self.urgent
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
                    self._pump.rearm(self._to)
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
            self._pump.rearm(self._to)
            return False
        if self._kept is not None:
            self._pipes.give_back(self._kept)
            self._kept = None
        return True

    def _take_urgent(self, writing: int) -> int:
        """
        Step over an urgent mark, if that is what stopped us.

        splice(2) stops at the mark for ever (tcp_read_sock, net/ipv4/tcp.c); recv(2)
        gets past it.  The byte goes on as ordinary data (RFC 6093, section 5).
        """
        try:
            return os.write(writing, self.source.socket.recv(1))
        except OSError:  # nothing there; or a reset, of which the pump tells as well
            return 0

    def _break(self, stream: Stream, error: OSError) -> None:
        """*stream* failed under us."""
        self.over = True
        self._owner.broken(stream, error)
