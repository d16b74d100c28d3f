"""Questions of a worker, and answers that come late, or never."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock

from bridge.farm.dns_values import Addresses, Answer, Reply, Service, Sought
from bridge.farm.follow_names import Names
from bridge.service.asked_names import AskedNames
from bridge.service.dns_replies import as_plain
from tests.logged import logged

WEB = Sought("web", 80)
REPLY = Reply(
    Answer((Service("web", 80),)),
    {"web": Addresses(Answer(), Answer(("192.0.2.1",), 60.0))},
)


def asking() -> tuple[AskedNames, list[dict[str, Any]]]:
    put: list[dict[str, Any]] = []
    return AskedNames(put.append, Clock()), put


def test_each_question_has_its_answer() -> None:
    names, put = asking()
    told: list[Any] = []
    names.find(WEB).addCallback(lambda reply: told.append(("web", reply)))
    names.find(Sought("_x._tcp.web")).addCallback(lambda r: told.append(("srv", r)))
    assert put == [
        {"kind": "ask", "id": 0, "name": "web", "port": 80},
        {"kind": "ask", "id": 1, "name": "_x._tcp.web", "port": None},
    ]
    names.answered(1, as_plain(REPLY))
    names.answered(0, as_plain(REPLY))
    assert told == [("srv", REPLY), ("web", REPLY)]


def test_an_answer_that_nobody_wants_any_more_is_dropped() -> None:
    names, _ = asking()
    told: list[Any] = []
    question = names.find(WEB)
    question.addBoth(told.append)
    question.cancel()
    names.answered(0, as_plain(REPLY))
    names.answered(9, as_plain(REPLY))
    assert [reply.services.said for reply in told] == [False]


def test_a_name_that_is_followed_no_more_while_it_is_asked_for_is_no_bug() -> None:
    names, _ = asking()
    followed = Names(Clock(), names)
    with logged() as log:
        followed.follow(WEB, lambda changes: None)
        followed.stop()
    assert (log.lines, log.tracebacks) == ([], 0)


def test_without_a_supervisor_there_is_no_answer_and_nothing_hangs() -> None:
    names, put = asking()
    told: list[Reply] = []
    names.find(WEB).addCallback(told.append)
    names.lost()
    names.find(WEB).addCallback(told.append)
    assert [reply.services.why for reply in told] == ["the supervisor has gone"] * 2
    assert not told[0].services.said, "there may well be records"
    assert len(put) == 1


def test_what_is_known_already_is_answered_at_once_and_the_first_time_only() -> None:
    put: list[dict[str, Any]] = []
    clock = Clock()
    names = AskedNames(put.append, clock)
    names.known(WEB, as_plain(REPLY))
    clock.advance(20)
    told: list[Reply] = []
    names.find(WEB).addCallback(told.append)
    assert told[0].hosts["web"].four.ttl == 40, "the time that is left"
    names.find(WEB).addCallback(told.append)
    assert (len(told), len(put)) == (1, 1)
