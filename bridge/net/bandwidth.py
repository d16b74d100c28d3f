"""
How much may be moved, and when: ``limits.bandwidth``.

Here: ``Bandwidth``, which is one limit, and ``Allowance``, which is what one direction
of a session asks before each chunk: it may have a limit of its own and one that it
shares with others.  Not here: moving, and waiting.  No clock: *now* is handed in, in
seconds of a clock that never goes back, and ``when`` is of the same.

A limit is a token bucket, kept as a time: up to when all that was granted is paid for.
Whoever finds it empty gets a slot in the future, behind those who asked before, and so
the line of those who wait is in no list: each has its own moment to wake up, nobody is
passed over however many wait, and what one leaves others may have.  Asked for one slot
each in turn, those who have enough to move get equal shares.

In any time T no more passes than rate x (T + BURST + STEP): what was in hand at its
beginning, and what had waited for its slot.
"""

from __future__ import annotations

BURST = 0.1
"""
Seconds of the rate that may pass at once after a pause.

At the beginning it comes on top of the rate: 1 % of the first ten seconds.  And it is
how late a direction may be woken without losing any of its rate, on a busy machine.
"""

STEP = 0.025
"""
Seconds of the rate in one slot, while nobody else waits.

So a direction at its limit is woken 40 times a second, whatever the rate, and moves
chunks that are large for it: fewer, fuller ones cost less (see ``splice``).  When
several wait a slot is their part of that, so that a turn of all still takes STEP.
"""

SMALLEST_SLOT = 64 * 1024
"""
Bytes to which slots shrink when many wait.  Smaller ones would cost more CPU than the
earlier turn is worth: 1,000 that wait at 1 Gbit/s take turns within 0.5 s.
"""

SEGMENT = 1460
"""No slot is smaller, whatever the rate: less would go out as a packet all the same."""


class Bandwidth:
    """One limit: *rate* bytes in a second.  It begins with BURST in hand."""

    __slots__ = ("_floor", "_paid", "_step", "_waiting", "rate", "slot")

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._step = max(SEGMENT, int(rate * STEP))
        self._floor = min(self._step, SMALLEST_SLOT)
        self._waiting = 0
        self._paid = float("-inf")
        self.slot = self._step
        """Bytes that one may ask for now."""

    def reserve(self, now: float, size: int) -> float:
        """Take *size* bytes from the bucket.  When they may pass: now, or later."""
        paid = self._paid
        if paid < now - BURST:
            paid = now - BURST
        self._paid = paid = paid + size / self.rate
        return paid if paid > now else now

    def give_back(self, size: int) -> None:
        """*size* of the bytes reserved did not pass, and will not."""
        self._paid -= size / self.rate

    def wait(self, count: int) -> None:
        """*count* more are waiting for their slots, or fewer."""
        self._waiting += count
        self.slot = max(self._floor, self._step // (1 + self._waiting))


class Allowance:
    """
    What one direction may move, by all of its *limits*, at least one.

    ::

        size = allowance.take(now, CHUNK)
        if not size:                        # ask again at allowance.when
            return
        got = splice(source, pipe, size)    # "would block" is got == 0
        if got < size:
            allowance.give_back(size - got)
    """

    __slots__ = ("_limits", "_reserved", "when")

    def __init__(self, *limits: Bandwidth) -> None:
        self._limits = limits
        self._reserved = 0
        self.when = 0.0
        """Once nothing was granted: when to ask again."""

    def take(self, now: float, most: int) -> int:
        """
        How many bytes may be moved now, at most *most*; 0: none before ``when``.

        Asking before ``when`` does no harm, and changes nothing.
        """
        if self._reserved:
            return self._take_reserved(now, most)
        size, when = most, now
        for limit in self._limits:
            if limit.slot < size:
                size = limit.slot
        for limit in self._limits:
            at = limit.reserve(now, size)
            if at > when:
                when = at
        if when <= now:
            return size
        for limit in self._limits:
            limit.wait(1)
        self._reserved, self.when = size, when
        return 0

    def give_back(self, size: int) -> None:
        """Of what was taken last, *size* bytes were not moved."""
        for limit in self._limits:
            limit.give_back(size)

    def cancel(self) -> None:
        """The direction is over: what it waits for is others'.  Twice does no harm."""
        if self._reserved:
            self.give_back(self._end_wait())

    def _take_reserved(self, now: float, most: int) -> int:
        if now < self.when:
            return 0
        size = self._end_wait()
        if size <= most:
            return size
        self.give_back(size - most)
        return most

    def _end_wait(self) -> int:
        size, self._reserved = self._reserved, 0
        for limit in self._limits:
            limit.wait(-1)
        return size
