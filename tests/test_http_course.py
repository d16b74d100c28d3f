"""Where a client's connection stands, and how its requests end."""

from __future__ import annotations

from dataclasses import replace

from bridge.filters.answers import (
    Answer,
    Close,
    Dial,
    Pass,
    Refuse,
    Send,
    Spare,
    Tell,
    Want,
)
from bridge.filters.http_course import Course, with_body
from bridge.filters.http_turn import Turn
from bridge.filters.trial import ABOUT
from bridge.wire.http_head import read_request, read_response
from bridge.wire.http_target import read_target
from tests.http_bytes import GET, PLAIN, response


def course() -> Course:
    return Course(replace(ABOUT, seconds=lambda: 5.0), PLAIN)


def turn() -> Turn:
    read = read_request(GET)
    return Turn(read, read_target(read), 1.0, 2.0, 0)


def kinds(answers: object) -> list[type]:
    assert isinstance(answers, list | tuple)
    return [type(each) for each in answers]


def test_a_turn_that_is_over_is_told_of_and_the_next_may_come() -> None:
    one = course()
    one.turn = turn()
    assert kinds(one.over(one.turn, ended=False)) == [Tell, Spare]
    assert one.turn is None
    assert (one.served, one.fresh, one.since) == (1, False, 5.0)


def test_nothing_follows_the_last_one() -> None:
    one = course()
    one.closing = True
    assert kinds(one.over(turn(), ended=True)) == [Tell, Close]


def test_a_server_that_ended_behind_it_is_not_used_again() -> None:
    one = course()
    one.name = "a"
    assert kinds(one.over(turn(), ended=True)) == [Tell, Want]
    assert one.name is None


def test_nobody_is_told_where_nobody_wants_to_know() -> None:
    one = Course(ABOUT, replace(PLAIN, tells=False))
    assert kinds(one.over(turn(), ended=False)) == [Spare]
    assert kinds(one.refused("x", 400)) == [Refuse]


def test_once_more_is_once() -> None:
    one, its = course(), turn()
    one.fresh = False
    (dial,) = one.once_more(its)
    assert isinstance(dial, Dial)
    assert (dial.name, dial.anew) == ("a", True)
    assert (its.again, one.fresh) == (False, True)


def test_what_has_been_answered_in_part_gets_no_second_answer() -> None:
    one = course()
    one.turn = turn()
    one.turn.response = read_response(response(), b"GET")
    *_, refuse = one.failed("cut")
    assert isinstance(refuse, Refuse)
    assert (refuse.ending, refuse.reply) == ("back_reset", b"")


def test_nor_does_what_follows_the_last_answer() -> None:
    one = course()
    one.closing = True
    *_, refuse = one.refused("no chunk", 400)
    assert isinstance(refuse, Refuse)
    assert (refuse.ending, refuse.reply) == ("bad_header", b"")


def test_the_body_goes_on_with_its_head_if_it_is_there() -> None:
    for data, kind, left in (
        (b"headbodyrest", [Send], None),
        (b"headbo", [Send, Pass], 4),
    ):
        answers: list[Answer] = []
        assert with_body(answers, b"HEAD", data, 4, 4) == 8
        assert kinds(answers) == kind
        last = answers[-1]
        assert (last.count if isinstance(last, Pass) else None) == left
    answers = []
    assert with_body(answers, None, b"headbo", 4, 4) == 8
    (passed,) = answers
    assert isinstance(passed, Pass)
    assert passed.count == 8
