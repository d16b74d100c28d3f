"""
What the page may change: servers are drained, readied and disabled, sessions killed.

Only where the configuration allows it (``admin.allow_changes``), only by POST, and only
from a page that this gateway has served: see ``origin``.  Who has ordered what is in
the log, as for the admin socket.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger
from twisted.web.server import NOT_DONE_YET

from bridge.control.orders import Answer, AnswerError, checked
from bridge.web.looking import Ask
from bridge.web.origin import may_order
from bridge.web.plain import Plain
from bridge.web.questions import give, refuse
from bridge.web.static import protect

if TYPE_CHECKING:
    from twisted.python.failure import Failure
    from twisted.web.server import Request

ORDERS = ("drain", "ready", "disable", "kill")

LONGEST = 4096
"""Bytes of an order."""

_log = Logger()


class Orders(Plain):
    """Where they are given; *allowed* or not.  The page knows *token*."""

    isLeaf = True

    def __init__(self, ask: Ask, token: str, *, allowed: bool) -> None:
        super().__init__()
        self._ask = ask
        self._token = token
        self._allowed = allowed

    def render_POST(self, request: Request) -> bytes | int:
        protect(request)
        request.setHeader(b"Content-Type", b"application/json")
        if not self._allowed:
            return refuse(request, 403, "admin.allow_changes is false")
        why = may_order(
            request.requestHeaders.getRawHeaders("origin", []),
            request.getHeader("host") or "",
            secure=request.isSecure(),
            given=request.getHeader("x-bridge-token") or "",
            token=self._token,
        )
        if why:
            return refuse(request, 403, why)
        try:
            command, args = _read(request)
            order = checked(command, args)
        except AnswerError as error:
            return refuse(request, 400, str(error))
        who = request.getClientAddress()
        _log.info(
            "ordered: {what}, by the page, from {who}",
            event="ordered",
            what=str(order),
            who=getattr(who, "host", "a unix socket"),
        )
        self._ask(command, dict(order.args)).addCallbacks(
            _done,
            _not_done,
            callbackArgs=(request,),
            errbackArgs=(request, str(order)),
        )
        return NOT_DONE_YET


def _read(request: Request) -> tuple[str, dict[str, Any]]:
    """Raises AnswerError."""
    kind = (request.getHeader("content-type") or "").partition(";")[0].strip()
    body = b"" if request.content is None else request.content.read(LONGEST + 1)
    if kind != "application/json" or len(body) > LONGEST:
        raise AnswerError(f"an order is application/json of at most {LONGEST} bytes")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    match said:
        case {"command": str(command), "args": dict(args)} if command in ORDERS:
            return command, args
    raise AnswerError(f"an order is one of {', '.join(ORDERS)}, with its args")


def _done(answer: Answer, request: Request) -> None:
    give(json.dumps(answer).encode(), request)


def _not_done(failure: Failure, request: Request, what: str) -> None:
    code, why = 409, failure.getErrorMessage()
    if failure.check(AnswerError) is None:
        _log.failure("A bug in the gateway; {what} is not done", failure, what=what)
        code, why = 500, "a bug in the gateway: see its log"
    else:
        _log.warn("not done: {what}: {why}", event="not_done", what=what, why=why)
    give(refuse(request, code, why), request)
