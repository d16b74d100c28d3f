"""Checks that several workers share: one runs, all are told, nobody begins anew."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.task import Clock

from bridge.farm.server_state import ServerState
from bridge.service.check_hub import REMEMBERED, CheckHub
from bridge.service.checkers import Named
from tests.linked import Probed, ScriptedCheckers

AT = "192.0.2.1:80"
ONE = Named("web", 0, (AT,), "asked")


class Worker:
    """Remembers what it is told."""

    def __init__(self, checkers: ScriptedCheckers) -> None:
        self.checkers: Any = checkers
        self.told: list[tuple[int, bool | None, str, str]] = []

    def tell_check(self, number: int, up: bool | None, why: str, said: str) -> None:
        self.told.append((number, up, why, said))

    def heard(self) -> list[tuple[int, bool | None, str, str]]:
        told, self.told = self.told, []
        return told


class Shared:
    """A hub, and workers of one generation."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000)
        self.hub = CheckHub(self.clock)
        self.first = ScriptedCheckers(self.clock, 1)

    def worker(self, checkers: ScriptedCheckers | None = None) -> Worker:
        return Worker(checkers or self.first)

    def check(self) -> Probed:
        """The one that runs."""
        (check,) = self.first.running(AT)
        return check


def test_two_workers_share_a_check_and_both_hear_of_its_verdicts() -> None:
    shared = Shared()
    a, b = shared.worker(), shared.worker()
    shared.hub.begin(a, 1, ONE)
    shared.hub.begin(b, 7, ONE)
    assert len(shared.hub) == 1
    shared.check().find(False, "connection refused")
    word = (False, "connection refused", "connection refused")
    assert (a.heard(), b.heard()) == ([(1, *word)], [(7, *word)])
    shared.check().find(False, "connection refused")
    assert (a.heard(), b.heard()) == ([], []), "that is no news"


def test_the_first_word_that_a_server_is_well_is_told_too() -> None:
    """Who begins with it as down must hear of it."""
    shared = Shared()
    a = shared.worker()
    shared.hub.begin(a, 1, ONE)
    shared.check().find(True)
    assert a.heard() == [(1, True, "connected", "connected")]


def test_what_a_probe_found_is_told_beside_the_verdict() -> None:
    shared = Shared()
    a = shared.worker()
    shared.hub.begin(a, 1, ONE)
    shared.check().find(None, "too many open files")
    assert a.heard() == [(1, None, "", "too many open files")]
    shared.check().find(True)
    shared.check().find(False)
    assert a.heard()[1:] == [(1, True, "connected", "connection refused")]


def test_who_comes_later_is_told_what_is_known() -> None:
    shared = Shared()
    a, late = shared.worker(), shared.worker()
    shared.hub.begin(a, 1, ONE)
    shared.check().find(False, "status 503")
    shared.check().find(True, "status 200")
    shared.hub.begin(late, 1, ONE)
    assert late.heard() == [(1, False, "status 503", "status 200")]
    early = shared.worker()
    shared.hub.begin(early, 2, Named("web", 1, ("192.0.2.2:80",), "asked"))
    assert early.heard() == [], "nothing is known yet"


@pytest.mark.parametrize(
    "other",
    [
        Named("mail", 0, (AT,), "asked"),
        Named("web", 0, (AT, "192.0.2.2:80"), "asked"),
        Named("web", 0, (AT,), "something else"),
    ],
)
def test_what_is_another_question_is_another_check(other: Named) -> None:
    shared = Shared()
    a = shared.worker()
    shared.hub.begin(a, 1, ONE)
    shared.hub.begin(a, 2, other)
    assert len(shared.hub) == 2


def test_a_check_ends_with_the_last_who_wants_it() -> None:
    shared = Shared()
    a, b = shared.worker(), shared.worker()
    shared.hub.begin(a, 1, ONE)
    shared.hub.begin(a, 2, ONE)
    shared.hub.begin(b, 1, ONE)
    shared.hub.end(a, 1)
    shared.hub.end(a, 1)
    shared.hub.forget(b)
    shared.hub.forget(b)
    shared.check().find(False)
    assert [number for number, *_ in a.heard()] == [2]
    shared.hub.end(a, 2)
    assert (len(shared.hub), shared.first.running(AT)) == (0, [])
    assert shared.clock.getDelayedCalls() == []


def test_a_verdict_is_remembered_until_somebody_asks_again() -> None:
    shared = Shared()
    a, b = shared.worker(), shared.worker()
    shared.hub.begin(a, 1, ONE)
    shared.check().find(True)
    shared.hub.forget(a)
    shared.clock.advance(REMEMBERED - 1)
    shared.hub.begin(b, 1, ONE)
    assert b.heard() == [(1, True, "connected", "connected")]
    shared.check().find(False)
    shared.check().find(False)
    assert shared.check().up, "one failure is not enough where it was known to be well"
    shared.check().find(False)
    assert not shared.check().up


def test_what_is_known_from_long_ago_is_not_known() -> None:
    shared = Shared()
    a, b = shared.worker(), shared.worker()
    shared.hub.begin(a, 1, ONE)
    shared.check().find(True)
    shared.hub.forget(a)
    shared.clock.advance(REMEMBERED)
    shared.hub.begin(b, 1, ONE)
    assert b.heard() == []


def test_a_check_that_has_found_nothing_leaves_nothing() -> None:
    shared = Shared()
    a = shared.worker()
    shared.hub.begin(a, 1, ONE)
    shared.hub.forget(a)
    shared.hub.begin(a, 1, ONE)
    assert a.heard() == []


def test_it_begins_with_what_others_have_found() -> None:
    shared = Shared()
    state = ServerState("web", "a", (AT,), asked="asked", up=False, said="status 503")
    shared.hub.prime([state, ServerState("web", "b", ("192.0.2.2:80",), asked="asked")])
    a = shared.worker()
    shared.hub.begin(a, 1, ONE)
    assert a.heard() == [(1, False, "status 503", "status 503")]


def test_the_newest_generation_makes_the_check_and_it_goes_on_where_it_was() -> None:
    shared = Shared()
    second = ScriptedCheckers(shared.clock, 2)
    old, new = shared.worker(), shared.worker(second)
    shared.hub.begin(old, 1, ONE)
    shared.check().find(True)
    shared.hub.begin(new, 1, ONE)
    assert shared.first.running(AT) == [], "its certificates may be out of date"
    (check,) = second.running(AT)
    assert (check.up, check.sure) == (True, True)
    assert new.heard() == [(1, True, "connected", "connected")]
    check.find(False)
    check.find(False)
    check.find(False)
    assert old.heard()[-1][:2] == (1, False)
    shared.hub.begin(shared.worker(), 1, ONE)
    assert second.running(AT) == [check], "an older one changes nothing"


def test_when_the_newest_gives_up_the_one_before_goes_on() -> None:
    shared = Shared()
    second = ScriptedCheckers(shared.clock, 2)
    old, new = shared.worker(), shared.worker(second)
    shared.hub.begin(old, 1, ONE)
    shared.hub.begin(new, 1, ONE)
    second.find(AT, False)
    shared.hub.forget(new)
    assert second.running(AT) == []
    assert not shared.check().up
    old.heard()
    shared.check().find(True)
    shared.check().find(True)
    assert old.heard()[-1][:2] == (1, True)


def test_stopping_stops_all_checks() -> None:
    shared = Shared()
    shared.hub.begin(shared.worker(), 1, ONE)
    shared.hub.stop()
    assert shared.clock.getDelayedCalls() == []


def test_a_server_that_cannot_be_asked_leaves_nothing_behind() -> None:
    class Refusing(ScriptedCheckers):
        def check(self, *args: Any) -> Probed:
            raise LookupError

    shared = Shared()
    with pytest.raises(LookupError):
        shared.hub.begin(shared.worker(Refusing(shared.clock)), 1, ONE)
    assert len(shared.hub) == 0
