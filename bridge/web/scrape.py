"""
``/metrics``: what Prometheus collects, in its own text format or as OpenMetrics.

Read and written in slices, since this may be the process that moves the bytes.  Not
here: what there is (``watch.metrics``) and how it is written (``watch.exposition``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from prometheus_client.exposition import choose_encoder
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.server import NOT_DONE_YET, Request

from bridge.watch.exposition import written
from bridge.web.plain import Plain

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

    from bridge.control.slices import Slices, Steps
    from bridge.processes.numbers import Numbers

Encode = Callable[["Collector"], bytes]


class Scrape(Plain):
    """Of *numbers*, in turns of *slices*."""

    isLeaf = True
    _log = Logger()

    def __init__(self, numbers: Numbers, slices: Slices) -> None:
        super().__init__()
        self._numbers = numbers
        self._slices = slices

    def render_GET(self, request: Request) -> int:
        encode, kind = choose_encoder(request.getHeader("accept") or "")
        gone: list[Failure] = []
        request.notifyFinish().addErrback(gone.append)
        request.setHeader(b"Content-Type", kind.encode())
        made: Deferred[bytes] = self._slices.run(self._text(encode))

        def send(text: bytes) -> None:
            if not gone:
                request.setHeader(b"Content-Length", b"%d" % len(text))
                request.write(text)
                request.finish()

        def fail(failure: Failure) -> None:
            self._log.failure("A bug in the gateway, met by a scrape", failure)
            if not gone:
                request.setResponseCode(500)
                request.finish()

        made.addCallback(send).addErrback(fail)
        return NOT_DONE_YET

    def _text(self, encode: Encode) -> Steps[bytes]:
        reading = yield from self._numbers.read()
        pieces = []
        for piece in written(reading, encode):
            pieces.append(piece)
            yield
        return b"".join(pieces)
