"""
Wake up less where much comes: sources that tell of bytes only once they have many.

Here: which, and for how long.  Not here: who floods (``spent`` sees it, by the beat).

While much comes one way and nothing goes back, each wake-up costs more than the bytes
that it is for, and what a read takes is all that came since the last one.  So the
source's low-water mark (SO_RCVLOWAT in socket(7)) is raised: its edge comes with MARK
bytes, with a FIN, a reset, an urgent mark, or when the window is nearly full
(tcp_epollin_ready, net/ipv4/tcp.c).

No tail waits for that: a source that has not moved from one look to the next, LOOK
seconds later, has its mark lowered again, upon which the kernel tells at once of what
there is (tcp_set_rcvlowat).  So does one that is slower than MARK bytes in that time.
"""

from __future__ import annotations

from socket import SO_RCVLOWAT, SOL_SOCKET, SocketType
from time import monotonic
from typing import Protocol

from bridge.net.sockopt import Option, OptionError, Options, apply

MARK = 256 * 1024
"""
Bytes.  The kernel makes room for them, or takes half of a buffer that it was given.

Measured: 64 KiB to 1 MiB gain alike, within what two runs differ by.
"""

LOOK = 0.001
"""Seconds from one look at all of them to the next, while the pump turns."""


class Source(Protocol):
    """Where much comes from."""

    socket: SocketType

    @property
    def fd(self) -> int: ...


class Flood(Protocol):
    """A direction whose source floods."""

    bytes: int

    @property
    def source(self) -> Source: ...


class Floods(dict[Flood, int]):
    """
    The directions of one pump that are told less often, and what each had moved at the
    last look.

    A dict, since the pump asks in each round whether there are any, and to ask what has
    a ``__len__`` of its own is a call.
    """

    def __init__(self) -> None:
        super().__init__()
        self._due = 0.0

    def rise(self, flood: Flood) -> None:
        """Its source tells of MARK bytes and more, from now on."""
        if flood in self:
            return
        if not self:
            self._due = monotonic() + LOOK
        if _set(flood, _HIGH):
            self[flood] = flood.bytes

    def look(self) -> None:
        """Once in LOOK seconds: who has not moved any more is told of every byte."""
        now = monotonic()
        if now < self._due:
            return
        self._due = now + LOOK
        self._fall([flood for flood, seen in self.items() if flood.bytes == seen])
        for flood in self:
            self[flood] = flood.bytes

    def ebb(self) -> None:
        """None of them has told of anything for as long: all are as they were."""
        self._fall(list(self))

    def _fall(self, floods: list[Flood]) -> None:
        for flood in floods:
            del self[flood]
            _set(flood, _LOW)


_HIGH = (Option("low water", SOL_SOCKET, SO_RCVLOWAT, MARK),)
_LOW = (Option("low water", SOL_SOCKET, SO_RCVLOWAT, 1),)


def _set(flood: Flood, options: Options) -> bool:
    """Whether they could be: a socket may be closed by now."""
    source = flood.source
    if source.fd < 0:
        return False
    try:
        apply(source.socket, options)
    except OptionError:
        return False
    return True
