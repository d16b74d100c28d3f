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

from typing import NamedTuple, Protocol, cast

from bridge.net.pulse import BEAT, Pulse

PAUSE = 0.001
"""
Seconds from one event to the next, on average, that are a silence.  What comes quicker
flows: nobody waits then, or everybody a little.
"""


MUCH = 64 * 1024
"""
Bytes from one look to the next.  Who sends that much may be kept back by us, and so is
who answers what went through us; who says little, one way, is only heard later.
"""


FLOOD = 8 * 1024 * 1024
"""Bytes from one look to the next, one way, that are a flood: 1.3 Gbit/s."""


class Way(Protocol):
    """What is looked at of a direction."""

    bytes: int
    held: int
    paced: bool

    @property
    def waits(self) -> bool:
        """It has to wait before it may move more."""

    def flows(self) -> None:
        """Much has come, and nothing went back."""


class Side(Protocol):
    """The stream towards the client, or the server."""

    spent: Spent

    @property
    def fd(self) -> int: ...


class Between(Way, Protocol):
    """A whole direction, and not only what is looked at of it."""

    source: Side
    sink: Side


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


def waited(times: Times) -> dict[str, float]:
    """The parts, by name, in seconds."""
    return dict(zip(Times._fields[1:], times[1:], strict=True))


(
    IDLE, FRONT_SILENT, BACK_SILENT, FRONT_FLOW, BACK_FLOW, FRONT_FULL, BACK_FULL,
    GATEWAY, PARTS,
) = range(9)  # fmt: skip
"""Where each part stands in a list, in the order of Times; and how many there are."""


class Spent:
    """Of a session with *fd* in front; *pulse* is its pump's."""

    __slots__ = (
        "_down", "_fd", "_much", "_seconds", "_starved", "_up", "beat", "began",
        "events", "pulse",
    )  # fmt: skip

    def __init__(self, pulse: Pulse, fd: int) -> None:
        self.pulse = pulse
        self.beat = self.began = pulse.beat
        """When it was looked at last, and when it began."""
        self.events = 0
        """Since it was looked at."""
        self._fd = fd
        self._starved = pulse.starved
        self._seconds: list[float] | None = None
        """Each part; None: it was not looked at yet, as most are never."""
        self._much = False
        """Much had moved at the last look."""
        self._up = self._down = 0
        """Bytes at the last look."""

    def note(self, fd: int, reads: Way, writes: Way | None) -> None:
        """
        *fd* has something to tell, and it is another beat; *reads* reads from it, and
        *writes* writes to it.
        """
        pulse, last, events = self.pulse, self.beat, self.events
        self.beat = beat = pulse.beat
        self.events = 1
        seconds = self._seconds
        if seconds is None:
            self._seconds = seconds = [0.0] * PARTS
        span = beat - last
        if writes is None:  # there is no server now
            return
        front, came, went = fd == self._fd, reads.bytes, writes.bytes
        up, down = (came, went) if front else (went, came)
        more_up, more_down = up - self._up, down - self._down
        self._up, self._down = up, down
        much = more_up + more_down >= MUCH
        if much and more_up + more_down >= FLOOD and not (more_up and more_down):
            (reads if (more_up > 0) is front else writes).flows()
        if pulse.starved != self._starved:
            answers = more_down if front else more_up
            starved = self._short(last, span)
            if much or self._much or answers or reads.held or writes.held:
                seconds[GATEWAY] += starved
                span -= starved
        self._much = much
        if reads.held or writes.held:
            if reads.held:
                seconds[BACK_FULL if front else FRONT_FULL] += span
            if writes.held:
                seconds[FRONT_FULL if front else BACK_FULL] += span
        elif reads.paced and (reads.waits or writes.waits):
            seconds[GATEWAY] += span
        elif span < events * PAUSE:
            flow = FRONT_FLOW if front else BACK_FLOW
            seconds[GATEWAY if pulse.saturated else flow] += span
        elif front:
            seconds[FRONT_SILENT if more_up > more_down else IDLE] += span
        else:
            seconds[BACK_SILENT] += span

    def made_wait(self) -> None:
        """Until now a direction was not to move what there was."""
        pulse, last = self.pulse, self.beat
        if pulse.beat is not last:
            seconds = self._seconds or [0.0] * PARTS
            seconds[GATEWAY] += pulse.beat - last
            self._seconds, self._starved = seconds, pulse.starved
            self.beat, self.events = pulse.beat, 0

    def _short(self, last: float, span: float) -> float:
        """Seconds of *span* in which the process could not run when it was to."""
        pulse, before = self.pulse, self._starved
        self._starved = pulse.starved
        if last is pulse.before:
            return min(span, pulse.starved - before)
        return min(span, pulse.lately)  # it was quiet, and met only the end of that

    def times(self, now: float, up: Way | None, down: Way | None) -> Times:
        """All of it until *now*, by what *up* and *down* wait for."""
        seconds = list(self._seconds or [0.0] * PARTS)
        span = max(0.0, now - self.beat)
        if up is None or down is None:
            seconds[IDLE] += span
        elif up.held or down.held:
            seconds[BACK_FULL] += span if up.held else 0.0
            seconds[FRONT_FULL] += span if down.held else 0.0
        elif up.waits or down.waits:
            seconds[GATEWAY] += span
        elif up.bytes != self._up and down.bytes == self._down:
            seconds[BACK_SILENT] += span  # it was asked, and has not answered
        else:
            seconds[IDLE] += span
        return Times(max(0.0, now - self.began), *seconds)


class Newcomers(Spent):
    """
    One account of all who began within a beat, until they have more to tell, later.

    Most are over by then, or idle from then on: none of these has one of its own.
    """

    __slots__ = ("_in_front", "others")

    def __init__(self, pulse: Pulse, others: Newcomers | None = None) -> None:
        Spent.__init__(self, pulse, -1)
        self._in_front = others is not None
        self.others = others or self
        """What their other sides have, of those that have this one in front."""

    def note(self, fd: int, reads: Way, writes: Way | None) -> None:
        """The session that *fd* is a side of has an account of its own from now on."""
        way = cast(Between, reads)  # as all are that ``count`` is called for
        source, sink = way.source, way.sink
        spent = Spent(self.pulse, (source if self._in_front else sink).fd)
        spent.beat = spent.began = self.began
        spent._starved = self._starved
        if writes is not None and reads.bytes + writes.bytes >= MUCH:
            spent.events = _QUICK  # ours are of all of them
        source.spent = sink.spent = spent
        spent.note(fd, reads, writes)


_QUICK = 1 + int(BEAT / PAUSE)
"""Events within a beat that are a flow."""


def count(pulse: Pulse, front: Side, back: Side) -> None:
    """From now on it is counted whom the two directions between these wait for."""
    newest = pulse.newest
    if not isinstance(newest, Newcomers) or newest.beat is not pulse.beat:
        pulse.newest = newest = Newcomers(pulse, Newcomers(pulse))
    front.spent, back.spent = newest, newest.others


UNCOUNTED = Spent(Pulse(), -1)
"""Of a stream that is in no session, or in none yet."""
