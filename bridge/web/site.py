"""
HTTP as it is spoken with whoever watches: bounded in number, size and time.

Here: the connections, and what holds of each request before a resource sees it.  Not
here: where it listens (``listening``), and what there is (``root``).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, cast

from twisted.internet.protocol import connectionDone
from twisted.web.http import HTTPChannel
from twisted.web.resource import IResource
from twisted.web.server import Request, Site

from bridge.web.door import kept
from bridge.web.hosts import LOCAL, answers_to
from bridge.web.plain import Refusal

if TYPE_CHECKING:
    from twisted.internet.interfaces import IAddress
    from twisted.python.failure import Failure

    from bridge.web.keeper import Keeper

MOST = 128
"""Connections at a time.  One more ends whoever has asked nothing for the longest."""

SILENT = 60
"""Seconds without a word of one that has been answered, or asks slowly."""

BODY = 64 << 10
"""Bytes of a request's body: orders are short."""

HEADERS = {
    b"Server": b"bridge",
    b"Cache-Control": b"no-store",
    b"X-Content-Type-Options": b"nosniff",
    b"Referrer-Policy": b"no-referrer",
}
"""Of all answers.  A resource may say something else."""


OPEN = (b"/livez", b"/readyz")
"""What is told everybody: whoever shares out clients knows no password."""


class Asked(Request):
    """One request, once its head is there."""

    channel: Channel
    _came = 0

    def gotLength(self, length: int | None) -> None:
        super().gotLength(0)  # in memory, and never in a file

    def handleContentChunk(self, data: bytes) -> None:
        self._came += len(data)
        if self._came > BODY:
            self.channel.abort()
        else:
            super().handleContentChunk(data)

    def process(self) -> None:
        self.channel.busy(True)
        super().process()

    def finish(self) -> None:
        channel = self.channel
        super().finish()
        channel.busy(False)


class Channel(HTTPChannel):
    """One connection."""

    factory: Watched

    def connectionMade(self) -> None:
        super().connectionMade()
        self.factory.idle[self] = None

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.idle.pop(self, None)
        self.factory.count -= 1
        self._lost = True
        super().connectionLost(reason)

    def timeoutConnection(self) -> None:
        """Nothing was said for long; what is still on its way may arrive, for once."""
        if self._ending:
            self.abort()
            return
        self._ending = True
        self.loseConnection()
        self.setTimeout(SILENT)

    _lost = _ending = False

    def busy(self, busy: bool) -> None:
        """Whether somebody works on what it has asked."""
        self.factory.idle.pop(self, None)
        if not busy and not self._lost:
            self.factory.idle[self] = None

    def abort(self) -> None:
        """End it now."""
        cast(Any, self.transport).abortConnection()


class Watched(Site):
    """Of *root*, for who asks by an address or one of *names*, on *reactor*."""

    noisy = False
    protocol = Channel  # type: ignore[assignment]  # no HTTP/2: one class will do
    requestFactory = Asked
    displayTracebacks = False

    def __init__(
        self,
        root: IResource,
        names: Collection[str],
        reactor: Any,
        keeper: Keeper | None = None,
    ) -> None:
        """*keeper* knows who may ask; None: everybody may."""
        super().__init__(
            root, timeout=SILENT, reactor=reactor, parsePOSTFormSubmission=False
        )
        self._names = names
        self._keeper = keeper
        self.count = 0
        """Connections."""
        self.idle: dict[Channel, None] = {}
        """Those that are not worked for, since the longest first."""

    def startFactory(self) -> None:
        """Twisted would keep a log of its own."""

    def stopFactory(self) -> None:
        """Likewise."""

    def log(self, request: Any) -> None:
        """Nobody wants to know."""

    def buildProtocol(self, addr: IAddress | None) -> Any:
        if self.count >= MOST:
            longest = next(iter(self.idle), None)
            if longest is None:
                return None
            longest.abort()
        self.count += 1
        return super().buildProtocol(addr)

    def getResourceFor(self, request: Asked) -> IResource:
        for each in HEADERS.items():
            request.setHeader(*each)
        names = request.requestHeaders.getRawHeaders("host", [])
        if not names and request.clientproto == b"HTTP/1.0":  # it is no browser
            names = [LOCAL]
        if not answers_to(names, self._names):
            return Refusal(421, UNKNOWN)  # RFC 9110, section 15.5.20
        found: IResource = super().getResourceFor(request)
        if self._keeper is None or request.path in OPEN:
            return found
        return kept(self._keeper, request, found)


UNKNOWN = (
    "This name is not known here: ask by an address or localhost, or write the name "
    "into admin.names."
)
