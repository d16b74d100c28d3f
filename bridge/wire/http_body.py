"""
Chunked bodies of HTTP/1, walked: where they end, without taking them apart.

Sizes are read, data is passed by, what stands between is bounded.  Not here: bodies
with a length, which need no reading.
"""

from __future__ import annotations

import re
from typing import Final

from bridge.wire.http_head import HeadError

MAX_LINE: Final = 256
"""
Bytes of a chunk's size and extensions.  Nobody is known to use extensions; longer ones
have only been seen to make a server read what costs its sender nothing.
"""
MAX_TRAILERS: Final = 8192

# Fifteen digits are 2**60.  No blank before the end or the semicolon: what some take
# for a part of the number. Quoted strings are no different to us: a line is a line.
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})(?:;[\t -~\x80-\xff]*)?\r\n")
_SIZE_BEGUN: Final = re.compile(rb"[0-9A-Fa-f]{1,15}(?:;[\t -~\x80-\xff]*)?\r?")
_TRAILERS: Final = re.compile(
    rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*\r\n)*\r\n"
)


class Chunks:
    """
    One body's way through its chunks.

    ``walk`` is given what is there and tells how much of it, and of what follows, is
    the body's.  What it has not told of is to be shown again, with more.
    """

    __slots__ = ("_within", "done", "trailers")

    def __init__(self) -> None:
        self.done = False
        """Nothing more is the body's."""
        self.trailers = False
        """Those come next: from the start of what is shown next to an empty line."""
        self._within = False
        """A chunk's data ends before what is shown next."""

    @property
    def most(self) -> int:
        """Bytes that must be shown before anything can be said."""
        return MAX_TRAILERS if self.trailers else MAX_LINE + 2

    def walk(self, data: bytes, at: int = 0) -> int:
        """
        How many bytes go on, counted from *at*; some may not have come yet.

        Fewer than there are: more is needed behind them, or the body is ``done``, or
        its ``trailers`` are to be judged first.  Raises HeadError.
        """
        start, there = at, len(data)
        while at < there:
            begun = at
            if self._within:
                if data[at : at + 2] != b"\r\n"[: there - at]:
                    raise HeadError("a chunk does not end where its size says")
                begun += 2
            size = _SIZE.match(data, begun, begun + MAX_LINE)
            if size is None:
                if there >= begun + MAX_LINE or not (
                    begun >= there or _SIZE_BEGUN.fullmatch(data, begun)
                ):
                    raise HeadError("a chunk has no size, or a line too long")
                if begun <= there:  # who reads to a chunk's end does not wait for more
                    at, self._within = begun, False
                break
            count = int(size[1], 16)
            at = size.end()
            if count == 0:
                self.trailers = True
                break
            self._within = True
            at += count
        return at - start

    def end(self, data: bytes, at: int = 0) -> int | None:
        """
        Where the trailers end, from *at* on in *data*; None: they do not yet.

        The body is ``done`` then.  Raises HeadError.
        """
        found = _TRAILERS.match(data, at)
        if found is not None and found.end() - at <= MAX_TRAILERS:
            self.done = True
            return found.end()
        if len(data) - at >= MAX_TRAILERS or b"\r\n\r\n" in data[at:]:
            raise HeadError("its trailers are none, or too long")
        begun = data[at:]
        if begun[:1] == b"\n" or begun.count(b"\n") != begun.count(b"\r\n"):
            raise HeadError("its trailers are none")
        return None
