"""Answers carried out: times, and a chain of filters."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock

from bridge.filters import Drop, Pass, PassRest, Send, Want
from bridge.net.deadlines import Deadlines
from tests.test_answering import Around


class Timed(Around):
    """With a clock."""

    def __init__(self, *answers: Any) -> None:
        super().__init__(*answers)
        self.clock = Clock()
        self.made: dict[float, Deadlines[Any]] = {}

    def within(self, answering: Any, seconds: float) -> Any:
        if seconds not in self.made:
            self.made[seconds] = Deadlines(self.clock, seconds, lambda one: one.late())
        deadlines = self.made[seconds]
        deadlines[answering] = self.clock.seconds() + seconds
        if not deadlines.armed:
            deadlines.arm()
        return deadlines


def test_time_runs_from_the_first_of_several_wants() -> None:
    around = Timed(*[(Want(9, within=5.0),)] * 3)
    for _ in range(3):
        around.one.take(b"a")
        around.clock.advance(2)
    assert "late" in around.told


def test_it_begins_anew_behind_bytes_that_were_answered_for() -> None:
    around = Timed(*[(Drop(1), Want(9, within=5.0))] * 3)
    for _ in range(3):
        around.one.take(b"a")
        around.clock.advance(2)
    assert "late" not in around.told
    around.clock.advance(3)
    assert "late" in around.told


def test_it_is_over_when_nothing_is_wanted() -> None:
    around = Timed((Want(9, within=5.0),), (PassRest(),))
    around.one.take(b"a")
    around.one.take(b"b")
    around.clock.advance(9)
    assert "late" not in around.told and not around.made[5.0]


def test_a_want_behind_a_pass_has_its_time_from_there_on() -> None:
    around = Timed((Pass(3), Want(9, within=5.0)))
    around.one.take(b"a")
    around.clock.advance(9)
    around.one.take(b"bc")
    assert "late" not in around.told
    around.clock.advance(5)
    assert "late" in around.told


def test_bytes_and_the_end_go_through_all_filters() -> None:
    first, second = Around((Send(b"abc"),), ()), Around((Want(5),), (Pass(5),), ())
    first.one.emit, first.one.further = second.one.take, second.one
    first.one.take(b"x")
    first.answers.insert(0, (Send(b"de"),))
    first.one.take(b"y")
    first.one.end()
    assert second.out == b"abcde"
    assert (first.told, second.told) == ([], ["end"])
