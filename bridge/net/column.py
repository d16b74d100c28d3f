"""
One process's column of the board, and what is counted there again and again.

Here: numbers by key, one's own and the others'.  Not here: how the table is laid out
and shared, and why this is right although nobody locks anything (``board``).
"""

from __future__ import annotations

from dataclasses import dataclass
from mmap import mmap
from struct import Struct
from threading import Lock
from typing import Protocol

WAYS = 8
"""Pairs in a bucket: their keys are one cache line, their numbers the next."""

WORD = 8
BUCKET = 2 * WAYS * WORD
# Native, because these are then read and written whole, not byte by byte.
KEYS = Struct(f"@{WAYS}q")

TOTAL = 1
"""The bit of a key whose number outlives its process."""


class Keys(Protocol):
    """See ``Board.key``."""

    def __call__(self, tag: str, *parts: str | int, total: bool = False) -> int: ...


@dataclass(frozen=True, slots=True)
class Sheet:
    """What all columns are on."""

    map: mmap
    words: memoryview
    """The same, in words."""
    in_use: memoryview
    """A byte for each column: whether somebody has it."""
    first: int
    """Where column 0 begins."""
    buckets: int
    """A power of two."""
    key: Keys

    def begin(self, number: int) -> int:
        """Where the column *number* does."""
        return self.first + number * self.buckets * BUCKET


class Column:
    """One process's: what it has counted itself, and what the others have."""

    __slots__ = (
        "_alone", "_fence", "_first", "_in_use", "_map", "_mask", "_number", "_others",
        "_seen", "_sheet", "_words", "key",
    )  # fmt: skip

    def __init__(self, sheet: Sheet, number: int) -> None:
        self.key = sheet.key
        self._sheet = sheet
        self._number = number
        self._map = sheet.map
        self._words = sheet.words
        self._in_use = sheet.in_use
        self._mask = sheet.buckets - 1
        self._first = sheet.begin(number)
        self._seen = b""
        """Who had columns when that was last looked at, and where theirs begin."""
        self._others: tuple[int, ...] = ()
        self._alone: dict[int, int] = {}
        """What there was no place for."""
        self._fence = Lock()
        self._fence.acquire()
        sheet.in_use[number] = 1

    def tally(self, key: int) -> Tally:
        """What counts one thing that is there for long, and so is quicker."""
        return Tally(self, key)

    def add(self, key: int, count: int) -> int:
        """So many more; less, if *count* is negative.  How many this process has."""
        if self._alone and key in self._alone:
            count += self._alone.pop(key)
        at = self._place(key)
        if at:
            self._words[at] = count = self._words[at] + count
        elif count:
            self._alone[key] = count
        return count

    def get(self, key: int) -> int:
        """How many this process has."""
        if self._alone and key in self._alone:
            return self._alone[key]
        at = self.own(key)
        return self._words[at] if at else 0

    def put(self, key: int, number: int) -> None:
        """This process has so many."""
        self.add(key, number - self.get(key))

    def others(self, key: int) -> int:
        """How many the other processes have."""
        return sum(self.each(key))

    def each(self, key: int) -> list[int]:
        """The same of each of them that has some."""
        found = []
        for first in self.beginnings():
            at = self.find(first, key)
            if at:
                # One that was given up meanwhile may have become another key's: then
                # its number is too large for a moment, and never too small.
                found.append(self._words[at])
        return found

    def total(self, key: int) -> int:
        """How many all have."""
        return self.get(key) + self.others(key)

    def claim(self, key: int) -> int:
        """
        One more, and how many all have with it.

        If that is too many, it is to be given back: ``add(key, -1)``.  Of those who may
        keep theirs there are then never too many.
        """
        own = self.add(key, 1)
        self.fence()
        return own + self.others(key)

    # What tallies ask

    def fence(self) -> None:
        """
        What was written is there for the others before theirs is read.

        A processor may do it the other way round, but not across a lock that is given
        back and taken again: on x86-64 each of the two, on ARMv8 a release and then an
        acquire.
        """
        self._fence.release()
        self._fence.acquire()

    def beginnings(self) -> tuple[int, ...]:
        """Where the columns of the others begin."""
        seen = self._in_use.tobytes()
        if seen != self._seen:
            own, begin = self._number, self._sheet.begin
            others = (each for each, used in enumerate(seen) if used and each != own)
            self._seen, self._others = seen, tuple(map(begin, others))
        return self._others

    def find(self, first: int, key: int) -> int:
        """The word with *key*'s number in the column that begins at *first*; or 0."""
        bucket = first + (key >> 1 & self._mask) * BUCKET
        keys = KEYS.unpack_from(self._map, bucket)
        return bucket // WORD + WAYS + keys.index(key) if key in keys else 0

    def own(self, key: int) -> int:
        """The same in our own column."""
        return self.find(self._first, key)

    @property
    def words(self) -> memoryview:
        """All of the table."""
        return self._words

    def _place(self, key: int) -> int:
        """The same of our own column; a free one, if it has none; 0: there is none."""
        bucket = self._first + (key >> 1 & self._mask) * BUCKET
        keys = KEYS.unpack_from(self._map, bucket)
        numbers = bucket // WORD + WAYS
        if key in keys:
            return numbers + keys.index(key)
        for way, other in enumerate(keys):
            if not self._words[numbers + way] and not other & TOTAL:
                self._words[numbers - WAYS + way] = key  # with 0, until that is written
                return numbers + way
        return 0


class Tally:
    """
    One thing that *column* counts, as *key* has it, and the others, too.

    Quicker than by the key: it remembers where that is, and looks whether it still is.
    """

    __slots__ = ("_at", "_column", "_key", "_others", "_theirs", "_words")

    def __init__(self, column: Column, key: int) -> None:
        self._column = column
        self._key = key
        self._words = column.words
        self._at = WAYS
        """The word with our number; or one that has another key."""
        self._others: tuple[int, ...] = ()
        """Where the others' columns began, and for each the same of that."""
        self._theirs: list[int] = []

    def add(self, count: int) -> int:
        """So many more, or less: how many this process has."""
        at, words = self._at, self._words
        if words[at - WAYS] == self._key:
            count += words[at]
            words[at] = count
            return count
        count = self._column.add(self._key, count)
        self._at = self._column.own(self._key) or WAYS
        return count

    def get(self) -> int:
        """How many this process has."""
        at, words = self._at, self._words
        if words[at - WAYS] == self._key:
            return words[at]
        return self._column.get(self._key)

    def others(self) -> int:
        """How many the others have."""
        others, words, key, found = self._column.beginnings(), self._words, self._key, 0
        if others is not self._others:
            self._others, self._theirs = others, [WAYS] * len(others)
        theirs = self._theirs
        for each, at in enumerate(theirs):
            if words[at - WAYS] != key:
                at = theirs[each] = self._column.find(others[each], key) or WAYS
                if at == WAYS:
                    continue
            found += words[at]
        return found

    def total(self) -> int:
        """How many all have."""
        return self.get() + self.others()

    def claim(self) -> int:
        """See ``Column.claim``."""
        own = self.add(1)
        self._column.fence()
        return own + self.others()
