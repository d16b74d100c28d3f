"""
Directions that may not move all they could: ``limits.bandwidth``.

Here: when one of the two kinds moves, how much, and when it goes on; and the limits of
one front.  Not here: the arithmetic (``bandwidth``), or the moving (``splice``,
``relay``): a chunk is theirs, only smaller.

Bytes stay where they were before they may pass, in the source's receive buffer, whose
window then makes the sender slow down: a limited session is the kernel's like others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.net.bandwidth import Allowance, Bandwidth
from bridge.net.direction import Direction
from bridge.net.relay import CHUNKS, Relay
from bridge.net.seal import SIZE
from bridge.net.splice import CHUNK, Splice

if TYPE_CHECKING:
    from typing import ClassVar, TypeAlias

    from bridge.net.direction import Owner
    from bridge.net.pump import Runnable
    from bridge.net.stream import Stream
    from bridge.net.waits import Wait

    Ends: TypeAlias = tuple[Stream, Stream]
    """Source and sink."""


class Paced(Direction):
    """
    A direction with an *allowance*: what the two kinds have in common.

    It asks before it reads, and gives back what there was not.  Who has to wait does
    nothing meanwhile: what comes waits too, a FIN behind the bytes before it, and after
    a reset what was received earlier, since a limit that a reset ends would be none.
    """

    # No __slots__: beside those of a kind there is no place for more.

    paced = True

    _most: ClassVar[int]
    """Bytes that the kind moves in a turn."""

    _allowance: Allowance
    _wait: Wait[Runnable] | None

    @property
    def waits(self) -> bool:
        return self._wait is not None

    def move(self) -> None:
        """Move what may be, or have the pump come back when something may."""
        if self._wait is not None or self.over or (self.held and not self._flush()):
            return
        most, limit = self._most, self.limit
        if limit is not None and limit - self.bytes < most:
            most = limit - self.bytes
            if most <= 0:
                if not most:
                    Direction._pass_back(self)
                return
        allowance, pump, before = self._allowance, self.source.pump, self.bytes
        allowed = allowance.take(pump.reactor.seconds(), most)
        if not allowed:
            self._wait = pump.at(allowance.when, self)
            return
        self.limit = before + allowed
        try:
            self._move_allowed()
        finally:
            self.limit = limit
            left = before + allowed - self.bytes
            if left:
                allowance.give_back(left)

    def run(self) -> None:
        wait = self._wait
        if wait is not None:
            if wait.who is not None:  # run for another reason, and too early
                return
            self._wait = None
            self.source.spent.made_wait()
        self.move()

    def part(self) -> None:
        self._wait_no_more()
        Direction.part(self)

    def _wait_no_more(self) -> None:
        wait, self._wait = self._wait, None
        if wait is not None:
            wait.call_off()
            self._allowance.cancel()

    def _pass_back(self) -> None:
        """All that might be moved in this turn is.  What follows, the next one says."""
        self.source.pump.again(self)

    def _move_allowed(self) -> None:
        """As the kind moves, and no further than ``limit``."""
        raise NotImplementedError

    def _flush(self) -> bool:
        """Likewise."""
        raise NotImplementedError


class PacedSplice(Paced, Splice):
    """Inside the kernel."""

    _most = CHUNK
    _flush = Splice._flush
    _move_allowed = Splice.move

    def __init__(self, ends: Ends, owner: Owner, allowance: Allowance) -> None:
        Splice.__init__(self, *ends, owner)
        self._allowance = allowance
        self._wait = None

    def stop(self) -> None:
        self._wait_no_more()
        Splice.stop(self)


class PacedRelay(Paced, Relay):
    """Through memory."""

    _most = CHUNKS * SIZE
    _flush = Relay._flush
    _move_allowed = Relay.move

    def __init__(self, ends: Ends, owner: Owner, allowance: Allowance) -> None:
        Relay.__init__(self, *ends, owner)
        self._allowance = allowance
        self._wait = None

    def stop(self) -> None:
        self._wait_no_more()
        Relay.stop(self)


class Pace:
    """
    How much the sessions of one front may move: each of them *session* bytes in a
    second, and all together *front*, in each direction.  None: any.
    """

    def __init__(self, session: float | None, front: float | None) -> None:
        self._session = session
        self._up = () if front is None else (Bandwidth(front),)
        self._down = () if front is None else (Bandwidth(front),)

    def directions(
        self, front: Stream, back: Stream, owner: Owner
    ) -> tuple[Paced, Paced]:
        """Of a new session: up and down."""
        up, down = self.allowances()
        if front.secure or back.secure:
            return (
                PacedRelay((front, back), owner, up),
                PacedRelay((back, front), owner, down),
            )
        return (
            PacedSplice((front, back), owner, up),
            PacedSplice((back, front), owner, down),
        )

    def allowances(self) -> tuple[Allowance, Allowance]:
        """Of a new session: what its two directions may move."""
        return self._allowance(self._up), self._allowance(self._down)

    def _allowance(self, shared: tuple[Bandwidth, ...]) -> Allowance:
        if self._session is None:
            return Allowance(*shared)
        return Allowance(Bandwidth(self._session), *shared)
