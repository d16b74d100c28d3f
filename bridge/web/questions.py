"""
What the page asks for besides its stream: all at once, the history, sessions.

Each is a GET and changes nothing.  Not here: what the answers are.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.web.server import NOT_DONE_YET

from bridge.control.orders import Answer, AnswerError, checked
from bridge.web.history import SERIES, SPANS, History
from bridge.web.looking import Ask, Looking
from bridge.web.origin import may_read
from bridge.web.plain import Plain
from bridge.web.static import protect

if TYPE_CHECKING:
    from twisted.python.failure import Failure
    from twisted.web.server import Request

MOST = 16
"""Answers that are waited for at a time."""

SESSIONS = 200
"""Those that one answer lists at most."""

_log = Logger()


class Question(Plain):
    """Answers with what *answer* makes of the words of the query."""

    isLeaf = True
    waiting = 0
    """Of all."""

    def __init__(self, answer: Callable[[dict[str, str]], Deferred[bytes]]) -> None:
        super().__init__()
        self._answer = answer

    def render_GET(self, request: Request) -> bytes | int:
        protect(request)
        request.setHeader(b"Content-Type", b"application/json")
        if not may_read(request.getHeader("sec-fetch-site")):
            return refuse(request, 403, "another site asks")
        if Question.waiting >= MOST:
            request.setHeader(b"Retry-After", b"1")
            return refuse(request, 503, "too much is asked at a time")
        try:
            going = self._answer(_words(request))
        except AnswerError as error:
            return _why(error)
        Question.waiting += 1
        gone = request.notifyFinish()
        gone.addErrback(lambda _: going.cancel())
        going.addCallbacks(
            give, _not_given, callbackArgs=(request,), errbackArgs=(request,)
        ).addBoth(_over)
        return NOT_DONE_YET


def _over(_: object) -> None:
    Question.waiting -= 1


def _words(request: Request) -> dict[str, str]:
    args: dict[bytes, list[bytes]] = request.args or {}
    return {
        name.decode("utf-8", "replace"): values[-1].decode("utf-8", "replace")
        for name, values in args.items()
    }


def refuse(request: Request, code: int, why: str) -> bytes:
    """The answer that says why there is none."""
    request.setResponseCode(code)
    return json.dumps({"error": why}).encode()


def give(answer: bytes, request: Request) -> None:
    """Whoever has asked may be gone."""
    if request.channel is not None:
        request.setHeader(b"Content-Length", b"%d" % len(answer))
        request.write(answer)
        request.finish()


def _not_given(failure: Failure, request: Request) -> None:
    if failure.check(AnswerError) is not None:
        give(_why(cast(BaseException, failure.value)), request)
        return
    if request.channel is not None:  # else it was cancelled
        _log.failure("A bug in the gateway, met by its page", failure)
    give(refuse(request, 500, "a bug in the gateway: see its log"), request)


def _why(error: BaseException) -> bytes:
    """
    That it cannot be answered is an answer like any other: a session may have ended,
    and who filters types a network one character after the other.
    """
    return json.dumps({"error": str(error)}).encode()


def history_of(history: History) -> Callable[[dict[str, str]], Deferred[bytes]]:
    """``data/history?span=live``"""

    def answer(words: dict[str, str]) -> Deferred[bytes]:
        span = words.get("span", "live")
        if span not in SPANS:
            raise AnswerError(f"span is one of {', '.join(SPANS)}")
        told = {"series": SERIES, "rows": history.rows(span)}
        return succeed(json.dumps(told, separators=(",", ":")).encode())

    return answer


def asked(ask: Ask, command: str) -> Callable[[dict[str, str]], Deferred[bytes]]:
    """``data/sessions?front=web&limit=50``: what the admin socket says to it."""

    def answer(words: dict[str, str]) -> Deferred[bytes]:
        request = checked(command, _typed(words))
        return ask(command, dict(request.args)).addCallback(_json)

    return answer


def _typed(words: dict[str, str]) -> dict[str, Any]:
    typed: dict[str, Any] = {name: value for name, value in words.items() if value}
    if "limit" in typed:
        digits = typed["limit"]
        number = int(digits) if digits.isascii() and digits.isdigit() else 0
        typed["limit"] = min(SESSIONS, number)
    return typed


def _json(answer: Answer) -> bytes:
    return json.dumps(answer, separators=(",", ":")).encode()


def add_questions(root: Plain, looking: Looking, ask: Ask) -> None:
    """Hang them below *root*."""
    root.putChild(b"all", Question(lambda _: looking.whole()))
    root.putChild(b"history", Question(history_of(looking.history)))
    for command in ("sessions", "session"):
        root.putChild(command.encode(), Question(asked(ask, command)))
