"""
One direction of a session, moved through memory: where a side has TLS.

Here: ``Relay``, which stands in for a ``Splice``.  Not here: how records become
plaintext (``seal``), or what an end of TLS looks like on the socket (``tls``).

Nobody owns a buffer.  A chunk is read into the one that all share, and written from it
within the same call; only what the sink's kernel did not take is copied, and kept until
it is: never more than one chunk, and the source is not read meanwhile.
"""

from __future__ import annotations

from socket import MSG_MORE
from typing import TYPE_CHECKING, Protocol

from bridge.net.seal import SIZE, text
from bridge.net.tls import TLSStream

if TYPE_CHECKING:
    from bridge.net.direction import Owner
    from bridge.net.stream import Stream

CHUNKS = 4
"""
Moved before others get their turn, SIZE bytes each: some 150 microseconds with
AES-GCM, so a small request does not wait long.  Each turn costs an epoll_wait.
"""


class End(Protocol):
    """One end of a relay: a TLSStream, or a stream without TLS made to look like it."""

    drained: bool
    """The last ``pull`` left nothing in the socket, unless its end."""

    def pull(self) -> int:
        """
        Read into ``text``: how many bytes; 0 at the end; -1 when there are none now.

        Raises OSError when the connection was reset, or cut off.
        """

    def push(self, size: int, flags: int = 0) -> int:
        """
        Send that many bytes of ``text``: how many the kernel did not take.

        Those are kept, for ``flush``.  *flags* are send(2)'s.  Raises OSError.
        """

    def flush(self) -> int:
        """Send what was kept: how many bytes are left of it.  Raises OSError."""


class Clear:
    """A *stream* without TLS, as one end of a relay."""

    __slots__ = ("_rest", "_socket", "drained")

    def __init__(self, stream: Stream) -> None:
        self._socket = stream.socket
        self._rest = b""
        self.drained = False

    def pull(self) -> int:
        try:
            size = self._socket.recv_into(text, SIZE)
        except BlockingIOError:
            self.drained = True
            return -1
        self.drained = size < SIZE
        return size

    def push(self, size: int, flags: int = 0) -> int:
        try:
            sent = self._socket.send(text[:size], flags)
        except BlockingIOError:
            sent = 0
        if sent != size:
            self._rest = text[sent:size].tobytes()
        return size - sent

    def flush(self) -> int:
        try:
            self._rest = self._rest[self._socket.send(self._rest) :]
        except BlockingIOError:
            pass
        return len(self._rest)


def _end(stream: Stream) -> End:
    return stream if isinstance(stream, TLSStream) else Clear(stream)


class Relay:
    """One direction of a session, as ``Direction`` has it."""

    __slots__ = (
        "_from", "_owner", "_pump", "_to", "bytes", "ended", "held", "over",
        "piecemeal", "sink", "source", "urgent",
    )  # fmt: skip

    def __init__(self, source: Stream, sink: Stream, owner: Owner) -> None:
        self._pump = source.pump
        self._owner = owner
        self._from = _end(source)
        self._to = _end(sink)
        self.source = source
        self.sink = sink
        self.bytes = 0
        self.held = 0
        self.ended = False
        self.urgent = False
        self.piecemeal = False
        self.over = False

    def move(self) -> None:
        """Move some chunks, and ask to be run again unless that was all there is."""
        if self.over or (self.held and not self._flush()):
            return
        source, sink = self._from, self._to
        for _ in range(CHUNKS):
            try:
                got = source.pull()
            except OSError as error:
                self._break(self.source, error)
                return
            if got > 0:
                self.bytes += got
                # recv(2) may stop with more behind it, at an urgent mark for instance.
                drained = source.drained and not self.piecemeal
                # An end that follows goes with the last bytes, in one segment.
                flags = MSG_MORE if drained and self.ended else 0
                try:
                    self.held = sink.push(got, flags)
                except OSError as error:
                    self.held = got
                    self._break(self.sink, error)
                    return
                if self.held:
                    return
                if drained and not self.ended:
                    return
            elif got == 0:
                self.over = True
                self._owner.finished(self)
                return
            elif source.drained:
                if self.urgent:  # all marks are passed; another one tells of itself
                    self.urgent = self.source.urgent = False
                    self.piecemeal = self.source.piecemeal
                return
        self._pump.again(self)

    run = move

    def fail(self, stream: Stream) -> None:
        self._owner.broken(stream)

    def stop(self) -> None:
        self.over = True

    def crashed(self) -> None:
        self._owner.crashed()

    def _flush(self) -> bool:
        """Pass on what is held.  True when nothing is left."""
        try:
            self.held = self._to.flush()
        except OSError as error:
            self._break(self.sink, error)
            return False
        return not self.held

    def _break(self, stream: Stream, error: OSError) -> None:
        """*stream* failed under us."""
        self.over = True
        self._owner.broken(stream, error)
