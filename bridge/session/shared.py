"""
A front that other processes have, too: how many of its sessions there may be in all.

Here: what that changes of an ``Admission`` and a ``Live``; a front of one process has
neither.  Not here: how it is counted (``net.board``); sources (``net.shared_crowd``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.session.admission import Admission
from bridge.session.live import Live, S

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from bridge.net.address import Networks
    from bridge.net.column import Column
    from bridge.net.crowd import Crowd
    from bridge.net.door import Door
    from bridge.session.flow import Ending
    from bridge.session.terms import Terms


class SharedAdmission(Admission):
    """To *front*, which may have *connections* in all processes; ours has *column*."""

    __slots__ = ("_allowed", "_claimed", "_tally")

    def __init__(
        self,
        column: Column,
        front: str,
        door: Door,
        connections: int,
        crowd: Crowd | None = None,
        senders: Networks | None = None,
    ) -> None:
        self._tally = column.tally(column.key("front", front))
        self._claimed = False
        super().__init__(door, connections, crowd, senders)

    @property
    def connections(self) -> int:
        """
        How many there may be here now: those who are, and one more if there is a place.

        Who asks does so for a session that is about to enter: the place is claimed for
        that one, and kept until it ``enters``.
        """
        tally = self._tally
        if not self._claimed:
            if tally.claim() > self._allowed:
                return tally.add(-1)
            self._claimed = True
        return tally.get()

    @connections.setter
    def connections(self, allowed: int) -> None:
        self._allowed = allowed

    def enters(self) -> None:
        """A session is there, welcome or not."""
        if self._claimed:
            self._claimed = False
        else:
            self._tally.add(1)

    def left(self) -> None:
        """It is over."""
        self._tally.add(-1)


class SharedLive(Live[S]):
    """Of such a front: *terms* have a ``SharedAdmission``."""

    __slots__ = ("_admission",)

    def __init__(self, clock: IReactorTime, terms: Terms) -> None:
        super().__init__(clock, terms)
        assert isinstance(terms.admission, SharedAdmission)
        self._admission = terms.admission

    def enter(self, session: S, accepted: float) -> None:
        super().enter(session, accepted)
        self._admission.enters()

    def leave(
        self, session: S, ending: Ending, up: int, down: int, since: float
    ) -> None:
        super().leave(session, ending, up, down, since)
        self._admission.left()
