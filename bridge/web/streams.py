"""
Pages that are kept up to date: server-sent events, bounded in number and memory.

Each gets what has changed since it was sent something, once a second, and never more
than it reads: one that still has the last to read misses the next, and is sent all
there is when it has caught up.  One that reads nothing for a while is gone.  Not here:
what is sent (``parts``), and when (``looking``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IPushProducer
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from bridge.web.origin import may_read
from bridge.web.plain import Plain, refuse
from bridge.web.static import protect

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime
    from twisted.web.server import Request

    from bridge.control.slices import Steps

MOST = 16
"""Streams at a time; whoever comes then is told to ask now and then instead."""

PATIENCE = 20.0
"""Seconds after which one that reads nothing is dropped."""

AGAIN = 3000
"""Milliseconds until a page that has lost its stream asks for another."""


@implementer(IPushProducer)
class Stream:
    """One page's."""

    def __init__(self, request: Request, clock: IReactorTime) -> None:
        self._request = request
        self._clock = clock
        self._paused_at: float | None = None
        self.whole = True
        """It is to be sent all there is, and not only what has changed."""

    def begin(self) -> None:
        """Send the head."""
        request = self._request
        request.setHeader(b"Content-Type", b"text/event-stream")
        request.registerProducer(self, True)
        request.write(b"retry: %d\n\n" % AGAIN)

    @property
    def stuck(self) -> bool:
        """It has been given something that it has not read yet."""
        return self._paused_at is not None

    @property
    def lost(self) -> bool:
        """And that for too long."""
        at = self._paused_at
        return at is not None and self._clock.seconds() - at > PATIENCE

    def send(self, data: bytes) -> None:
        """One line, as an event."""
        self._request.write(b"data: %b\n\n" % data)

    def abort(self) -> None:
        """Now, whatever there is to read yet."""
        channel: Any = self._request.channel
        if channel is not None:
            channel.abort()

    def close(self) -> None:
        """The gateway ends."""
        self._request.unregisterProducer()
        self._request.finish()

    # What the connection says

    def pauseProducing(self) -> None:
        if self._paused_at is None:
            self._paused_at = self._clock.seconds()

    def resumeProducing(self) -> None:
        self._paused_at = None

    def stopProducing(self) -> None:
        """It is lost, which ``notifyFinish`` says."""


class Streams(Plain):
    """All of them.  *came* is called for the first thing that one is sent."""

    isLeaf = True

    def __init__(self, clock: IReactorTime, came: Callable[[], object]) -> None:
        super().__init__()
        self._clock = clock
        self._came = came
        self._all: dict[Stream, None] = {}
        self._closed = False

    def __len__(self) -> int:
        return len(self._all)

    def render_GET(self, request: Request) -> bytes | int:
        protect(request)
        if request.method == b"HEAD":  # a stream without its body would never end
            request.setHeader(b"Content-Type", b"text/event-stream")
            return b""
        if not may_read(request.getHeader("sec-fetch-site")):
            return refuse(request, 403, "Another site asks.")
        if len(self._all) >= MOST or self._closed:
            request.setHeader(b"Retry-After", b"5")
            return refuse(request, 503, "There are as many streams: ask data/all.")
        stream = Stream(request, self._clock)
        self._all[stream] = None
        request.notifyFinish().addBoth(self._gone, stream)
        stream.begin()
        self._came()
        return NOT_DONE_YET

    def _gone(self, _: object, stream: Stream) -> None:
        self._all.pop(stream, None)

    def send(
        self, changed: Callable[[], bytes], whole: Callable[[], bytes]
    ) -> Steps[None]:
        """To each what it needs, which is made once, if anybody needs it."""
        made: dict[bool, bytes] = {}
        for stream in tuple(self._all):
            if not stream.stuck and stream.whole not in made:
                made[stream.whole] = (whole if stream.whole else changed)()
                yield
            if stream in self._all:  # else it has gone meanwhile
                _give(stream, made.get(stream.whole))
            yield

    def abort(self) -> None:
        """All of them, now: each has to ask again whether it may look."""
        for stream in tuple(self._all):
            stream.abort()

    def close(self) -> None:
        """No more, of any."""
        self._closed = True
        for stream in tuple(self._all):
            stream.close()
        self._all.clear()


def _give(stream: Stream, data: bytes | None) -> None:
    """Send *data*, or remember that this was not sent."""
    if stream.lost:
        stream.abort()
    elif stream.stuck or data is None:
        stream.whole = True
    else:
        stream.send(data)
        stream.whole = False
