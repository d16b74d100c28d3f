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

from bridge.net.direction import Direction
from bridge.net.marks import ENDED, FINISHED, FLOWS, PIECEMEAL, URGENT
from bridge.net.naps import PIECE
from bridge.net.pipes import PIPE_SIZE

if TYPE_CHECKING:
    from bridge.net.direction import Owner
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


class Splice(Direction):
    """
    One direction of a session, through its pump's pipes.

    It moves one chunk in a turn.  Others get theirs between two, which is fair, and
    cheaper too: bytes that arrive meanwhile go with the next chunk, and fewer, fuller
    ones cost less (measured: 0.37 s/GB when each wake-up reads until "would block",
    0.26 so).
    """

    __slots__ = ()

    def move(self) -> None:
        """Move one chunk, and ask to be run again unless that was all there is."""
        if self.over or (self.held and not self._flush()):
            return
        source, sink, most = self.source, self.sink, CHUNK
        reading, writing, slots = source.pump.pipes.scratch
        while True:
            if self.limit is not None and not (most := self._left(CHUNK)):
                return
            try:
                got = splice(source.socket.fileno(), writing, most, None, None, FLAGS)
            except BlockingIOError:
                if not source.marks & URGENT:
                    return
                got = 0
            except OSError as error:
                source.lost, got = error, 0  # it says so once: an "end" follows
            if not got and not (got := self._look_beyond(writing)):
                return
            self.bytes += got
            if got >= PIECE or sink.marks & FLOWS:
                source.pump.naps.note(got, source, sink)
            # So few cannot have filled the pipe, nor are they all that may be moved.
            drained = got < slots and got != most and not source.marks & PIECEMEAL
            flags = LAST_FLAGS if drained and source.marks & ENDED else FLAGS
            try:
                sent = splice(reading, sink.socket.fileno(), got, None, None, flags)
            except BlockingIOError:
                sent = 0
            except OSError as error:
                self._keep(got)
                self._break(sink, error)
                return
            if sent != got:
                self._keep(got - sent, some=sent > 0)
                return
            if flags != LAST_FLAGS:
                if not drained:
                    self._go_on()
                return
            if source.marks & FINISHED:
                break  # else it is asked for what follows: no other edge tells
        self.over = True
        self._owner.finished(self)

    run = move

    def _go_on(self) -> None:
        """There may be more, in another turn."""
        if self.bytes == self.limit:
            self._pass_back()
        else:
            self.source.pump.again(self)

    def flows(self) -> None:
        """Fewer, fuller chunks cost less."""
        self.source.pump.flood(self)

    def stop(self) -> None:
        self.over = True
        self.source.pump.pipes.discard(self)

    def _keep(self, rest: int, *, some: bool = False) -> None:
        """The sink is full: hold the *rest* that is in the pipe, if *some* has gone."""
        self.held = rest
        self.source.pump.pipes.keep(self, rest)
        if some:
            self.sink.pump.rearm(self.sink.fd, self)

    def _flush(self) -> bool:
        """Pass on what is held.  True when nothing is left."""
        pipes, sink = self.source.pump.pipes, self.sink
        rest = pipes.rests[self]
        try:
            if isinstance(rest, bytes):
                sent = os.write(sink.fd, rest)
                pipes.rests[self] = rest[sent:]
            else:
                sent = splice(rest[0], sink.fd, self.held, None, None, FLAGS)
        except BlockingIOError:
            return False
        except OSError as error:
            self._break(sink, error)
            return False
        self.held -= sent
        if self.held:
            sink.pump.rearm(sink.fd, self)
            return False
        pipes.give_back(self)
        return True

    def _look_beyond(self, writing: int) -> int:
        """
        splice(2) found nothing: step over the urgent mark, if that is why.

        How many bytes are in the scratch pipe now.  When none are, that is the truth of
        the source, and the owner has been told where there was something to tell.
        """
        source = self.source
        reset = source.lost if isinstance(source.lost, OSError) else None
        sure = not reset and source.marks & (ENDED | URGENT) == ENDED
        try:
            byte = b"" if sure else source.socket.recv(1)
        except OSError as error:
            if reset or not isinstance(error, BlockingIOError):
                self._break(source, reset or error)
            else:  # all marks are passed; another one tells of itself
                self._pass_urgent()
            return 0
        if byte:
            return os.write(writing, byte)
        if reset is not None:
            self._break(source, reset)
        else:
            self.over = True
            self._owner.finished(self)
        return 0


class Bounded(Splice):
    """One that may be told how much to move; others have no room for that."""

    __slots__ = ("limit",)

    def __init__(self, source: Stream, sink: Stream, owner: Owner) -> None:
        Splice.__init__(self, source, sink, owner)
        self.limit = None
