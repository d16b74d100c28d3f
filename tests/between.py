"""Two directions between a writer and a reader that a test drives step by step."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable
from ssl import TLSVersion

from bridge.net.direction import Direction, join
from bridge.net.pipes import Pipes
from bridge.net.relay import Relay
from bridge.net.security import Security
from bridge.net.splice import Bounded, Splice
from bridge.net.stream import Stream
from tests.pumping import Owner, Turner, tcp_pair
from tests.secured import TLS_1_3, Far, Pair, accepting, dialing


class Plain:
    """A far end without TLS, with the same verbs as one that has it."""

    def __init__(self, turner: Turner) -> None:
        ours, self.raw = tcp_pair()
        self.raw.setblocking(False)
        self.stream = turner.stream(ours)
        self.received = b""
        self.seen: list[str] = []
        self.paused = False
        self._unsent = b""

    def turn(self) -> None:
        try:
            while not self.paused and not self.seen:
                data = self.raw.recv(1 << 16)
                self.received += data
                if not data:
                    self.seen.append("fin")
        except BlockingIOError:
            pass
        except ConnectionResetError:
            self.seen.append("reset")
        try:
            self._unsent = self._unsent[self.raw.send(self._unsent) :]
        except OSError:
            pass

    @property
    def unsent(self) -> int:
        return len(self._unsent)

    def send(self, data: bytes) -> None:
        self._unsent += data
        self.turn()

    def notify(self) -> None:
        self.raw.shutdown(socket.SHUT_WR)

    fin = notify


class Flooding(Bounded):
    """One whose source tells of much only, from the first byte on."""

    def move(self) -> None:
        before = self.bytes
        super().move()
        if self.bytes != before and not self.over:
            self.flows()

    run = move


class Between:
    """
    A writer, a direction up to a reader, and another one down, through memory, or
    *spliced*: of that kind.
    """

    def __init__(
        self,
        mix: str,
        version: TLSVersion = TLS_1_3,
        *,
        spliced: type[Splice] | None = None,
    ) -> None:
        self.turner = Turner()
        self.owner, self.owner_down = Owner(), Owner()
        writes, reads = mix.split(" to ")
        self.writer, source = self._far(writes, accepting(version))
        self.reader, sink = self._far(reads, dialing(version))
        self.source, self.sink = source, sink
        self.owner.source = source
        self.owner_down.source = sink
        self._spliced = spliced
        self._pipes = Pipes() if spliced else None
        if self._pipes is not None:
            self.turner.pump.pipes = self._pipes
        self.up = self.direction(source, sink, self.owner)
        self.down = self.direction(sink, source, self.owner_down)
        join(self.up, self.down)
        self.up.move()
        self.down.move()

    def direction(self, source: Stream, sink: Stream, owner: Owner) -> Direction:
        """One that is not joined yet."""
        if self._spliced is not None and self._pipes is not None:
            return self._spliced(source, sink, owner)
        return Relay(source, sink, owner)

    def _far(self, kind: str, security: Security) -> tuple[Plain | Far, Stream]:
        if kind == "plain":
            plain = Plain(self.turner)
            return plain, plain.stream
        pair = Pair(self.turner, tcp_pair(), security)
        pair.shake()
        return pair.far, pair.stream

    def until(self, reached: Callable[[], object]) -> None:
        def turned() -> object:
            self.writer.turn()
            self.reader.turn()
            return reached()

        self.turner.until(turned)

    def settle(self) -> None:
        for _ in range(4):
            self.writer.turn()
            self.reader.turn()
            self.turner.settle()

    def stall(self) -> int:
        """Send until the sink is full: the bytes sent."""
        self.reader.paused = True
        piece, sent = random.Random(1).randbytes(1 << 18), 0
        while not (self.writer.unsent and self._takes_no_more()):
            if not self.writer.unsent:
                self.writer.send(piece)
                sent += len(piece)
            self.writer.turn()
            self.turner.settle()
        return sent

    def _takes_no_more(self) -> bool:
        """The sink; it says that it has room when a third of it is free, not before."""
        before = self.up.bytes, self.up.held
        self.up.move()
        return bool(self.up.held) and (self.up.bytes, self.up.held) == before

    def close(self) -> None:
        for direction in (self.up, self.down):
            direction.stop()
        self.source.abort()
        self.sink.abort()
        self.writer.raw.close()
        self.reader.raw.close()
        self.turner.pump.stop()
        if self._pipes is not None:
            self._pipes.close()
