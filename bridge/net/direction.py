"""
One direction of a session: from one stream to the other.

Here: what the two kinds have in common, ``splice.Splice`` in the kernel and
``relay.Relay`` through memory; who is told how one goes; and how streams are given to
directions, and taken back.

A direction moves all there is, or as many bytes as it is allowed; then it says so, and
may be allowed more, or make room for another kind, or for a protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol, cast

from bridge.net.marks import URGENT, WAITING

if TYPE_CHECKING:
    from bridge.net.stream import Stream

_TOLD = -1
"""A limit that lies behind: it was reached, and the owner has heard of it."""


class Owner(Protocol):
    """Who is told how a direction goes: the session."""

    def finished(self, direction: Direction) -> None:
        """The source's end was reached, and all before it is in the sink's socket."""

    def broken(self, stream: Stream, error: OSError | None = None) -> None:
        """
        *stream*'s connection was reset, cut off, or timed out.

        *error* says which; None where only the socket knows.
        """

    def crashed(self) -> None:
        """A bug of ours."""


class Driver(Owner, Protocol):
    """An owner that lets its directions move so many bytes at a time."""

    def passed(self, direction: Direction) -> None:
        """
        All that it was allowed is in the sink's socket, and it has stopped.

        Its source may have more, or an end: ``allow`` more, or ``part``.  A reset of
        either side is told as ever.
        """


class Limited(Protocol):
    """A direction that may be told how much it moves."""

    limit: int | None


class Direction:
    """
    From *source* to *sink*.

    ``move`` is called whenever the source may have bytes or the sink may have room;
    calling it too often does no harm.  It never calls itself, and tells the owner
    at most once that the direction is over.
    """

    __slots__ = (
        "_owner", "bytes", "held", "over", "sink", "source",
    )  # fmt: skip

    limit: int | None = None
    """How many bytes in all it may move by now; None: any, and for good where there is
    no place for another (``splice.Bounded``)."""

    paced: bool = False
    """Whether it may have to wait before it moves what is there (``paced``)."""

    def __init__(self, source: Stream, sink: Stream, owner: Owner) -> None:
        self._owner = owner
        self.source = source
        self.sink = sink
        self.bytes = 0
        """Received from the source."""
        self.held = 0
        """Of those: waiting for room in the sink (where that has TLS: as records)."""
        self.over = False

    exact: ClassVar[bool] = True
    """Each byte received is one that is sent."""

    wrote: bool = False
    """Something has gone to the sink, where ``bytes`` and ``held`` do not say so."""

    @property
    def undelivered(self) -> int:
        """Bytes received that are in our hands."""
        return self.held

    @property
    def waits(self) -> bool:
        """
        It has to wait before it may move more: what is there is not moved for now, and
        that is nobody's silence.
        """
        return False

    def move(self) -> None:
        """The source may have bytes, or the sink room."""
        raise NotImplementedError

    def run(self) -> None:
        """``move``, as the pump calls it: the same, so that it costs no call more."""
        raise NotImplementedError

    def allow(self, count: int | None) -> None:
        """
        Move *count* bytes more, from the next turn on, and then tell the owner, which
        is a ``Driver``.  None: all there is, as at first.
        """
        limited = cast(Limited, self)
        limited.limit = None if count is None else self.bytes + count
        self.source.pump.again(self)

    def part(self) -> None:
        """
        Move no more, and give both streams back, for another direction (``join``) or
        for protocols (``Stream.open``), who then hear of resets.  Nothing may be held.
        """
        assert not self.held
        source = self.source
        self.over = True
        source.outward = self.sink.inward = None
        source.marks |= WAITING  # no edge will tell of what waits already
        source.pump.again(source)

    def flows(self) -> None:
        """Much has come of the source in a beat, and nothing went back."""

    def fail(self) -> None:
        """The source's socket reports an error; what it received may still be read."""
        self._owner.broken(self.source)

    def stop(self) -> None:
        """Move no more.  What is held is lost, and stays counted in ``held``."""
        self.over = True

    def crashed(self) -> None:
        """A bug of ours."""
        self._owner.crashed()

    def _left(self, most: int) -> int:
        """How much of *most* it may move now; the owner hears if it has moved all."""
        if self.limit is None:
            return most
        left = self.limit - self.bytes
        if left == 0:
            self._pass_back()
        return max(0, min(left, most))

    def _pass_back(self) -> None:
        """The limit is reached, and nothing is held."""
        cast(Limited, self).limit = _TOLD
        cast(Driver, self._owner).passed(self)

    def _pass_urgent(self) -> None:
        """The source has no urgent mark any more."""
        self.source.marks &= ~URGENT

    def _break(self, stream: Stream, error: OSError) -> None:
        """*stream* failed under us."""
        self.over = True
        self._owner.broken(stream, error)


def join(*directions: Direction) -> None:
    """
    Let bytes bypass the protocols from now on: *directions* move them.

    What a protocol wrote to a sink must have left already.
    """
    for direction in directions:
        source = direction.source
        source.outward = direction.sink.inward = direction
        source.protocol = None
