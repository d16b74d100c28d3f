"""
One direction of a session whose bytes are shown to filters.

Here: it pulls what the source has into memory, has it answered for, and pushes what
comes of that; bytes that only pass, if they are many, are a splice's meanwhile.  Not
here: what the answers do to the bytes (``answering``), and what a session does for
them (``filtering``).

It is the session's direction from the first byte to the last, whatever moves its bytes,
and its ends may change: there may be no server yet, or another one.
"""

from __future__ import annotations

from socket import MSG_MORE
from typing import TYPE_CHECKING

from twisted.logger import Logger

from bridge.net.marks import ENDED, PIECEMEAL, URGENT
from bridge.net.relay import CHUNKS
from bridge.net.seal import SIZE
from bridge.session.answered import Answered, Filters
from bridge.session.carrying import FOREVER, AnswerError
from bridge.session.spliced import MUCH

if TYPE_CHECKING:
    from bridge.net.bandwidth import Allowance
    from bridge.net.pump import Runnable
    from bridge.net.relay import End
    from bridge.net.stream import Stream
    from bridge.net.waits import Wait
    from bridge.session.answering import Answering

_log = Logger()


class Shown(Answered):
    """
    From *stream*, or to it: the other end is there from ``attach`` on.

    *owner* has the filters; *allowance* says how much it may move, if there is a limit.
    """

    __slots__ = (
        "_finished", "_from", "_last", "_stalled", "_text", "_to", "_wait", "fresh",
        "reads", "wrote",
    )  # fmt: skip

    opposite: Shown
    _from: End
    _to: End

    def __init__(self, filters: Filters, stream: Stream, *, up: bool) -> None:
        super().__init__(filters, stream, up=up)
        self._text = stream.pump.channel.text
        self.reads = False
        """There is a source."""
        self._wait: Wait[Runnable] | None = None
        self.wrote = False
        """Something, to this sink, that was in memory."""
        self._stalled = False
        """It has stopped since the opposite one holds too much."""
        self._last = False
        """Nothing is carried out for the session any more."""
        self._finished = False
        """The owner has heard of its end."""
        self.fresh = up
        """Nothing was read yet, and somebody wants to know."""

    # What others read of it

    @property
    def waits(self) -> bool:
        inner = self._inner
        return self._wait is not None or (inner is not None and inner.waits)

    @property
    def ended(self) -> bool:
        """There is a source, and its end is queued, or was reached."""
        return self.reads and self.source.ended

    @property
    def sink_end(self) -> End:
        """Where what was pushed goes."""
        return self._to

    # Its ends

    def read_from(self, source: Stream, end: End) -> None:
        """From now on its bytes come of *source*, by *end*."""
        self._drop_inner()
        self.source, self._from = source, end
        self.reads = self.more = True
        source.outward, source.protocol = self, None

    def write_to(self, sink: Stream, end: End) -> None:
        """From now on they go to *sink*, likewise."""
        self._drop_inner()
        self.sink, self._to = sink, end
        self.writes, self.wrote = True, False
        sink.inward = self

    def detach_source(self, asker: Answering | None) -> None:
        """The server is there no more; *asker* wants another."""
        self._drop_inner()
        self.reads = False
        self.done = self.over = self._moves = False
        self._woken.clear()
        for one in self._all:
            one.renew(asks=one is asker)
        self.resume()

    def detach_sink(self) -> None:
        """Likewise; what was for it is lost."""
        self._drop_inner()
        self.gone += self.held
        self._out.clear()
        self.kept, self.writes, self.over = 0, False, False

    # Moving

    def move(self) -> None:
        """Move what there is, and ask to be run again unless that was all."""
        if self.over:
            return
        try:
            if self.spliced:
                self._move_inner()
            else:
                self._move()
        except Exception:
            self.failed()

    def run(self) -> None:
        wait = self._wait
        if wait is not None:
            if wait.who is not None:  # run for another reason, and too early
                return
            self._wait = None
            self.source.spent.made_wait()
        self.move()

    def failed(self) -> None:
        """Within ``except``: a filter raised, or its answers made no sense."""
        _log.failure("A filter failed, or the gateway; the session is given up")
        self._owner.crashed()

    def _move(self) -> None:
        if (self.kept or self._out) and not self.push():
            return
        if self.reads:
            self._moves = True
            self._read()
            self._moves = bool(self.kept) or self._wait is not None
        if self._woken and not (self._moves or self.opposite.over):
            self.wake_all()
        self.settle()

    def settle(self) -> None:
        """Push what has come of it, either way, and do what was wished for."""
        if self._out and not self.kept:
            last = self.done or (self.filters.wished and self.filters.parts(self))
            self.push(MSG_MORE if last else 0)
        opposite = self.opposite
        if opposite._out and not opposite.kept:
            opposite.push_back()
        if self.done and not (self.over or self.kept or self._out):
            self._finish()
        elif self._last and self.halted and not (self.kept or self._out):
            self.over = True  # what is left is answered for by nobody
        if self.filters.wished:
            self.filters.settle()

    def _finish(self) -> None:
        """The end has passed, and all before it is in the sink's socket."""
        if self._finished and not self.writes:  # another server hears of it, too
            return
        self.over = self._finished = True
        self._owner.finished(self)

    def _read(self) -> None:
        source, first, opposite = self._from, self._all[0], self.opposite
        self.more = True
        for _ in range(CHUNKS):
            if self.halted or self.done:
                return
            if (opposite.kept or opposite._out) and opposite.held > MUCH:
                self._stalled = True  # that is enough of what it would add there
                return
            passing = first.passing
            if passing > MUCH and self._splice():
                return
            most = SIZE
            if first.most:
                most = min(SIZE, max(1, first.most - len(first.rest)))
            allowance = self._allowance
            if allowance is not None and not (most := self._allowed(allowance, most)):
                return
            try:
                got = source.pull(most)
            except OSError as error:
                self._lose(error)
                return
            if allowance is not None:
                allowance.give_back(most - max(0, got))
            if got > 0:
                if not self._take(got, first):
                    return
            elif got == 0:
                self._end_all()
                return
            elif source.drained:
                self.more = False
                if self.source.marks & URGENT:  # all are passed: another one tells
                    self._pass_urgent()
                return
        self.source.pump.again(self)

    def _take(self, got: int, first: Answering) -> bool:
        """So many have been read.  True: there may be more to read now."""
        self._own += got
        if self.fresh:
            self.fresh = False
            self.filters.began()
        passing, marks = first.passing, self.source.marks
        ended = bool(marks & ENDED)
        drained = self._from.drained and not marks & PIECEMEAL
        self.more = ended or not drained
        if got < passing and self._all[-1] is first and not self._out:
            first.passing = passing - got
            if not self._push_on(got, last=drained and ended):
                return False
        else:
            first.take(self._text[:got].tobytes())
            if self.filters.wished:  # what follows may be of a server that is gone
                if not self.halted:
                    self.source.pump.again(self)
                return False
            if drained and ended:
                return True  # what comes of the end goes with it
            if self._out and not self.push():
                return False
        return self.more

    def _push_on(self, size: int, *, last: bool) -> bool:
        """Push what was read as it is.  True when nothing is left."""
        flags = MSG_MORE if last and self._all[0].passing > FOREVER else 0
        self.wrote = True
        try:
            self.kept = self._to.push(size, flags)
        except OSError as error:
            self.gone += size
            self._break(self.sink, error)
            return False
        if self.kept:
            self.more = True  # what comes meanwhile is left to whoever makes room
        return not self.kept

    def _end_all(self) -> None:
        self.source.marks |= ENDED
        self._all[0].end()

    def _allowed(self, allowance: Allowance, most: int) -> int:
        """How much of *most* may be read now; 0: nothing, before somebody says so."""
        if self._wait is not None:
            return 0
        pump = self.source.pump
        allowed = allowance.take(pump.reactor.seconds(), most)
        if not allowed:
            self._wait = pump.at(allowance.when, self)
        return allowed

    def push(self, flags: int = 0) -> bool:
        """Push what is to go on.  True when nothing is left."""
        out = self._out
        try:
            if self.kept:
                self.kept = self._to.flush()
            if out and not self.kept:
                if not self.writes:
                    if self.over or self.gone or self.done:
                        out.clear()
                        return True
                    raise AnswerError("something is sent before a server is there")
                data = out[0] if len(out) == 1 else b"".join(out)
                out.clear()
                self.wrote = True
                self.kept = self._to.put(data, flags)
        except OSError as error:
            self.gone += self.kept
            self._break(self.sink, error)
            return False
        if self.kept:
            self.more = True  # what comes meanwhile is left to whoever makes room
            return False
        if self.opposite._stalled:
            self.opposite._stalled = False
            self.source.pump.again(self.opposite)
        if self.done and not self.over and flags == 0:
            self._finish()
        return True

    def push_back(self) -> None:
        """Push what the opposite direction has replied."""
        if self.done or self.over:
            self._out.clear()
        elif not self.spliced:
            self.push()
        elif self._inner is not None:
            if self._inner.held:
                self._inner.limit = self._inner.bytes  # as soon as they are through
                return
            self._take_back()
            self.push()
            self.source.pump.again(self)

    # The ends

    def fail(self) -> None:
        self.source.marks |= ENDED
        stays = self.over or self.done or self.halted or self.held
        if self.up or stays or not self.filters.rescues():
            self._owner.broken(self.source)
        else:  # what it received is shown first
            self.source.pump.again(self)

    def _lose(self, error: OSError) -> None:
        """The source was reset, and nothing more can be read."""
        if self._out and not self.kept:
            self.push()
        if self.up or not self.filters.rescued(error):
            self._break(self.source, error)

    def deliver(self) -> None:
        """Nothing will be carried out for the session any more."""
        self._last = True

    def stop(self) -> None:
        self.over = True
        wait, self._wait = self._wait, None
        if wait is not None and self._allowance is not None:
            wait.call_off()
            self._allowance.cancel()
        if self._inner is not None:
            self._inner.stop()
