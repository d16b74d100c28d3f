"""
One direction of a session, moved inside the kernel: socket -> pipe -> socket.

Here: ``Splice``, the only caller of splice(2).  Not here: where its pipes come from
(``pipes``), and what it shares with directions through memory (``direction``).

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

import os
from os import splice
from typing import TYPE_CHECKING

from bridge.net.pipes import PIPE_SIZE, Pipe, Pipes

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

CHUNK = PIPE_SIZE
"""
Most bytes moved by one system call, and so the most a stalled direction holds.

Measured: at 256 KiB a bulk flow costs 1.5 times, at 512 KiB 1.1 times the CPU per byte.
"""


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
