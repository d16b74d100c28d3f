"""
Where one client's connection stands in HTTP, and how its requests end.

What the two directions share: either may be shown bytes next, and goes by what the
other one has read.  Not here: reading what is shown (``http_up``, ``http_down``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bridge.filters.answers import (
    Close,
    Dial,
    Pass,
    Refuse,
    Send,
    Spare,
    Tell,
)
from bridge.filters.http_refusal import refusal
from bridge.watch.exchange import Exchange

if TYPE_CHECKING:
    from bridge.filters.about import About
    from bridge.filters.answers import Answer, Answers
    from bridge.filters.http_settings import HttpSettings
    from bridge.filters.http_turn import Turn

ALL: Final = 1 << 60
"""Bytes of a body that ends where the connection does: more than there can be."""
SMALL: Final = 16 * 1024
"""Bytes of a body that go on in one piece with their head, if they are there."""
_SPARE: Final = Spare()
BAD, RESET = "bad_header", "back_reset"


class Course:
    """Of one connection, whose first byte has been shown."""

    __slots__ = (
        "about", "began", "closing", "dialed", "draining", "fresh", "last", "name",
        "parting", "searched", "seconds", "served", "settings", "since", "tunnel",
        "turn", "upload", "wants_answer", "wants_head", "wants_next",
    )  # fmt: skip

    def __init__(self, about: About, settings: HttpSettings) -> None:
        self.about = about
        self.settings = settings
        self.seconds = about.seconds
        self.wants_head = settings.wants_head
        self.wants_next = settings.wants_next
        self.wants_answer = settings.wants_answer
        self.turn: Turn | None = None
        """The request that is under way, until its answer has been answered for."""
        self.upload: Turn | None = None
        """Whose chunked body comes of the client."""
        self.last: tuple[Exchange | None, Pass | None] = (None, None)
        """What was told when an answer began to pass, and what is left of that."""
        self.served = 0
        self.began: float | None = None
        """When the first byte of a head came that is not complete yet."""
        self.searched = 0
        """Bytes of it in which there is no end."""
        self.since = 0.0
        """When the last answer was."""
        self.name: str | None = None
        """Whom the connection to a server is for; None: there is none to be kept."""
        self.dialed = False
        self.fresh = True
        """That connection has served nobody yet."""
        self.tunnel = False
        """It is not HTTP any more."""
        self.draining = False
        self.closing = False
        """No request is read any more."""
        self.parting = False
        """The client has sent its end: what is there of requests is the last."""

    @property
    def passes(self) -> bool:
        """The body of an answer is on its way, and nothing else is under way."""
        left = self.last[1]
        return left is not None and left.count > 0

    def over(self, turn: Turn, ended: bool) -> list[Answer]:
        """All of the answer has been answered for; *ended*: with the server's end."""
        self.turn = None
        self.served += 1
        self.fresh = False
        self.since = now = self.seconds()
        answers: list[Answer] = []
        if self.settings.tells:
            told = turn.told(now)
            answers.append(Tell(told))
            self.last = (told, self.last[1])
        if self.closing or self.draining:
            self.closing = True
            answers.append(Close())
        elif ended:
            self.name = None
            answers.append(self.wants_answer)
        elif not self.parting:
            answers.append(_SPARE)
        return answers

    def once_more(self, turn: Turn) -> list[Answer]:
        """The same to another connection: this one was closed before it was read."""
        turn.again, self.fresh = False, True
        self.name = name = turn.target.name
        return [Dial(name or None, anew=True)]

    def tell(self, exchange: Exchange) -> list[Answer]:
        return [Tell(exchange)] if self.settings.tells else []

    def refused(self, reason: str, status: int) -> Answers:
        """What the client sends cannot be served."""
        return self.ended(BAD, reason, status)

    def failed(self, reason: str, ending: str = RESET) -> Answers:
        """The server's answer was cut; or is none, with BAD for an *ending*."""
        return self.ended(ending, reason, 502)

    def ended(self, ending: str, reason: str, status: int) -> Answers:
        """
        The session ends; with an answer of ours, unless the server's has begun, which
        then is cut by a reset.
        """
        turn = self.turn
        reply = b""
        begun = self.closing if turn is None else turn.response is not None
        if not begun:
            head_only = turn is not None and turn.request.method == b"HEAD"
            reply = refusal(status, bodiless=head_only)
        told = self.draft(ending, reason, status if reply else 0, len(reply))
        self.turn, self.upload, self.began = None, None, None
        self.closing, self.last = True, (None, None)
        return [*self.tell(told), Refuse(ending, reason, reply)]

    def draft(self, ending: str, reason: str, status: int, more: int) -> Exchange:
        """What is told of the request that is under way; *more* is sent to it yet."""
        now = self.seconds()
        turn = self.turn
        if turn is not None:
            turn.down += more
            if turn.passing is not None:
                turn.down -= turn.passing.count
            return turn.told(now, ending, reason, status)
        began = now if self.began is None else self.began
        return Exchange(
            "", "", "", "", status, False, ending, reason, self.served, began, None,
            None, now, self.searched, more,
        )  # fmt: skip


def with_body(
    answers: list[Answer], head: bytes | None, data: bytes, end: int, count: int
) -> int:
    """
    A body of *count* bytes behind *end* goes on with *head*; None: as it came.

    Where it ends.  If that is not in *data* yet the last answer passes it.
    """
    total = end + count
    if head is None:
        answers.append(Pass(total))
    elif total <= len(data) and count <= SMALL:
        answers.append(Send(head + data[end:total] if count else head, total))
    else:
        answers += (Send(head, end), Pass(count))
    return total
