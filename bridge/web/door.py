"""
What is behind a password: nothing of it is told, or begun, before the keeper says so.

Not here: who knows one (``keeper``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET

from bridge.web.keeper import WHILE, Keeper, Verdict
from bridge.web.plain import Refusal, refuse

if TYPE_CHECKING:
    from twisted.python.failure import Failure
    from twisted.web.server import Request

ASKS = b'Basic realm="bridge", charset="UTF-8"'

WHY: Mapping[Verdict, str] = {
    Verdict.UNKNOWN: "A name and its password, of admin.passwords, are needed here.",
    Verdict.TOO_OFTEN: "Too many wrong passwords came from there: wait a minute.",
    Verdict.BUSY: "Too many passwords are to be tried: ask again soon.",
}

_log = Logger()


def kept(keeper: Keeper, request: Request, behind: IResource) -> IResource:
    """What *request* gets that asks for what is *behind*."""
    said = request.requestHeaders.getRawHeaders("authorization", [])
    source = getattr(request.getClientAddress(), "host", "")
    verdict = keeper.admits(said, source)
    if isinstance(verdict, Deferred):
        return Door(verdict, behind)
    if verdict is Verdict.LET_IN:
        return behind
    _prepare(request, verdict)
    return Refusal(verdict.value, WHY[verdict])


class Door(Resource):
    """It opens, or not, when there is a *verdict*."""

    isLeaf = True

    def __init__(self, verdict: Deferred[Verdict], behind: IResource) -> None:
        super().__init__()
        self._verdict = verdict
        self._behind = behind

    def render(self, request: Request) -> int:
        gone: list[Failure] = []
        request.notifyFinish().addErrback(gone.append)

        def go(verdict: Verdict) -> None:
            if gone:
                return
            if verdict is Verdict.LET_IN:
                request.render(self._behind)
                return
            _prepare(request, verdict)
            request.write(refuse(request, verdict.value, WHY[verdict]))
            request.finish()

        self._verdict.addCallback(go).addErrback(_failed, request, gone)
        return NOT_DONE_YET


def _failed(failure: Failure, request: Request, gone: list[Failure]) -> None:
    _log.failure("A bug in the gateway, met behind a password", failure)
    if not gone and not request.finished:
        request.setResponseCode(500)
        request.finish()


def _prepare(request: Request, verdict: Verdict) -> None:
    if verdict is Verdict.UNKNOWN:
        request.setHeader(b"WWW-Authenticate", ASKS)
    elif verdict is Verdict.TOO_OFTEN:
        request.setHeader(b"Retry-After", b"%d" % WHILE)
    else:
        request.setHeader(b"Retry-After", b"2")
