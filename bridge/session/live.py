"""
What changes of a front while it runs.

Here: its sessions, what is counted of them, and the deadlines that they share.  Not
here: what holds of all of them and never changes (``terms``), or what a session does
when its time is over.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from bridge.net.deadlines import Deadlines
from bridge.session.flow import Ending
from bridge.watch.counters import Counters

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from bridge.filters.answers import Meet
    from bridge.session.destination import Destination
    from bridge.session.terms import Terms

_BAD_HEADER = Ending.BAD_HEADER  # whose look-up takes as long as a call

UNSEEN = -1 << 62
"""Progress of a session that was not met yet in its state: anything is more."""


class Living(Hashable, Protocol):
    """What a running front has many of: a session."""

    def late(self) -> None:
        """The ``open`` deadline passed."""


class Silent(Hashable, Protocol):
    """What is waited for without a word: a session's opening."""

    def silent(self) -> None:
        """``greeting`` seconds passed."""


class Slow(Hashable, Protocol):
    """What a filter wants in some time: its part in a direction."""

    def late(self) -> None:
        """That has passed."""


class Dialing(Hashable, Protocol):
    """What waits for a server's answer: a session's attempt."""

    def unanswered(self) -> None:
        """``connect_timeout`` passed."""


S = TypeVar("S", bound=Living)
S_contra = TypeVar("S_contra", bound=Living, contravariant=True)


class Meetings(Protocol[S_contra]):
    """The data connections of a front's sessions: see ``meetings``."""

    def meet(self, control: S_contra, meet: Meet) -> tuple[tuple[str, int] | None, str]:
        """Listen for one more of *control*'s: where, or None and why not."""

    def moves(self, control: S_contra) -> bool:
        """Whether one of *control*'s is there: no silence of it counts."""

    def left(self, session: S_contra) -> None:
        """*session*, whatever it was, is over."""


class Live(Generic[S]):
    """Of the front that runs on *terms*."""

    __slots__ = (
        "_clock", "_seconds", "_within", "address", "counters", "dialing", "greeting",
        "meetings", "opening", "sessions",
    )  # fmt: skip

    def __init__(self, clock: IReactorTime, terms: Terms) -> None:
        timeouts = terms.timeouts
        self._clock = clock
        self._seconds = clock.seconds
        self._within: dict[float, Deadlines[Slow]] = {}
        self.sessions: set[S] = set()
        self.counters = Counters(refused=terms.admission.refused)
        self.opening: Deadlines[S] = Deadlines(
            clock, timeouts.open, lambda session: session.late()
        )
        """Of all that have no server yet."""
        self.greeting: Deadlines[Silent] = Deadlines(
            clock, timeouts.greeting, lambda opening: opening.silent()
        )
        """Of clients that have not said a word, where one may say nothing."""
        self.dialing: dict[Destination, Deadlines[Dialing]] = {}
        self.meetings: Meetings[S] | None = None
        """Where it has data connections, too."""
        self.address: tuple[str, int] | None = None
        """Where all of its clients have come to; None: each one's socket knows."""
        self._clock = clock
        for each in terms.destinations:
            self.dials(each)

    def dials(self, destination: Destination) -> None:
        """Sessions go to *destination*, too."""
        self.dialing[destination] = Deadlines(
            self._clock, destination.connect, lambda dialing: dialing.unanswered()
        )

    def within(self, seconds: float, slow: Slow) -> Deadlines[Slow]:
        """
        *slow* has *seconds* from now on, and is late if it is still in these then.

        Those that filters want something in are a few, no more.
        """
        found = self._within.get(seconds)
        if found is None:
            found = Deadlines(self._clock, seconds, lambda slow: slow.late())
            self._within[seconds] = found
        found[slow] = self._seconds() + seconds
        if not found.armed:
            found.arm()
        return found

    def enter(self, session: S, accepted: float) -> None:
        """*session* is there; ``open`` runs for it from *accepted* on."""
        self.sessions.add(session)
        self.counters.accepted += 1
        opening = self.opening
        opening[session] = accepted + opening.seconds
        if not opening.armed:
            opening.arm()

    def leave(
        self, session: S, ending: Ending, up: int, down: int, since: float
    ) -> None:
        """It is over; it was there *since* then, and has moved so many bytes."""
        self.opening.pop(session, None)
        self.sessions.discard(session)
        counters = self.counters
        counters.endings[ending._value_] += 1
        if ending is _BAD_HEADER:  # the others are counted by who refuses them
            counters.refused[ending._value_] += 1
        counters.up += up
        counters.down += down
        lasted = counters.lasted
        if lasted is not None:
            lasted.append(self._seconds() - since)
        if self.meetings is not None:
            self.meetings.left(session)

    def close(self) -> None:
        """No deadlines any more."""
        self.opening.close()
        self.greeting.close()
        for dialing in self.dialing.values():
            dialing.close()
        for within in self._within.values():
            within.close()
