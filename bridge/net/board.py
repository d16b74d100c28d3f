"""
What several processes know of each other at every session: one table of numbers.

It is a memfd that all of them map.  Each has a *column*, which it alone writes, and
reads everybody's: there are no locks, no messages and no waiting.  Here: numbers by
key.  Not here: what is counted, and what follows when there is too much of it; who
makes the processes, and says when one is dead.

A column is a table of (key, number) pairs of 64 bits each, in buckets of WAYS: a key
has the same bucket in every column, and any place in it.  A place whose number is 0 is
free, so nothing is ever deleted.  When a bucket is full, one more key is counted by its
own process alone: the others do not see it.  With eight slots for each key one bucket
in a million is full, with four one in 4,000.  What nobody touches has no memory, so
there may be many slots.

Who may have a thing only while all together have less than so many of it *claims* one
and then looks (see ``Column.claim``).  Of all who claim, and are not refused, the last
to have written sees all the others; so there are never too many.  Two who claim the
last one at the same time may both see too many, and both be refused: that is what a
race costs.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import secrets
from collections.abc import Iterator
from hashlib import blake2b
from struct import Struct
from threading import Lock

WAYS = 8
"""Pairs in a bucket: their keys are one cache line, their numbers the next."""

MOST_COLUMNS = 1024

_HEAD = Struct("@8sqq32s")
_MAGIC = b"bridge 1"
_IN_USE = 64
"""Where the header has a byte for each column: whether somebody has it."""

_PAGE = mmap.PAGESIZE
_WORD = 8
_BUCKET = 2 * WAYS * _WORD
# Native, because these are then read and written whole, not byte by byte.
_KEYS = Struct(f"@{WAYS}q")
_TOTAL = 1
"""The bit of a key whose number outlives its process."""


class Board:
    """
    The table.  Make one with ``create`` or ``open``.

    Column 0 belongs to whoever clears the others: it also has the totals of the dead.
    """

    def __init__(self, fd: int) -> None:
        """Of *fd*, which is closed with it.  Raises ValueError: that is no board."""
        if os.fstat(fd).st_size < _PAGE:
            raise ValueError("this is no board")
        self.fd = fd
        self._map = mmap.mmap(fd, 0)
        magic, columns, slots, self._secret = _HEAD.unpack_from(self._map)
        self.columns: int = columns
        self.slots: int = slots
        if magic != _MAGIC:
            self._map.close()
            raise ValueError("this is no board")
        self._words = memoryview(self._map).cast("q")
        self._in_use = memoryview(self._map)[_IN_USE : _IN_USE + self.columns]
        self._dead: Column | None = None

    @classmethod
    def create(cls, columns: int, slots: int) -> Board:
        """A new one, with *slots* pairs a column at least.  Raises OSError."""
        if not 1 <= columns <= MOST_COLUMNS:
            raise ValueError(f"a board has 1 to {MOST_COLUMNS} columns")
        slots = max(_PAGE // (2 * _WORD), 1 << (slots - 1).bit_length())
        size = _PAGE + columns * slots * 2 * _WORD
        flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
        fd = os.memfd_create("bridge board", flags)
        try:
            os.ftruncate(fd, size)
            secret = secrets.token_bytes(32)
            os.pwrite(fd, _HEAD.pack(_MAGIC, columns, slots, secret), 0)
            os.pwrite(fd, b"\1", _IN_USE)
            # Nobody who has it can cut off what the others have mapped.
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
            return cls(fd)
        except BaseException:
            os.close(fd)
            raise

    @classmethod
    def open(cls, fd: int) -> Board:
        """The one that another process has made.  Raises ValueError, OSError."""
        return cls(fd)

    def key(self, tag: str, *parts: str | int, total: bool = False) -> int:
        """
        What stands for *tag* and *parts*, the same in all processes of this board.

        *total*: its number only grows, and is kept when its process has died.
        """
        said = repr((tag, *parts)).encode()
        digest = blake2b(said, digest_size=8, key=self._secret, person=b"bridge board")
        number = int.from_bytes(digest.digest(), "big") >> 1
        return (number | _TOTAL) if total else (number & ~_TOTAL) or 2

    def column(self, number: int) -> Column:
        """
        The column *number*, for the one process that writes it.

        Raises IndexError.  It begins with what stands there: see ``clear``.
        """
        if not 0 <= number < self.columns:
            raise IndexError(f"the board has {self.columns} columns")
        if number:
            return Column(self, number)
        if self._dead is None:
            self._dead = Column(self, 0)
        return self._dead

    def clear(self, number: int) -> None:
        """
        The process that wrote the column *number* is dead: it has nothing any more, but
        its totals are added to column 0's.  By who has column 0, and nobody else.
        """
        if not number:
            raise ValueError("column 0 is not cleared")
        dead, totals = self.column(0), tuple(self._totals(number))
        self._in_use[number] = 0
        for key, count in totals:
            dead.add(key, count)
        # Gives the memory back as well; who looks now finds zeros.
        self._map.madvise(mmap.MADV_REMOVE, self._begin(number), self._size)

    def total(self, key: int) -> int:
        """Of all columns together."""
        return self.column(0).total(key)

    def close(self) -> None:
        """Let go of it.  Whoever else has it, has it still."""
        self._words.release()
        self._in_use.release()
        self._map.close()
        os.close(self.fd)

    @property
    def _size(self) -> int:
        return self.slots * 2 * _WORD

    def _begin(self, number: int) -> int:
        return _PAGE + number * self._size

    def _totals(self, number: int) -> Iterator[tuple[int, int]]:
        """The keys of totals in a column, with their numbers."""
        for begin, end in self._touched(self._begin(number)):
            for bucket in range(begin, end, _BUCKET):
                keys, first = _KEYS.unpack_from(self._map, bucket), bucket // _WORD
                for way, key in enumerate(keys):
                    if key & _TOTAL:
                        yield key, self._words[first + WAYS + way]

    def _touched(self, begin: int) -> Iterator[tuple[int, int]]:
        """
        Where the column that begins at *begin* has memory.  To read what has none would
        give it some.
        """
        end = begin + self._size
        while begin < end:
            try:
                begin = os.lseek(self.fd, begin, os.SEEK_DATA)
            except OSError as error:
                if error.errno != errno.ENXIO:  # there is nothing behind it
                    raise
                return
            hole = min(end, os.lseek(self.fd, begin, os.SEEK_HOLE))
            if begin < hole:
                yield begin, hole
            begin = hole


class Column:
    """One process's: what it has counted itself, and what the others have."""

    __slots__ = (
        "_alone", "_board", "_fence", "_first", "_in_use", "_map", "_mask", "_number",
        "_others", "_seen", "_words",
    )  # fmt: skip

    def __init__(self, board: Board, number: int) -> None:
        self._board = board
        self._number = number
        self._map = board._map
        self._words = board._words
        self._in_use = board._in_use
        self._mask = board.slots // WAYS - 1
        self._first = board._begin(number)
        self._seen = b""
        """Who had columns when that was last looked at, and where theirs begin."""
        self._others: tuple[int, ...] = ()
        self._alone: dict[int, int] = {}
        """What there was no place for."""
        self._fence = Lock()
        self._fence.acquire()
        board._in_use[number] = 1

    @property
    def board(self) -> Board:
        """Whose it is, and whose keys it takes."""
        return self._board

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
        at = self._find(self._first, key)
        return self._words[at] if at else 0

    def put(self, key: int, number: int) -> None:
        """This process has so many."""
        self.add(key, number - self.get(key))

    def others(self, key: int) -> int:
        """How many the other processes have."""
        return sum(self.each(key))

    def each(self, key: int) -> list[int]:
        """The same of each of them that has some."""
        seen = self._in_use.tobytes()
        if seen != self._seen:
            self._look(seen)
        offset = (key >> 1 & self._mask) * _BUCKET
        found = []
        for first in self._others:
            keys = _KEYS.unpack_from(self._map, first + offset)
            if key in keys:
                # One that was given up meanwhile may have become another key's: then
                # its number is too large for a moment, and never too small.
                at = (first + offset) // _WORD + WAYS + keys.index(key)
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
        # What was written has to be there for the others before theirs is read, and a
        # processor may do it the other way round.  Not across a lock that is given back
        # and taken again: on x86-64 each of the two, on ARMv8 a release and an acquire.
        self._fence.release()
        self._fence.acquire()
        return own + self.others(key)

    def _find(self, first: int, key: int) -> int:
        """The word with *key*'s number in the column that begins at *first*; or 0."""
        bucket = first + (key >> 1 & self._mask) * _BUCKET
        keys = _KEYS.unpack_from(self._map, bucket)
        return bucket // _WORD + WAYS + keys.index(key) if key in keys else 0

    def _place(self, key: int) -> int:
        """The same of our own column; a free one, if it has none; 0: there is none."""
        bucket = self._first + (key >> 1 & self._mask) * _BUCKET
        keys = _KEYS.unpack_from(self._map, bucket)
        numbers = bucket // _WORD + WAYS
        if key in keys:
            return numbers + keys.index(key)
        for way, other in enumerate(keys):
            if not self._words[numbers + way] and not other & _TOTAL:
                self._words[numbers - WAYS + way] = key  # with 0, until that is written
                return numbers + way
        return 0

    def _look(self, seen: bytes) -> None:
        begin, own = self._board._begin, self._number
        others = (each for each, used in enumerate(seen) if used and each != own)
        self._seen, self._others = seen, tuple(map(begin, others))
