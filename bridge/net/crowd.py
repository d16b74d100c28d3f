"""
How many clients come from where: sessions at a time, and new ones in a time.

Here: the counts, by source, which is the prefix of an address.  Not here: the limits of
a whole front, and what is told of a refusal.  No clock: *now* is handed in, in seconds
of a clock that never goes back.

Memory is bounded, whoever comes.  Sessions at a time are counted for the sources that
have some, so by the sessions themselves.  New sessions are remembered for the last
REMEMBERED sources at least and twice as many at most, whatever the rate of the flood.
An IPv6 client has 2**64 sources of its own for nothing, so a flood of them cannot be
limited by source, and no table could be large enough; it must only hurt nobody else.
Hence sources that were forgotten count as new ones: a flood can make somebody pass who
should not have, and can never make anybody be refused.  (Counting them together in a
table of hashes instead, tried on paper, refuses the innocent first: after 1,000,000
sources every place of 65,536 is hot.)
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import Enum

from bridge.net.prefixes import NOBODY

REMEMBERED = 32_768
"""
Sources whose new sessions are remembered for certain; twice that takes some 7 MB.

While others make F new sessions in a second, a source is forgotten when it tries less
often than F / REMEMBERED times a second: at 100,000 in a second, who comes more often
than every 0.33 s is limited exactly as if there were no flood.
"""

_LINK_LOCAL = 0xFE80 >> 6  # the first ten bits, RFC 4291 section 2.5.6
_OWN = 1 << 128  # beyond the numbers of all prefixes


class Crowded(Enum):
    """Which limit refuses a client; its value is the limit's key."""

    SESSIONS = "per_source"
    ARRIVALS = "new_per_source"


class Crowd:
    """
    The sources of one front, each with at most *sessions* at a time and, by *arrivals*,
    so many new ones in a time.  None: no limit.

    *ipv6*, *ipv4*: how many bits of an address are one source.
    """

    __slots__ = ("_arrivals", "_limit", "_sessions", "_shift4", "_shift6")

    def __init__(
        self,
        sessions: int | None,
        arrivals: Arrivals | None,
        ipv6: int = 64,
        ipv4: int = 32,
    ) -> None:
        self._limit = math.inf if sessions is None else sessions
        self._arrivals = arrivals
        self._shift6 = 128 - ipv6
        self._shift4 = 32 - ipv4
        self._sessions: dict[int, int] = {}

    def source_of(self, number: int) -> int:
        """
        The source that the client at *number* (see ``hosts.number``) belongs to.

        All link-local addresses are in one /64, which says nothing of whose they are:
        each is a source of its own.
        """
        if number < 0:
            return number if number == NOBODY else number >> self._shift4
        if number >> 118 == _LINK_LOCAL:
            return number | _OWN
        return number >> self._shift6

    def enter(self, source: int, now: float) -> Crowded | None:
        """
        A client of *source* wants in: None, and it is counted; or what refuses it.

        Who was counted must ``leave``, once.  One that is refused counts for nothing:
        trying again and again neither helps nor prolongs it.  NOBODY is not limited.
        """
        if source == NOBODY:
            return None
        here = self._sessions.get(source, 0)
        if here >= self._limit:
            return Crowded.SESSIONS
        if self._arrivals is not None and not self._arrivals.take(source, now):
            return Crowded.ARRIVALS
        self._sessions[source] = here + 1
        return None

    def leave(self, source: int) -> None:
        """One that had entered is gone.  Raises KeyError when none of them is here."""
        if source == NOBODY:
            return
        here = self._sessions[source]
        if here == 1:
            del self._sessions[source]
        else:
            self._sessions[source] = here - 1

    def here(self, source: int) -> int:
        """Sessions that *source* has now."""
        return self._sessions.get(source, 0)

    def each(self) -> Iterable[tuple[int, int]]:
        """The sources that have sessions now, and how many."""
        return self._sessions.items()

    def __len__(self) -> int:
        """Sources that have sessions now."""
        return len(self._sessions)


class Arrivals:
    """
    New sessions by source: at most *count* in *seconds*, all at once or spread.

    Each source has *count* of them in hand, and gets one back every *seconds* / *count*
    (the generic cell rate algorithm, ITU-T I.371, which keeps one time a source).  So
    after a pause up to twice *count* pass within *seconds*; in the long run *count* do.
    """

    __slots__ = (
        "_each", "_old", "_seconds", "_tolerance", "_turn", "_young", "forgotten",
        "remembered",
    )  # fmt: skip

    def __init__(
        self, count: int, seconds: float, remembered: int = REMEMBERED
    ) -> None:
        self._each = seconds / count
        self._seconds = seconds
        # A hundredth of one more, for what adding fractions loses.
        self._tolerance = seconds - self._each * 0.99
        self.remembered = remembered
        self.forgotten = 0
        """Sources dropped because others were too many, whatever was left to know."""
        # When a source will again have all in hand.  Two generations: who comes is
        # young; when the young are too many or too long so, the old ones are dropped
        # together and the young are the old ones.
        self._young: dict[int, float] = {}
        self._old: dict[int, float] = {}
        self._turn = 0.0

    def take(self, source: int, now: float) -> bool:
        """Whether a new session of *source* may be; if so, it has one less in hand."""
        if now >= self._turn:
            self._forget_idle(now)
        young = self._young
        full = young.get(source)
        if full is None:
            full = self._old.pop(source, now)
            if len(young) >= self.remembered:
                self.forgotten += len(self._old)
                young = self._next_generation(now)
        if full < now:
            full = now
        may = full - now <= self._tolerance
        # One that is refused is remembered anew all the same, for as long as it tries.
        young[source] = full + self._each if may else full
        return may

    def __len__(self) -> int:
        """Sources that are remembered: at most twice ``remembered``."""
        return len(self._young) + len(self._old)

    def _forget_idle(self, now: float) -> None:
        """The old have not come for *seconds*, and so have all in hand again."""
        late = now >= self._turn + self._seconds
        self._next_generation(now)
        if late:  # then that is true of the young as well
            self._old = {}

    def _next_generation(self, now: float) -> dict[int, float]:
        self._old, self._young = self._young, {}
        self._turn = now + self._seconds
        return self._young
