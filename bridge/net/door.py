"""
Who may come in at all: what ``allow`` and ``deny`` say together.

Here: the two lists, compiled to one table.  Not here: how many may (``crowd``), and
what is told of a refusal.  Touches no socket.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.net.address import Networks
    from bridge.net.prefixes import Network


class Door:
    """
    Who may come in.  Never changes; other networks, another door.

    *deny* wins over *allow*, also where a longer prefix of *allow* lies within one of
    *deny*; an empty *allow* means all.  What has no address (``prefixes.NOBODY``) is
    in no network: an *allow* shuts it out, and no *deny* does.
    """

    __slots__ = ("_deny", "_flips", "_open", "everyone")

    def __init__(self, allow: Networks, deny: Networks) -> None:
        self.everyone = not allow and not deny
        """Nobody is refused: there is nothing to ask."""
        self._deny = deny
        allowed, denied = allow.prefixes, deny.prefixes
        # Going up from NOBODY, the answer flips at each of these numbers.
        self._flips: list[int] = []
        self._open = admits = not allow
        for at in sorted({*allowed.starts, *denied.starts}):
            now = denied.longest(at) is None and (
                not allow or allowed.longest(at) is not None
            )
            if now is not admits:
                self._flips.append(at)
                admits = now

    def admits(self, number: int) -> bool:
        """Whether the client at *number* (see ``hosts.number``) may come in."""
        return bisect_right(self._flips, number) & 1 != self._open

    def denied_by(self, number: int) -> Network | None:
        """
        Of one who may not: the longest network of *deny* that it is in.

        None: it is in no network of *allow*.  For a log line, which names its reason.
        """
        return self._deny.prefixes.longest(number)
