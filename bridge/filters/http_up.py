"""
What the client of a connection in HTTP sends: requests, one after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bridge.filters.answers import (
    Close,
    Dial,
    Drop,
    Pass,
    PassRest,
    Reply,
    Send,
    Wait,
    Want,
)
from bridge.filters.http_course import with_body
from bridge.filters.http_refusal import redirect
from bridge.filters.http_request import RequestWriter
from bridge.filters.http_turn import Turn
from bridge.wire.http_body import Chunks
from bridge.wire.http_head import CHUNKED, END, HeadError, read_request, wrong_end
from bridge.wire.http_target import read_target

if TYPE_CHECKING:
    from bridge.filters.answers import Answer, Answers
    from bridge.filters.http_course import Course

_REST: Final = (PassRest(),)
# Not before all is seen that the server has said: what stands behind an answer would be
# taken for that to the next request.
_WAIT: Final = (Wait(whole=True),)
_EMPTY: Final = b"\r\n"


class Requests:
    """Reads them in the *course* of their connection, and sends them on."""

    __slots__ = ("_course", "_writer")

    def __init__(self, course: Course) -> None:
        self._course = course
        self._writer = RequestWriter(course.about, course.settings)

    def shown(self, data: bytes, ended: bool) -> Answers:
        """See ``Filter.up``."""
        course = self._course
        course.parting = ended
        if course.tunnel:
            return _REST
        if course.upload is not None:
            return self._walk_request(course.upload, data, ended)
        turn = course.turn
        if turn is not None:
            return () if ended and not turn.through else _WAIT
        if course.closing:
            return (Drop(len(data)),) if data else ()
        if course.last[1] is not None and course.passes:
            return _WAIT
        if not data:
            return (Close(),) if ended else (course.wants_next,)
        return self._begin(data, ended)

    def _begin(self, data: bytes, ended: bool) -> Answers:
        """*data* begins with a request."""
        course = self._course
        start = 0
        while data.startswith(_EMPTY, start):  # RFC 9112 section 2.2
            start += 2
        if start == len(data):
            return (Drop(start), Close() if ended else course.wants_next)
        end = data.find(END, max(start, course.searched - 3))
        now = course.seconds()
        if course.began is None:
            course.began = now
        if end < 0:
            return self._more(data, start, ended)
        end += 4
        try:
            if end - start > course.settings.head:
                raise HeadError("its head is too long", 431)
            request = read_request(data[start:end])
            target = read_target(request)
        except HeadError as error:
            return course.refused(str(error), error.status)
        course.turn = turn = Turn(request, target, course.began, now, course.served)
        turn.up = end - start
        course.began, course.searched = None, 0
        if course.settings.redirect_to_https and not course.about.secure:
            return self._redirected(turn, len(data))
        return self._sent(turn, data, end, ended)

    def _more(self, data: bytes, start: int, ended: bool) -> Answers:
        """The head is not complete: wait, if it can become one."""
        course = self._course
        searched, course.searched = max(course.searched, start), len(data)
        if ended:
            return course.refused("the client ended within a head", 400)
        if not b" " < data[start : start + 1] <= b"~" and data[start:] != b"\r":
            return course.refused("it does not begin with a method", 400)
        if len(data) >= course.settings.head:
            status = 431 if _EMPTY in data[start:] else 414
            return course.refused("its head is too long", status)
        if wrong_end(data, searched):
            return course.refused("a line does not end in CR LF", 400)
        return (course.wants_head,)

    def _sent(self, turn: Turn, data: bytes, end: int, ended: bool) -> Answers:
        """It goes on, with what there is of its body behind *end*."""
        course = self._course
        request, name = turn.request, turn.target.name
        turn.sent = head = self._writer.write(request, turn.target)
        answers: list[Answer] = []
        if course.name is None or course.name != name:
            anew = course.dialed and course.name is None
            answers.append(Dial(name or None, anew=anew))
            course.name, course.dialed = name, True
        if request.body == CHUNKED:
            turn.chunks, course.upload = Chunks(), turn
            answers.append(Send(head, end))
            if end < len(data) or ended:
                answers += self._walk_request(turn, data[end:], ended)
            return answers
        turn.up += request.body
        end = with_body(answers, head, data, end, request.body)
        if end > len(data):
            turn.body = answers[-1]  # type: ignore[assignment]
        if end >= len(data):
            answers.append(_WAIT[0] if ended else course.wants_next)
        return answers

    def _walk_request(self, turn: Turn, data: bytes, ended: bool) -> Answers:
        """A chunked body goes on."""
        course = self._course
        chunks = turn.chunks
        assert chunks is not None
        answers: list[Answer] = []
        end = None
        try:
            at = 0 if chunks.trailers else chunks.walk(data)
            if chunks.trailers:
                end = chunks.end(data, at)
        except HeadError as error:
            return course.refused(str(error), 400)
        turn.up += at
        if at:
            turn.body = passing = Pass(at)
            answers.append(passing)
        if end is not None:
            course.upload = None
            answers.append(Send(self._writer.trailers(data[at:end]), end - at))
            turn.up += end - at
            if end == len(data):
                answers.append(_WAIT[0] if ended else course.wants_next)
        elif not ended:
            if at <= len(data):
                answers.append(Want(chunks.most))
        elif at < len(data):
            # It went away within what frames the body: that end is passed on.
            answers.append(Drop(len(data) - at))
        return answers

    def _redirected(self, turn: Turn, count: int) -> Answers:
        course = self._course
        name, path = turn.target.name, turn.target.path
        if not name or turn.request.method == b"CONNECT":
            return course.refused("it cannot be asked for in https", 400)
        host = f"[{name}]" if ":" in name else name
        location = b"https://%b%b" % (host.encode(), path if path != b"*" else b"/")
        status = 308 if turn.request.minor else 301
        reply = redirect(status, location, bodiless=turn.request.method == b"HEAD")
        turn.down = len(reply)
        course.turn, course.closing = None, True
        told = turn.told(course.seconds(), status=status)
        return [Drop(count), Reply(reply), *course.tell(told), Close()]
