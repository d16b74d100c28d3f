"""What a trial knows of one direction through one filter."""

from __future__ import annotations

import pytest

from bridge.filters import Close, Dial, Drop, Filter, Pass, Reply, Send, Wait, Want
from bridge.filters.trial import ABOUT
from bridge.filters.trial_way import Way, answered_for, needs_another


def way_of(data: bytes = b"", ended: bool = False) -> Way:
    made = Way(Filter(ABOUT).up)
    made.add(data, ended)
    return made


def test_there_is_something_to_show_when_something_came() -> None:
    assert not way_of().ready
    assert way_of(b"x").ready
    assert way_of(ended=True).ready


def test_who_wants_more_is_shown_more_and_all_again() -> None:
    way = way_of(b"ab")
    way.answered((Want(3),), ending=False)
    assert not way.ready
    way.add(b"cd", ended=True)
    assert way.ready
    assert way.shown() == (b"abc", False)


def test_who_waits_is_shown_nothing() -> None:
    way = way_of(b"ab")
    way.answered((Wait(),), ending=False)
    way.add(b"c", ended=False)
    assert not way.ready
    assert not way.tells_other


def test_what_passes_is_cut_short_by_the_end() -> None:
    way = way_of(b"abc", ended=True)
    passing = Pass(5)
    way.add_answers((Close(),))
    assert (way.pass_on(passing), way.passing, passing.count) == (b"abc", None, 2)
    assert not way.to_do
    assert way.ready


def test_what_is_left_of_it_is_counted() -> None:
    way, passing = way_of(b"abc"), Pass(5)
    way.passing = passing
    assert (way.pass_on(passing), passing.count) == (b"abc", 2)
    way.add(b"defg", ended=False)
    assert (way.pass_on(passing), passing.count) == (b"de", 0)
    assert bytes(way.left) == b"fg"


def test_the_end_is_next_when_it_was_shown_and_all_is_answered_for() -> None:
    way = way_of(b"a", ended=True)
    way.answered((Pass(1),), ending=True)
    assert not way.at_end
    way.take(1)
    assert way.at_end


def test_nothing_comes_behind_an_end() -> None:
    way = way_of(b"a", ended=True)
    way.add(b"b", ended=False)
    assert (bytes(way.left), way.ended) == (b"a", True)


def test_nothing_may_follow_the_last() -> None:
    with pytest.raises(ValueError, match="has to be the last"):
        way_of().add_answers((Close(), Reply(b"x")))


def test_who_dials_or_wants_more_needs_another_server() -> None:
    assert needs_another((Reply(b"x"), Dial()))
    assert needs_another((Want(1),))
    assert not needs_another((Close(),))


def test_a_want_is_for_what_is_left_behind_the_answers_before_it() -> None:
    assert answered_for((Send(b"x", 3), Pass(100), Want(5)), 50) == 50
    assert answered_for((Send(b"x", 3), Drop(2), Want(5)), 50) == 5
    assert answered_for((Reply(b"x"), Send(b"x"), Want(5)), 50) == 50
