"""
Ports of a range, lent for a while.

Which one comes next is not to be guessed: who is at the same address as a client could
be there before it (RFC 2577, section 5; RFC 6056).
"""

from __future__ import annotations

from random import SystemRandom

_random = SystemRandom()


class FreePorts:
    """Those of *ports* that nobody has borrowed."""

    __slots__ = ("_free",)

    def __init__(self, ports: range) -> None:
        self._free = list(ports)

    def __len__(self) -> int:
        return len(self._free)

    def take(self) -> int | None:
        """Any of them, until ``give``; None: there is none."""
        free = self._free
        if not free:
            return None
        at = _random.randrange(len(free))
        free[at], free[-1] = free[-1], free[at]
        return free.pop()

    def give(self, port: int) -> None:
        """*port*, which was taken, is free again."""
        self._free.append(port)
