"""
What the two kinds of direction have in common: ``splice.Splice`` and ``relay.Relay``.

Types only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bridge.net.stream import Stream


class Owner(Protocol):
    """Who is told how a direction goes: the session."""

    def finished(self, direction: Direction) -> None:
        """The source's end was reached, and all before it is in the sink's socket."""

    def broken(self, stream: Stream, error: OSError | None = None) -> None:
        """
        *stream*'s connection was reset, cut off, or timed out.

        *error* says which; None where only the socket knows.
        """

    def crashed(self) -> None:
        """A bug of ours."""


class Direction(Protocol):
    """One direction of a session."""

    source: Stream
    sink: Stream
    bytes: int
    """Received from the source."""
    held: int
    """Of those: waiting for room in the sink (where that has TLS: as records)."""
    ended: bool
    """A FIN or reset is queued at the source: only reading to 0 bytes shows it."""
    urgent: bool
    """There may be an urgent mark in what the source sent."""
    piecemeal: bool
    """
    A read may stop short of what there is, so that only "would block" proves the source
    empty: at an urgent mark, or because it is a unix socket (see ``Stream.piecemeal``).
    """
    over: bool

    def move(self) -> None:
        """The source may have bytes, or the sink room.  Too often does no harm."""

    def run(self) -> None:
        """``move``, as the pump calls it."""

    def fail(self, stream: Stream) -> None:
        """*stream*'s socket reports an error; what it received may still be read."""

    def stop(self) -> None:
        """Move no more.  What is held is lost, and stays counted in ``held``."""

    def crashed(self) -> None:
        """A bug of ours."""
