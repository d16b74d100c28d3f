"""
The filter of mode http: many requests on one connection, each to the server that its
host leads to.

Here: what it is to a session.  The course of requests and answers is in ``http_course``
with ``http_up`` and ``http_down``, reading heads and bodies in ``wire``, writing heads
in ``http_request`` and ``http_response``.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

from bridge.filters.answers import Close, PassRest, Send, Want
from bridge.filters.filter import Filter
from bridge.filters.http_course import BAD, RESET, Course
from bridge.filters.http_down import Responses
from bridge.filters.http_settings import HttpSettings
from bridge.filters.http_up import Requests

if TYPE_CHECKING:
    from bridge.filters.about import About
    from bridge.filters.answers import Answers

_BUSY: Final = {"no_server": 503, "limited": 503, "queue_timeout": 503}
_LOST: Final = {*_BUSY, "dial_failed", "tls_failed", RESET}
"""Endings that the client is told of, if nothing was answered yet."""
_REST: Final = (PassRest(),)
_LATE: Final = ("connect_timeout", "open deadline")
"""Reasons of a dial that failed because it took too long."""
_LITTLE: Final = 0.1
"""
Quarters of ``keep_alive`` that are not worth another deadline.  By quarters, since the
driver keeps a queue for each number of seconds that there is.
"""
_SOON: Final = 0.5
"""
Seconds until a gateway that stops looks again if a body is through that is not shown.
"""


class HttpFilter(Filter):
    """One client's connection.  Requests are served one after the other, in order."""

    reads_first = True

    def __init__(self, about: About, settings: HttpSettings | None = None) -> None:
        super().__init__(about)
        self._course = course = Course(about, settings or HttpSettings())
        self._requests = Requests(course)
        self._responses = Responses(course)

    def up(self, data: bytes, ended: bool) -> Answers:
        return self._requests.shown(data, ended)

    def down(self, data: bytes, ended: bool) -> Answers:
        return self._responses.shown(data, ended)

    def dialed(self) -> Answers:
        course = self._course
        course.fresh = True
        return ()

    def late(self) -> Answers:
        course = self._course
        if course.tunnel:
            return _REST
        if course.began is not None:
            return course.ended(BAD, "its head did not come in time", 408)
        if course.turn is not None or course.passes:
            course.since = course.seconds()
            return (course.wants_next if not course.draining else self._look_again(),)
        # The time has run since the request: what its answer took is not the client's.
        whole = course.settings.keep_alive
        rest = whole - (course.seconds() - course.since)
        quarters = min(4, ceil(4 * rest / whole - _LITTLE))
        if quarters > 0 and not course.draining:
            return (Want(course.settings.head, whole * quarters / 4),)
        course.closing = True
        return (Close(),)

    def _look_again(self) -> Want:
        return Want(self._course.settings.head, _SOON)

    def lost(self, ending: str, reason: str) -> Answers:
        course = self._course
        turn = course.turn
        if ending not in _LOST or course.closing or course.tunnel:
            return ()
        if turn is None:
            if course.passes:
                return ()
            course.name = None  # it was idle: the next request dials anew
            return (course.wants_next if course.began is None else course.wants_head,)
        if turn.response is not None:
            return ()
        if ending == RESET and turn.again and not course.fresh:
            return [*course.once_more(turn), Send(turn.sent, 0)]
        if reason.startswith("no farm"):
            status, turn.sent = 421, b""  # the server of the one before is not its
        elif ending == "dial_failed" and reason in _LATE:
            status = 504
        else:
            status = _BUSY.get(ending, 502)
        return course.ended(ending, reason, status)

    def spares(self) -> bool:
        course = self._course
        used = course.turn is not None or course.passes or course.tunnel
        return not (used or course.closing or course.parting)

    def drain(self) -> Answers:
        course = self._course
        course.draining = True
        under_way = course.turn is not None or course.began is not None
        if under_way or course.tunnel or course.closing:
            return ()
        if course.passes:
            return (self._look_again(),)
        course.closing = True
        return (Close(),)

    def over(self, ending: str, reason: str) -> Answers:
        course = self._course
        told, left = course.last
        if course.turn is not None or course.began is not None:
            return course.tell(course.draft(ending, reason, 0, 0))
        if told is None or left is None or not left.count:
            return ()
        down = told.down - left.count
        return course.tell(
            told._replace(
                ending=ending, reason=reason, down=down, over=course.seconds()
            )
        )
