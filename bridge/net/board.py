"""
What several processes know of each other at every session: one table of numbers.

It is a memfd that all of them map.  Each has a *column*, which it alone writes, and
reads everybody's: there are no locks, no messages and no waiting.  Here: numbers by
key.  Not here: what is counted, and what follows when there is too much of it; who
makes the processes, and says when one is dead; a column from inside (``column``).

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

from bridge.net.column import BUCKET, KEYS, TOTAL, WAYS, WORD, Column, Sheet

MOST_COLUMNS = 1024

_HEAD = Struct("@8sqq32s")
_MAGIC = b"bridge 1"
_IN_USE = 64
"""Where the header has a byte for each column: whether somebody has it."""

_PAGE = mmap.PAGESIZE


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
        self._sheet = Sheet(
            self._map, self._words, self._in_use, _PAGE, self.slots // WAYS, self.key
        )
        self._dead: Column | None = None

    @classmethod
    def create(cls, columns: int, slots: int) -> Board:
        """A new one, with *slots* pairs a column at least.  Raises OSError."""
        if not 1 <= columns <= MOST_COLUMNS:
            raise ValueError(f"a board has 1 to {MOST_COLUMNS} columns")
        slots = max(_PAGE // (2 * WORD), 1 << (slots - 1).bit_length())
        size = _PAGE + columns * slots * 2 * WORD
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
        return (number | TOTAL) if total else (number & ~TOTAL) or 2

    def column(self, number: int) -> Column:
        """
        The column *number*, for the one process that writes it.

        Raises IndexError.  It begins with what stands there: see ``clear``.
        """
        if not 0 <= number < self.columns:
            raise IndexError(f"the board has {self.columns} columns")
        if number:
            return Column(self._sheet, number)
        if self._dead is None:
            self._dead = Column(self._sheet, 0)
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

    def read(self, number: int, key: int) -> int:
        """What the process with the column *number* has; 0: nothing."""
        at = self.column(0).find(self._begin(number), key)
        return self._words[at] if at else 0

    def close(self) -> None:
        """Let go of it.  Whoever else has it, has it still."""
        self._words.release()
        self._in_use.release()
        self._map.close()
        os.close(self.fd)

    @property
    def _size(self) -> int:
        return self.slots * 2 * WORD

    def _begin(self, number: int) -> int:
        return _PAGE + number * self._size

    def _totals(self, number: int) -> Iterator[tuple[int, int]]:
        """The keys of totals in a column, with their numbers."""
        for begin, end in self._touched(self._begin(number)):
            for bucket in range(begin, end, BUCKET):
                keys, first = KEYS.unpack_from(self._map, bucket), bucket // WORD
                for way, key in enumerate(keys):
                    if key & TOTAL:
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
