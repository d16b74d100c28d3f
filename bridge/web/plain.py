"""
Resources whose refusals are plain text, in our own words.

Not here: what any of them says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.web.resource import Resource

if TYPE_CHECKING:
    from twisted.web.server import Request

TEXT = b"text/plain; charset=utf-8"

NOTHING = "There is nothing of that name."

METHODS = (b"GET", b"HEAD", b"POST")
"""Those that anything may be asked by."""


class Plain(Resource):
    """As Twisted has it, but for what is not there."""

    def getChild(self, path: bytes, request: Request) -> Resource:
        return Refusal(404, NOTHING)

    def render(self, request: Request) -> bytes | int:
        may = [each for each in METHODS if hasattr(self, f"render_{_as(each)}")]
        if not may:
            return refuse(request, 404, NOTHING)
        if request.method not in may:
            request.setHeader(b"Allow", b", ".join(may))
            return refuse(request, 405, "This cannot be asked for in that way.")
        answer: bytes | int = getattr(self, f"render_{_as(request.method)}")(request)
        return answer


def _as(method: bytes) -> str:
    """What HEAD asks for is what GET would be answered, and Twisted leaves it out."""
    return "GET" if method == b"HEAD" else method.decode()


class Refusal(Resource):
    """Whatever is asked for: it is refused with *status*, for that reason."""

    isLeaf = True

    def __init__(self, status: int, why: str) -> None:
        super().__init__()
        self._status = status
        self._why = why

    def render(self, request: Request) -> bytes:
        return refuse(request, self._status, self._why)


def refuse(request: Request, status: int, why: str) -> bytes:
    """Answer *request* so: what is returned is to be returned."""
    request.setResponseCode(status)
    request.setHeader(b"Content-Type", TEXT)
    return f"{why}\n".encode()
