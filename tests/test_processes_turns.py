"""Reloads one after the other."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from bridge.processes.turns import Turns, copy


class Bench:
    """Whose reloads end when the test says so."""

    def __init__(self) -> None:
        self.going: list[tuple[bool, Deferred[Any]]] = []
        self.turns = Turns(self._reload)

    def _reload(self, code: bool) -> Deferred[Any]:
        going: Deferred[Any] = Deferred()
        self.going.append((code, going))
        return going

    def ask(self, *, code: bool = False) -> list[Any]:
        found: list[Any] = []
        self.turns.ask(code).addBoth(found.append)
        return found


def why(found: list[Any]) -> str:
    (failure,) = found
    assert isinstance(failure, Failure)
    return str(failure.value)


def test_who_asks_first_is_served_at_once() -> None:
    bench = Bench()
    found = bench.ask()
    ((code, going),) = bench.going
    assert not code and bench.turns.busy and found == []
    going.callback(["all is new"])
    assert found == [["all is new"]] and not bench.turns.busy


def test_all_who_ask_meanwhile_share_the_next() -> None:
    bench = Bench()
    first, second, third = (bench.ask() for _ in range(3))
    bench.going[0][1].callback(["first"])
    assert (first, second, third) == ([["first"]], [], [])
    assert len(bench.going) == 2 and bench.turns.busy
    fourth = bench.ask()  # what it wants to be read may be newer
    bench.going[1][1].callback(["second"])
    assert (second, third, fourth) == ([["second"]], [["second"]], [])
    bench.going[2][1].callback(["third"])
    assert fourth == [["third"]] and not bench.turns.busy


def test_the_code_is_read_anew_if_anybody_wants_that() -> None:
    bench = Bench()
    bench.ask(code=True)
    for code in (False, True, False):
        bench.ask(code=code)
    bench.going[0][1].callback([])
    bench.ask()
    bench.going[1][1].callback([])
    assert [code for code, _ in bench.going] == [True, True, False]


def test_one_that_fails_is_nothing_to_the_next() -> None:
    bench = Bench()
    first, second = bench.ask(), bench.ask()
    bench.going[0][1].errback(ValueError("a typo"))
    assert why(first) == "a typo" and second == []
    bench.going[1][1].callback(["mended"])
    assert second == [["mended"]]


def test_after_a_stop_there_is_no_next_one() -> None:
    bench = Bench()
    first, second = bench.ask(), bench.ask(code=True)
    bench.turns.stop()
    bench.going[0][1].errback(ValueError("it stops"))
    assert (why(first), why(second)) == ("it stops", "it stops")
    assert len(bench.going) == 1 and not bench.turns.busy


def test_another_job_has_its_turn_as_well() -> None:
    bench = Bench()
    going: Deferred[Any] = Deferred()
    found: list[Any] = []
    bench.turns.go(lambda: going).addBoth(found.append)
    asked = bench.ask()
    assert bench.going == []
    going.callback(["done"])
    assert found == [["done"]] and len(bench.going) == 1
    bench.going[0][1].callback(["reloaded"])
    assert asked == [["reloaded"]]


def test_one_that_is_done_at_once() -> None:
    bench = Bench()
    for _ in range(2):
        found: list[Any] = []
        bench.turns.go(lambda: succeed(["at once"])).addBoth(found.append)
        assert found == [["at once"]] and not bench.turns.busy


def test_a_copy_has_the_outcome_and_leaves_it() -> None:
    for outcome in (1, ValueError("no")):
        first: Deferred[Any] = Deferred()
        firsts, seconds = list[Any](), list[Any]()
        copy(first).addBoth(seconds.append)
        first.addBoth(firsts.append)
        first.errback(outcome) if isinstance(outcome, Exception) else first.callback(1)
        assert firsts == seconds and len(firsts) == 1
