"""
A direction whose bytes go through memory, or through a splice while they only pass.

Here: the splice, and how the bytes are given to it and taken back.  Not here: what is
done with them in memory (``shown``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.net.direction import Direction, Owner
from bridge.net.paced import PacedSplice
from bridge.net.splice import Bounded
from bridge.session.carrying import FOREVER

if TYPE_CHECKING:
    from bridge.net.bandwidth import Allowance
    from bridge.net.stream import Stream
    from bridge.session.answering import Answering

MUCH = 64 * 1024
"""
Bytes: fewer that are to pass stay in memory; and of a direction that holds more than
that, what would add to it is not read.
"""


class Spliced(Direction):
    """From *stream*, or to it: one of its ends may be missing, and may change."""

    __slots__ = (
        "_all", "_allowance", "_before", "_inner", "_moves", "_out", "_own",
        "_woken", "gone", "kept", "more", "paced", "spliced", "writes",
    )  # fmt: skip

    exact = False

    def __init__(self, stream: Stream, owner: Owner) -> None:
        # Not by Direction's, which would set what are properties here.
        self._owner = owner
        self.source = self.sink = stream
        self.over = False
        self._own = 0
        self._inner: Bounded | PacedSplice | None = None
        self.kept = 0
        """What the sink's kernel has not taken of what was pushed."""
        self.paced = False
        """It may have to wait, or it has a splice: it is to be stopped at the end."""
        self._allowance: Allowance | None = None
        self.writes = False
        """There is a sink."""
        self._all: tuple[Answering, ...] = ()
        self._out: list[bytes] = []
        """What goes on, and is not pushed yet."""
        self.spliced = False
        """``_inner`` moves its bytes."""
        self._before = 0
        """How many it had moved when that was noted last."""
        self._moves = False
        """More may be there that is to be shown ..."""
        self._woken: list[Answering] = []
        """... and these go on behind it."""
        self.gone = 0
        """Bytes that were for a server that is not there any more."""
        self.more = True
        """There may be some, or an end, that the pump will not tell of any more."""

    # What the other kind of moving does

    def settle(self) -> None:
        """Push what has come of it, and go on."""
        raise NotImplementedError

    def _move(self) -> None:
        raise NotImplementedError

    def _end_all(self) -> None:
        """The source's end was reached."""
        raise NotImplementedError

    def _lose(self, error: OSError) -> None:
        """The source was reset, and nothing more can be read."""
        raise NotImplementedError

    # What others read of it

    @property
    def bytes(self) -> int:
        inner = self._inner
        return self._own + (inner.bytes if inner is not None else 0)

    @bytes.setter  # noqa: A003
    def bytes(self, count: int) -> None:
        self._own = count

    @property
    def held(self) -> int:
        inner = self._inner
        held = self.kept + (inner.held if inner is not None else 0)
        return held + sum(map(len, self._out)) if self._out else held

    @held.setter
    def held(self, count: int) -> None:
        self.kept = count

    @property
    def undelivered(self) -> int:
        """Received, and in our hands: not answered for, or held; or lost already."""
        return sum(len(one.rest) for one in self._all) + self.held + self.gone

    # Moving

    def _splice(self) -> bool:
        """Have them moved in the kernel, if that can be."""
        if self.source.secure or self.sink.secure or not self.writes or self._out:
            return False
        ways = self._all
        count = ways[0].passing
        if len(ways) > 1:
            count = min(one.passing for one in ways)
        if count <= MUCH:
            return False
        inner = self._inner
        if inner is None:
            ends = (self.source, self.sink)
            if self._allowance is None:
                inner = Bounded(*ends, self)
            else:
                inner = PacedSplice(ends, self, self._allowance)
            self._inner = inner
            self.paced = True
        self._before = inner.bytes
        inner.limit = None if count > FOREVER else inner.bytes + count
        inner.over = False
        self.source.outward = self.sink.inward = inner
        self.spliced = True
        inner.move()
        return True

    def _move_inner(self) -> None:
        inner = self._inner
        assert inner is not None
        inner.move()

    def _count_inner(self) -> None:
        inner = self._inner
        assert inner is not None
        moved, self._before = inner.bytes - self._before, inner.bytes
        for one in self._all:
            if one.passing < FOREVER:
                one.passing -= moved

    def _take_back(self) -> None:
        """From now on the bytes go through memory."""
        inner = self._inner
        assert inner is not None
        self._count_inner()
        self.spliced = False
        self.more = True
        inner.over = True
        self.source.outward = self.sink.inward = self

    def _drop_inner(self) -> None:
        inner, self._inner = self._inner, None
        if inner is not None:
            self.gone += inner.held
            self._own += inner.bytes
            inner.stop()
            self.spliced = False

    def interrupt(self) -> None:
        """Have nothing more go through the splice than what it holds."""
        inner = self._inner
        if inner is not None:
            if inner.held:
                inner.limit = inner.bytes  # as soon as these are through
            else:
                self._take_back()

    # What the splice reports

    def passed(self, direction: Direction) -> None:
        """All that was to pass has."""
        self._take_back()
        self._moves = True  # what has come behind them
        for one in self._all:
            if not one.passing:
                one.went_by()
        self._move()

    def finished(self, direction: Direction) -> None:
        """The source's end was reached."""
        self._take_back()
        self._end_all()
        self.settle()

    def broken(self, stream: Stream, error: OSError | None = None) -> None:
        """One of the two was reset."""
        if error is None:
            self.fail()
            return
        self._take_back()
        if stream is self.source:
            self._lose(error)
        else:
            self._break(stream, error)

    def crashed(self) -> None:
        """A bug of ours."""
        self._owner.crashed()
