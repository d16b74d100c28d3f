"""
One direction of a session, moved through memory: where a side has TLS.

Here: ``Relay``, which stands in for a ``Splice``.  Not here: how records become
plaintext (``seal``), or what an end of TLS looks like on the socket (``tls``).

No direction owns a buffer.  A chunk is read into the pump's channel, and written from
it within the same call; only what the sink's kernel did not take is copied, and kept
until it is: never more than one chunk, and the source is not read meanwhile.
"""

from __future__ import annotations

from socket import MSG_MORE
from typing import TYPE_CHECKING, Protocol

from bridge.net.direction import Direction
from bridge.net.marks import ENDED, PIECEMEAL, URGENT
from bridge.net.seal import SIZE, TEXT_ROOM
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

    def pull(self, most: int) -> int:
        """
        Read into the channel's text: how many bytes, of *most*; 0 at the end; -1 when
        there are none now.

        Raises OSError when the connection was reset, or cut off.
        """

    def push(self, size: int, flags: int = 0) -> int:
        """
        Send that many bytes of the channel's text: how many the kernel did not take.

        Those are kept, for ``flush``.  *flags* are send(2)'s.  Raises OSError.
        """

    def put(self, data: bytes, flags: int = 0) -> int:
        """As ``push``, of *data*; nothing may have been kept before."""

    def flush(self) -> int:
        """Send what was kept: how many bytes are left of it.  Raises OSError."""


class Clear:
    """A *stream* without TLS, as one end of a relay."""

    __slots__ = ("_rest", "_socket", "_text", "drained")

    def __init__(self, stream: Stream) -> None:
        self._socket = stream.socket
        self._text = stream.pump.channel.text
        self._rest = b""
        self.drained = False

    def pull(self, most: int) -> int:
        if most > SIZE:
            most = SIZE
        try:
            size = self._socket.recv_into(self._text, most)
        except BlockingIOError:
            self.drained = True
            return -1
        self.drained = size < most
        return size

    def push(self, size: int, flags: int = 0) -> int:
        try:
            sent = self._socket.send(self._text[:size], flags)
        except BlockingIOError:
            sent = 0
        if sent != size:
            self._rest = self._text[sent:size].tobytes()
        return size - sent

    def put(self, data: bytes, flags: int = 0) -> int:
        size = len(data)
        try:
            sent = self._socket.send(data, flags)
        except BlockingIOError:
            sent = 0
        if sent != size:
            self._rest = data[sent:]
        return size - sent

    def flush(self) -> int:
        try:
            self._rest = self._rest[self._socket.send(self._rest) :]
        except BlockingIOError:
            pass
        return len(self._rest)


def end_of(stream: Stream) -> End:
    """*stream*, as a relay reads and writes it."""
    return stream if isinstance(stream, TLSStream) else Clear(stream)


class Relay(Direction):
    """One direction of a session, of which a side at least has TLS."""

    __slots__ = ("_from", "_to", "limit")

    def __init__(
        self,
        source: Stream,
        sink: Stream,
        owner: Owner,
        ends: tuple[End, End] | None = None,
    ) -> None:
        """*ends* are those of both, where the other direction has them too."""
        Direction.__init__(self, source, sink, owner)
        self.limit = None
        self._from, self._to = ends or (end_of(source), end_of(sink))

    def move(self) -> None:
        """Move some chunks, and ask to be run again unless that was all there is."""
        if self.over or (self.held and not self._flush()):
            return
        source, sink = self._from, self._to
        most = TEXT_ROOM
        for _ in range(CHUNKS):
            if self.limit is not None and not (most := self._left(TEXT_ROOM)):
                return
            try:
                got = source.pull(most)
            except OSError as error:
                self._break(self.source, error)
                return
            if got > 0:
                self.bytes += got
                # recv(2) may stop with more behind it, at an urgent mark for instance.
                marks = self.source.marks
                drained = source.drained and not marks & PIECEMEAL
                # An end that follows goes with the last bytes, in one segment.
                flags = MSG_MORE if drained and marks & ENDED else 0
                try:
                    self.held = sink.push(got, flags)
                except OSError as error:
                    self.held = got
                    self._break(self.sink, error)
                    return
                if self.held:
                    return
                if drained and not marks & ENDED:
                    return
            elif got == 0:
                self.over = True
                self._owner.finished(self)
                return
            elif source.drained:
                if self.source.marks & URGENT:  # all are passed; a new one is told of
                    self._pass_urgent()
                return
        self.source.pump.again(self)

    run = move

    def _flush(self) -> bool:
        """Pass on what is held.  True when nothing is left."""
        try:
            self.held = self._to.flush()
        except OSError as error:
            self._break(self.sink, error)
            return False
        return not self.held
