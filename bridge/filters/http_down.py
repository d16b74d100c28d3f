"""
What the server of a connection in HTTP sends: the answer to the request under way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bridge.filters.answers import Drop, Pass, PassRest, Refuse, Reply, Send, Want
from bridge.filters.http_course import ALL, BAD, RESET, with_body
from bridge.filters.http_response import ResponseWriter
from bridge.wire.http_body import Chunks
from bridge.wire.http_head import (
    CHUNKED,
    END,
    UNTIL_CLOSE,
    HeadError,
    read_response,
    wrong_end,
)

if TYPE_CHECKING:
    from bridge.filters.answers import Answer, Answers
    from bridge.filters.http_course import Course
    from bridge.filters.http_turn import Turn
    from bridge.wire.http_head import Response

_REST: Final = (PassRest(),)


class Responses:
    """Reads them in the *course* of their connection, and sends them on."""

    __slots__ = ("_chunks", "_course", "_writer")

    def __init__(self, course: Course) -> None:
        self._course = course
        self._writer = ResponseWriter(course.about, course.settings)
        self._chunks: Chunks | None = None
        """Where the chunked body of one stands."""

    def shown(self, data: bytes, ended: bool) -> Answers:
        """See ``Filter.down``."""
        course = self._course
        if course.tunnel:
            return _REST
        turn = course.turn
        if turn is None:
            return self._unasked(data, ended)
        if self._chunks is not None:
            return self._walk_response(turn, self._chunks, data, ended)
        if turn.passing is not None:  # the body ends here, with the connection
            turn.down -= turn.passing.count
            return course.over(turn, ended)
        end = data.find(END)
        if end < 0:
            return self._unanswered(turn, data, ended)
        end += 4
        try:
            if end > course.settings.head:
                raise HeadError("its head is too long")
            response = read_response(data[:end], turn.request.method)
            if response.status < 200 and response.status != 101:
                return self._interim(turn, response, data, end, ended)
            self._judge(turn, response)
        except HeadError as error:
            return course.failed(f"the server's answer: {error}", BAD)
        return self._answered(turn, response, data, end, ended)

    def _unasked(self, data: bytes, ended: bool) -> Answers:
        """No request is under way."""
        course = self._course
        if course.passes:
            return (Refuse(RESET, "the server ended within its answer"),)
        if course.closing:
            return (Drop(len(data)),) if data else ()
        # Nothing that comes now may be taken for the answer to a later request.
        course.name = None
        answers: list[Answer] = [Drop(len(data))] if data else []
        return [*answers, course.wants_answer] if ended else answers

    def _unanswered(self, turn: Turn, data: bytes, ended: bool) -> Answers:
        """There is no whole head of an answer yet."""
        course = self._course
        if ended:
            if not data and turn.again and not course.fresh:
                return [*course.once_more(turn), Reply(turn.sent)]
            return course.failed("the server ended before its answer")
        turn.again = turn.again and not data
        wrong = len(data) >= course.settings.head or wrong_end(data)
        if wrong or not data.startswith(b"HTTP/1."[: len(data)]):
            return course.failed("the server's answer is not HTTP/1", BAD)
        return (course.wants_answer,)

    def _judge(self, turn: Turn, response: Response) -> None:
        """Raises HeadError if *response* is no answer to that request."""
        if response.status == 101 and not turn.upgrades:
            raise HeadError("it switches to what nobody has asked for")
        if response.body == CHUNKED and not turn.request.minor:
            raise HeadError("it is chunked, for who speaks HTTP/1.0")

    def _interim(
        self, turn: Turn, response: Response, data: bytes, end: int, ended: bool
    ) -> Answers:
        """Another answer follows this one (RFC 9110 section 15.2)."""
        course = self._course
        if ended and end == len(data):
            return course.failed("the server ended before its answer")
        turn.again = False
        if not turn.request.minor:  # it would not know what that is
            return (Drop(end),)
        head = self._writer.interim(response, turn.target.name)
        turn.down += len(head)
        return (Send(head, end),)

    def _answered(
        self, turn: Turn, response: Response, data: bytes, end: int, ended: bool
    ) -> Answers:
        """The head of the final answer is there, up to *end*."""
        course = self._course
        turn.again = False
        turn.response, turn.answered = response, course.seconds()
        request, host = turn.request, turn.target.name
        connects = request.method == b"CONNECT" and response.status < 300
        if connects or response.status == 101:
            head = self._writer.switched(response, host)
            turn.down += len(head)
            course.tunnel, course.turn = True, None
            return [Send(head, end), *course.tell(turn.told(turn.answered)), _REST[0]]
        if not response.keeps:
            course.name = None
        keeps = request.keeps and response.body != UNTIL_CLOSE
        keeps = keeps and turn.through and not course.draining
        course.closing = not keeps
        older = not (request.minor and response.minor)
        written = self._writer.write(response, host, keeps=keeps, older=older)
        return self._passed(turn, written, data, end, ended)

    def _passed(
        self, turn: Turn, head: bytes | None, data: bytes, end: int, ended: bool
    ) -> Answers:
        """The answer goes on, with what there is of its body behind *end*."""
        course = self._course
        assert turn.response is not None
        body = turn.response.body
        answers: list[Answer] = []
        turn.down += end if head is None else len(head)
        if body >= 0:
            turn.down += body
            total = with_body(answers, head, data, end, body)
            course.last = (None, answers[-1] if total > len(data) else None)  # type: ignore[assignment]
            return [*answers, *course.over(turn, ended and total >= len(data))]
        answers.append(Pass(end) if head is None else Send(head, end))
        if body == UNTIL_CLOSE:
            turn.passing = Pass(ALL)
            turn.down += ALL
            return [*answers, turn.passing]
        self._chunks = Chunks()
        if end < len(data) or ended:
            answers += self._walk_response(turn, self._chunks, data[end:], ended)
        return answers

    def _walk_response(
        self, turn: Turn, chunks: Chunks, data: bytes, ended: bool
    ) -> Answers:
        """A chunked body goes on."""
        course = self._course
        if turn.passing is not None:
            turn.down -= turn.passing.count  # what the end has cut off
            turn.passing = None
        end = None
        try:
            at = 0 if chunks.trailers else chunks.walk(data)
            if chunks.trailers:
                end = chunks.end(data, at)
        except HeadError as error:
            return course.failed(f"the server's answer: {error}", BAD)
        if end is not None:
            self._chunks = None
            turn.down += end
            course.last = (None, None)
            return [Pass(end), *course.over(turn, ended and end == len(data))]
        turn.down += at
        passing = Pass(at)
        answers: list[Answer] = [passing] if at else []
        if ended and at <= len(data):
            return [*answers, *course.failed("the server ended within its answer")]
        turn.passing = passing
        if at <= len(data) and not ended:
            answers.append(Want(chunks.most))
        return answers
