"""
Looking at what a client sends first, before anybody reads it.

Here: how one is told of what comes, for as long as it takes, and what becomes of a
look.  Not here: what is looked for, and whether it is taken off the stream
(``greeting``, ``identifying``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from bridge.net.pump import ERR, IN, PRI, RDHUP

if TYPE_CHECKING:
    from bridge.net.stream import Stream

T = TypeVar("T")


class Peeking(Generic[T]):
    """
    Looks at what *stream*, which is paused, receives, until it knows.

    How long that may take is for a deadline of the session's to say.
    """

    __slots__ = ("_stream", "_waits")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._waits = False
        """The pump tells of what comes."""

    # What there is to find

    def _find(self) -> T | None:
        """
        What is looked for; None: it is not all there yet.

        Raises OSError; ValueError: it is not there, and will not be.
        """
        raise NotImplementedError

    def _found(self, found: T) -> None:
        """It is there.  The stream hears of its socket again."""
        raise NotImplementedError

    def _missed(self, error: ValueError) -> None:
        """It is not, and will not be.  Likewise."""
        raise NotImplementedError

    def _broken(self, error: OSError) -> None:
        """The connection was reset, or timed out."""
        raise NotImplementedError

    # Looking

    def begin(self) -> None:
        """Look at what is there already; of what comes later the pump will tell."""
        if not self._look():
            self._waits = True
            self._stream.pump.hand_over(self._stream.fd, self)

    def _give_back(self) -> None:
        """Look no more: from now on the stream hears of its socket itself."""
        if self._waits:
            self._waits = False
            self._stream.pump.hand_over(self._stream.fd, self._stream)

    # The pump calls these

    def ready(self, events: int) -> None:
        stream = self._stream
        stream.ready(events)  # which remembers, and tells of a reset
        if stream.fd >= 0 and events & (IN | PRI | RDHUP) and not events & ERR:
            self._look()

    def crashed(self) -> None:
        self._stream.crashed()

    def _look(self) -> bool:
        """False: it is not all there yet."""
        try:
            found = self._find()
        except BlockingIOError:  # nothing more now
            return False
        except OSError as error:  # reset; the kernel has told, and will not again
            self._broken(error)
            return True
        except ValueError as error:
            self._give_back()
            self._missed(error)
            return True
        if found is None:
            return False
        self._give_back()
        self._found(found)
        return True
