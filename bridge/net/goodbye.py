"""
The end of a connection whose other end may still be sending.

close(2) with bytes unread sends a RST, and so does every byte that arrives afterwards:
what we said last may then never be read.  Here: a stream that has said its last word
stays until that is delivered and the other end has finished too, or has had time to.
Not here: what the word is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.net.connected import Connected
from bridge.net.marks import CLOSED
from bridge.net.pump import ERR, OUT, PRI
from bridge.net.seal import SIZE
from bridge.net.tcpinfo import unacknowledged

if TYPE_CHECKING:
    from bridge.net.relay import End
    from bridge.net.stream import Stream

TURN = 2.0
"""Seconds for the other end, when it has acknowledged everything, to end as well."""

LOOKS = 8
"""How often, within *seconds* or TURN, it looks what is acknowledged."""

READS = 4
"""SIZE bytes each, thrown away before others get their turn."""


class Goodbye:
    """
    Ends *stream*, of which *end* still has *held* bytes to send, and closes it.

    The other end may take *seconds* for each byte that it acknowledges, and then TURN.
    *drained*: nothing has come that was not read, and its end neither.
    """

    def __init__(
        self,
        stream: Stream,
        end: End,
        held: int,
        seconds: float,
        *,
        drained: bool = False,
    ) -> None:
        self._stream = stream
        self._end = end
        self._held = held
        self._seconds = seconds
        self._left: int | None = None  # nobody has looked
        self._since = stream.pump.reactor.seconds()
        self._read_all = False
        stream.outward = stream.inward = stream.protocol = None
        stream.pump.hand_over(stream.fd, self)
        stream.pump.lingering.add(self)
        self._looks = stream.pump.lingering.looks(min(seconds, TURN) / LOOKS)
        self._look_again(self._since)
        self._say()
        if not drained:
            stream.pump.again(self)  # what is there already is not told of any more

    def _finish(self) -> None:
        """All is said but the end."""
        stream = self._stream
        stream.end()
        if stream.secure:  # that was no FIN
            self._held = self._end.flush()
            if self._held:
                return
            Connected.end(stream)
        if self._read_all:
            self._close()

    # The pump calls these

    def ready(self, events: int) -> None:
        stream = self._stream
        if stream.marks & CLOSED:
            return
        if events & ERR:
            self.abort()
            return
        if events & PRI:
            stream.keep_urgent_inline()
        if events & OUT and self._held:
            self._say()
        if events != OUT:
            self.run()

    def run(self) -> None:
        """Read away what has come."""
        stream = self._stream
        if stream.marks & CLOSED or self._read_all:
            return
        room = stream.pump.channel.wire[:SIZE]
        try:
            for _ in range(READS):
                if not stream.socket.recv_into(room):
                    self._read_all = True
                    if not self._held:
                        self._close()
                    return
        except BlockingIOError:
            return
        except OSError:
            self.abort()
            return
        stream.pump.again(self)

    def crashed(self) -> None:
        self.abort()

    def _say(self) -> None:
        try:
            if self._held:
                self._held = self._end.flush()
            if not self._held:
                self._finish()
        except OSError:
            self.abort()

    def _look_again(self, now: float) -> None:
        looks = self._looks
        looks[self] = now + looks.seconds
        if not looks.armed:
            looks.arm()

    def look(self) -> None:
        """Give it time for as long as it takes any bytes, and as much again."""
        stream = self._stream
        now = stream.pump.reactor.seconds()
        left = self._held + unacknowledged(stream.socket)
        if self._left is None:
            self._left = left
        elif left < self._left:
            self._left, self._since = left, now
        most = self._seconds if left else min(self._seconds, TURN)
        if now - self._since < most:
            self._look_again(now)
        elif self._held:
            self.abort()
        else:
            self._close()

    def _over(self) -> None:
        self._stream.pump.lingering.discard(self)
        self._looks.pop(self, None)

    def _close(self) -> None:
        self._over()
        self._stream.close()

    def abort(self) -> None:
        """Close with a RST, at once."""
        self._over()
        self._stream.abort()
