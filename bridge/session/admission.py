"""
Who may come in, and how many at once: the one place that says so of a front's clients.

Here: what is said of a client by its address, which may be the kernel's, or what was
read since; whether it speaks for others; whom it is counted with; and why it is
refused.  Not here: which addresses
are meant (``net.door``), the counting (``net.crowd``), and what follows (``flow``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from bridge.net.hosts import number
from bridge.net.prefixes import NOBODY
from bridge.session.flow import Event

if TYPE_CHECKING:
    from bridge.net.address import Networks
    from bridge.net.crowd import Crowd
    from bridge.net.door import Door

SENDERS = 1024
"""Hosts of which a front remembers whether they speak for others."""

CONNECTIONS = "limits.connections"
"""The reason of who is one too many for the front."""

DENY = "deny "
"""Begins the reason of who is in ``deny``: the network follows."""

NOT_ALLOWED = "not in allow"
"""The reason of who is in no network of a list; one who is in ``deny`` hears which."""


class Guest(Protocol):
    """Who wants in: a session."""

    reason: str
    """Why it is refused."""
    source: int
    """Whom it is counted with; NOBODY: it is not."""

    @property
    def client(self) -> tuple[str, int]:
        """By whose address that is asked."""


class Admission:
    """
    To one front: through *door*, *connections* at a time, and of *crowd* what that
    allows one source.  Who comes through the door, and who the *senders* are, may be
    changed while it runs.
    """

    __slots__ = ("_door", "anyone", "connections", "crowd", "refused", "sends")

    def __init__(
        self,
        door: Door,
        connections: int,
        crowd: Crowd | None = None,
        senders: Networks | None = None,
    ) -> None:
        self.connections = connections
        self.crowd = crowd
        """Those who are there, by where they come from; None: nobody asks."""
        self.refused: Counter[str] = Counter()
        """How many were not let in, by the key of the limit or list."""
        self.anyone = False
        """Nobody is asked who it is."""
        self.door = door
        self.sends: Callable[[str | bytes], bool] | None = None
        """Whether a host speaks for others, and says for whom in a PROXY header; None:
        nobody does."""
        self.believe(senders)

    def believe(self, senders: Networks | None) -> None:
        """From now on these speak for others, and nobody else."""
        # They are few, and come again and again.
        self.sends = lru_cache(SENDERS)(senders.contains) if senders else None

    @property
    def door(self) -> Door:
        """Who comes in from now on; those who are there may stay."""
        return self._door

    @door.setter
    def door(self, door: Door) -> None:
        self._door = door
        self.anyone = door.everyone and self.crowd is None

    def admit(self, guest: Guest, active: int, now: float) -> Event:
        """
        What *guest* hears at *now*, while *active* others are there: ADMITTED, and it
        is counted until it leaves; or DENIED or LIMITED, with the reason.
        """
        if active >= self.connections and (self.anyone or self._admits(guest)):
            return self.turn_away(guest)
        return self.ask(guest, now)

    def ask(self, guest: Guest, now: float) -> Event:
        """
        The same of who has its place in the front: by who it is alone.

        Also once more, when something read says who it really is: from then on it is
        counted with those, and with nobody else.
        """
        if self.anyone:
            return Event.ADMITTED
        if guest.source != NOBODY:
            self.leave(guest)
        where = number(guest.client[0])
        if not self._door.admits(where):
            network = self._door.denied_by(where)
            if network is None:
                return self._refuse(guest, Event.DENIED, "allow", NOT_ALLOWED)
            return self._refuse(guest, Event.DENIED, "deny", f"{DENY}{network}")
        crowd = self.crowd
        if crowd is not None:
            source = crowd.source_of(where)
            crowded = crowd.enter(source, now)
            if crowded is not None:
                limit = f"limits.{crowded.value}"
                return self._refuse(guest, Event.LIMITED, limit, limit)
            guest.source = source
        return Event.ADMITTED

    def turn_away(self, guest: Guest) -> Event:
        """What *guest* hears, whoever it is, when the front has all it may have."""
        return self._refuse(guest, Event.LIMITED, CONNECTIONS, CONNECTIONS)

    def leave(self, guest: Guest) -> None:
        """*guest* is gone.  Twice does no harm."""
        source, guest.source = guest.source, NOBODY
        if source != NOBODY and self.crowd is not None:
            self.crowd.leave(source)

    def _admits(self, guest: Guest) -> bool:
        return self._door.admits(number(guest.client[0]))

    def _refuse(self, guest: Guest, event: Event, key: str, reason: str) -> Event:
        self.refused[key] += 1
        guest.reason = reason
        return event
