"""
One request and its answer, while they are under way, and what is told of it then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bridge.filters.http_request import upgrades
from bridge.watch.exchange import UNSAID, Exchange

if TYPE_CHECKING:
    from bridge.filters.answers import Pass
    from bridge.wire.http_body import Chunks
    from bridge.wire.http_head import Request, Response, Target

IDEMPOTENT: Final = frozenset(
    {b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE"}
)
"""RFC 9110 section 9.2.2: two of it are as good as one."""


class Turn:
    """
    One request's.

    ``sent`` is its head as it went on, ``again`` whether it may go on once more: it has
    no body, is idempotent, and no server has answered.
    """

    __slots__ = (
        "again", "answered", "began", "body", "chunks", "down", "passing", "read",
        "request", "response", "reused", "sent", "target", "up", "upgrades",
    )  # fmt: skip

    def __init__(
        self, request: Request, target: Target, began: float, read: float, reused: int
    ) -> None:
        self.request = request
        self.target = target
        self.began = began
        self.read = read
        self.reused = reused
        self.sent = b""
        self.body: Pass | None = None
        """What is left of the request's body, or of its chunk."""
        self.chunks: Chunks | None = None
        """Where the request's body stands, if it is chunked."""
        self.passing: Pass | None = None
        """What passes last of an answer's body that is chunked, or ends where its
        connection does; it is in ``down`` already."""
        self.response: Response | None = None
        """The final one, when its head is read."""
        self.answered: float | None = None
        self.up = 0
        """Received of the client, body included."""
        self.down = 0
        """Sent to it, likewise."""
        self.upgrades = b"upgrade" in request.known and upgrades(request)
        self.again = not request.body and request.method in IDEMPOTENT

    @property
    def through(self) -> bool:
        """All of the request has gone on."""
        left = self.body is not None and self.body.count
        return not left and (self.chunks is None or self.chunks.done)

    def told(
        self, over: float, ending: str = "done", reason: str = "", status: int = 0
    ) -> Exchange:
        """
        What is said of it; *status* is that of an answer of ours.

        By position, like a record: a test compares all fields.
        """
        request = self.request
        if self.response is not None:
            status = self.response.status
        told: Exchange = tuple.__new__(
            Exchange,
            (
                str(request.method, "latin-1"),
                str(request.target, "latin-1"),
                "HTTP/1.1" if request.minor else "HTTP/1.0",
                self.target.name,
                status,
                bool(self.sent),
                ending,
                reason,
                self.reused,
                self.began,
                self.read,
                self.answered,
                over,
                self.up - (self.body.count if self.body is not None else 0),
                self.down,
                *UNSAID,
            ),
        )
        return told
