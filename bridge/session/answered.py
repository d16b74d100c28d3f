"""
A direction with its filters: what they ask of it.

Here: the chain of filters of one direction, and whether they let it read.  Not here:
how its bytes are moved (``spliced``, ``shown``).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

from bridge.net.direction import Owner
from bridge.session.answering import Answering
from bridge.session.carrying import WAITS, Asked
from bridge.session.spliced import Spliced

if TYPE_CHECKING:
    from bridge.net.bandwidth import Allowance
    from bridge.net.stream import Stream


class Filters(Owner, Asked, Protocol):
    """Whose filters they are: a session."""

    wished: bool
    """Something is to be done for the whole session."""

    def another(self) -> None:
        """The server's end was answered with ``Want``."""

    def settle(self) -> None:
        """All that was answered has gone on: do what was wished for."""

    def parts(self, direction: Any) -> bool:
        """All is said once *direction* has pushed what it has: a FIN follows."""

    def began(self) -> None:
        """The client's first byte is there."""

    def rescued(self, error: OSError | None) -> bool:
        """The server was reset: whether a filter asks for another."""

    def rescues(self) -> bool:
        """A filter is to be asked when that happens."""

    @property
    def still(self) -> bool:
        """Nothing is read for now."""


class Answered(Spliced):
    """Of the session that *filters* are of; *up*: what the client sends."""

    __slots__ = ("done", "filters", "halted", "opposite", "up")

    opposite: Answered

    def __init__(self, filters: Filters, stream: Stream, *, up: bool) -> None:
        super().__init__(stream, filters)
        self.filters = filters
        self.up = up
        self.halted = False
        """A filter waits, or has said what is to be done for the session first."""
        self.done = False
        """The end has passed all filters; nothing more goes to the sink."""

    def begin(
        self, answerings: tuple[Answering, ...], allowance: Allowance | None
    ) -> None:
        """Its bytes go through *answerings* in that order."""
        self._all = answerings
        self._allowance = allowance
        self.paced = allowance is not None
        for one, further in pairwise(answerings):
            one.emit, one.further = further.take, further
        answerings[-1].emit = self._out.append

    def halt(self) -> None:
        self.halted = True

    def resume(self) -> None:
        """Some filter waits no longer; others may."""
        halted, self.halted = self.halted, self.filters.still
        for one in self._all:
            if one.state:
                self.halted = True
        if halted and not self.halted and (self.more or self.done):
            self.source.pump.again(self)

    def pause(self) -> None:
        """Read no more, whatever filters say."""
        self.halted = True
        if self.spliced:
            self.interrupt()

    def needs_another(self) -> bool:
        if not self.up:
            self.filters.another()
        return not self.up

    def wake(self, answering: Any) -> None:
        if self._moves and answering.whole:
            if answering not in self._woken:
                self._woken.append(answering)
            return
        answering.again()
        self.opposite.resume()

    def wake_all(self) -> None:
        """All that was there has been shown."""
        woken, self._woken = self._woken, []
        for answering in woken:
            if answering.state == WAITS:
                self.wake(answering)

    def count(self) -> None:
        if self.spliced:
            self._count_inner()

    def end(self) -> None:
        self.done = True

    def forget(self) -> None:
        """Refer to nothing that may refer to this."""
        for one in self._all:
            one.forget()
        self._all, self._inner, self._woken = (), None, []
        del self.opposite
