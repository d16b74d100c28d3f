"""
Where the time of a session goes: whom its two directions wait for.

Here: counting that, in seconds.  Not here: what is concluded (``watch.limited``), or
what the kernel has counted of each side (``tcpinfo``).

A session is looked at when one of its sockets has something to tell and a beat has
passed since it last had (``pulse``), which is twenty times a second at most: the time
since then is whose turn it was.  Whoever speaks next was the one to be waited for; but
while a direction holds bytes it is its sink.  So each moment is counted to somebody,
and to the right one in the long run, for a comparison of two references an event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from bridge.net.pulse import Pulse

if TYPE_CHECKING:
    from typing import ClassVar

PAUSE = 0.001
"""
Seconds from one event to the next, on average, that are a silence.  What comes quicker
flows: nobody waits then, or everybody a little.
"""


class Way(Protocol):
    """What is looked at of a direction."""

    bytes: int
    held: int
    paced: ClassVar[bool]

    @property
    def waits(self) -> bool:
        """It has to wait before it may move more."""


class Times(NamedTuple):
    """Seconds of a session, by whom it has waited for."""

    total: float = 0.0
    """Since it has both sides.  Those below are no more, but for two sinks at once."""
    idle: float = 0.0
    """The client had its answer, and wanted nothing."""
    front_silent: float = 0.0
    """The client went on, later."""
    back_silent: float = 0.0
    """The server answered, or went on, later."""
    front_flow: float = 0.0
    """Much came of the client, one piece soon after the other, and all went on."""
    back_flow: float = 0.0
    """Of the server."""
    front_full: float = 0.0
    """The client's socket took no more ..."""
    back_full: float = 0.0
    """... and the server's."""
    gateway: float = 0.0
    """This process could not run, had nothing left, or was told to wait."""
    answers: int = 0
    """How often, at least, ``back_silent`` was for an answer."""


def waited(times: Times) -> dict[str, float]:
    """The parts, by name, in seconds."""
    return dict(zip(Times._fields[1:-1], times[1:-1], strict=True))


class Spent:
    """Of a session with *fd* in front; *pulse* is its pump's."""

    # Without __slots__: what is 0 for most of them is then not set for each.

    idle = front_silent = back_silent = front_flow = back_flow = 0.0
    front_full = back_full = gateway = 0.0
    answers = up = down = 0

    def __init__(self, pulse: Pulse, fd: int) -> None:
        self.pulse = pulse
        self.beat = pulse.beat
        """When it was looked at last."""
        self.events = 0
        """Since then."""
        self._fd = fd
        self.began = pulse.beat
        self._starved = pulse.starved

    def note(self, fd: int, reads: Way, writes: Way | None) -> None:
        """
        *fd* has something to tell, and it is another beat; *reads* reads from it, and
        *writes* writes to it.
        """
        pulse, beat, last, events = self.pulse, self.pulse.beat, self.beat, self.events
        self.beat, self.events = beat, 1
        span = beat - last
        starved = self._short(last, span)
        self._starved = pulse.starved
        if starved > 0.0:
            self.gateway += starved
            span -= starved
        if writes is None:  # there is no server now
            return
        front = fd == self._fd
        up, down = (reads, writes) if front else (writes, reads)
        was_up, was_down = self.up, self.down
        self.up, self.down = up.bytes, down.bytes
        if up.held or down.held:
            if up.held:
                self.back_full += span
            if down.held:
                self.front_full += span
        elif (up.paced and up.waits) or (down.paced and down.waits):
            self.gateway += span
        elif span < events * PAUSE:
            self._flows(span, front=front)
        elif front:
            if self.up - was_up > self.down - was_down:
                self.front_silent += span
            else:
                self.idle += span
        else:
            self.back_silent += span
            self.answers += self.up != was_up

    def made_wait(self) -> None:
        """Until now a direction was not to move what there was."""
        pulse, last = self.pulse, self.beat
        if pulse.beat is not last:
            self.gateway += pulse.beat - last
            self.beat, self.events, self._starved = pulse.beat, 0, pulse.starved

    def _short(self, last: float, span: float) -> float:
        """Seconds of *span* in which the process could not run when it was to."""
        pulse = self.pulse
        if last is pulse.before:
            return min(span, pulse.starved - self._starved)
        return min(span, pulse.lately)  # it was quiet, and met only the end of that

    def _flows(self, span: float, *, front: bool) -> None:
        if self.pulse.saturated:
            self.gateway += span
        elif front:
            self.front_flow += span
        else:
            self.back_flow += span

    def times(self, now: float, up: Way | None, down: Way | None) -> Times:
        """All of it until *now*, by what *up* and *down* wait for."""
        idle, silent = self.idle, self.back_silent
        front_full, back_full, gateway = self.front_full, self.back_full, self.gateway
        span = max(0.0, now - self.beat)
        if up is None or down is None:
            idle += span
        elif up.held or down.held:
            back_full += span if up.held else 0.0
            front_full += span if down.held else 0.0
        elif up.waits or down.waits:
            gateway += span
        elif up.bytes != self.up and down.bytes == self.down:
            silent += span  # it was asked, and has not answered
        else:
            idle += span
        return Times(
            max(0.0, now - self.began), idle, self.front_silent, silent,
            self.front_flow, self.back_flow, front_full, back_full, gateway,
            self.answers,
        )  # fmt: skip


UNCOUNTED = Spent(Pulse(), -1)
"""Of a stream that is in no session, or in none yet."""
