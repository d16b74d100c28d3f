"""
The replies that a client of FTP waits for, in order, and what becomes of each.

Servers do not always send as many as they should (``ABOR``), and a count that went
wrong puts itself right where a reply says what it is for.  Not here: what commands and
replies mean (``ftp``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

Telling: TypeAlias = Callable[[tuple[str, int]], bytes]
"""Tells a client where it is met, as it has asked for it."""

MOST = 32
"""Commands under way whose replies do not simply pass, at most."""

FINAL = 200
"""Codes from which on nothing follows to the same command (RFC 959, section 4.2)."""

PASSIVE = (227, 229)
"""Replies that name a port."""

GOES = 421
"""The server closes the connection, whatever was asked (RFC 959, section 4.2.1)."""


class Awaited:
    """Those of one control connection: the greeting, at first."""

    __slots__ = ("_each",)

    def __init__(self) -> None:
        self._each: deque[int | bytes | Telling] = deque([1])
        """So many that pass; or one, in the place of which another is sent; or one that
        names a port."""

    def __bool__(self) -> bool:
        return bool(self._each)

    @property
    def full(self) -> bool:
        """No more can be added but those that pass, of which any number can."""
        return len(self._each) >= MOST

    def one_that_passes(self) -> None:
        """There will be one more, and it passes."""
        each = self._each
        last = each[-1] if each else None
        if isinstance(last, int):
            each[-1] = last + 1
        else:
            each.append(1)

    def add(self, what: bytes | Telling) -> None:
        """There will be one more: *what* is sent instead, or tells where it leads."""
        self._each.append(what)

    def came(self, code: int) -> bytes | Telling | None:
        """One of *code* is there: what it becomes; None: it passes."""
        each = self._each
        if code in PASSIVE:
            self._find_telling()
        if code < FINAL or code == GOES or not each:
            return None
        first = each[0]
        if not isinstance(first, int):
            each.popleft()
            return first
        if first > 1:
            each[0] = first - 1
        else:
            each.popleft()
        return None

    def _find_telling(self) -> None:
        """It is for the first that asked for it, whatever was counted before that."""
        each = self._each
        for before, one in enumerate(each):
            if callable(one):
                for _ in range(before):
                    each.popleft()
                return
