"""Which size a path carries, to the byte, of paths that are made up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from bridge.doctor.size_search import (
    Answer,
    Ask,
    Reached,
    Refused,
    Search,
    TooBig,
    Wait,
    between,
)


@dataclass
class Made:
    """
    A path that loses what is above *silent*, and says so of what is above *told*; its
    server answers *tokens* probes, and one more after each rest.
    """

    silent: int = 65535
    told: int = 65535
    mtu: int | None = None
    tokens: int = 6
    answers: bool = True
    asked: list[Ask] = field(default_factory=list)
    answered: int = 0

    def __call__(self, ask: Ask) -> Answer:
        self.asked.append(ask)
        if ask.wait is Wait.REST:
            self.tokens += 1
        if ask.size > self.silent:
            return None
        if ask.size > self.told:
            return TooBig(ask.size, "r", self.told if self.mtu is None else self.mtu)
        if not self.answers or self.tokens < 1:
            return None
        self.tokens -= 1
        return Reached(ask.size)


def found(path: Callable[[Ask], Answer], goal: int = 9000) -> Search:
    search = Search(goal)
    course = search.course()
    asked = 0
    try:
        ask = next(course)
        while True:
            asked += 1
            assert asked < 500, "it does not end"
            ask = course.send(path(ask))
    except StopIteration:
        return search


def test_what_passes_is_found_by_one_question() -> None:
    path = Made()
    search = found(path)
    assert (search.passes, search.settled, search.silent) == (9000, True, False)
    assert path.asked == [Ask(9000, Wait.LONG)]


@pytest.mark.parametrize("goal", [1280, 1500, 9000, 65535])
@pytest.mark.parametrize("most", [577, 1000, 1279, 1400, 1499, 4321, 8998, 8999, 60000])
def test_what_is_lost_silently_is_found_to_the_byte(most: int, goal: int) -> None:
    if most >= goal:
        return
    path = Made(silent=most)
    search = found(path, goal)
    assert (search.passes, search.fails, search.settled) == (most, most + 1, True)
    assert search.silent
    assert search.told is None
    assert len(path.asked) < 100


def test_every_size_is_found_within_what_a_server_answers() -> None:
    """Six ICMP errors a host, and more only as time goes by."""
    for most in range(576, 9000, 7):
        path = Made(silent=most)
        assert found(path).passes == most
        assert sum(ask.wait is Wait.REST for ask in path.asked) <= 2


def test_a_router_that_says_so_is_believed_and_tried() -> None:
    search = found(Made(told=1400))
    assert (search.passes, search.settled, search.silent) == (1400, True, False)
    assert search.told == TooBig(9000, "r", 1400)


@pytest.mark.parametrize("mtu", [0, 9000, 20000, 1])
def test_a_router_that_does_not_say_how_much_is_found_out(mtu: int) -> None:
    search = found(Made(told=1400, mtu=mtu))
    assert search.told is not None
    assert not search.silent
    assert (search.passes, search.settled) == (1400, True)


def test_a_router_that_lies_is_found_out() -> None:
    """Who wants small segments only needs to forge one ICMP error."""
    told = [TooBig(9000, "liar", 600)]
    search = found(lambda ask: told.pop() if told else Reached(ask.size))
    assert search.passes == 600  # what TCP would go by, too
    assert search.told == TooBig(9000, "liar", 600)


def test_silence_below_what_was_said_is_silence() -> None:
    search = found(Made(told=4000, silent=1500, mtu=None))
    assert (search.passes, search.silent) == (1500, True)

    def path(ask: Ask) -> Answer:
        """The router says 4,000 of what its next link loses above 1,500."""
        if ask.size > 4000:
            return TooBig(ask.size, "r", 4000)
        return Reached(ask.size) if ask.size <= 1500 else None

    search = found(path)
    assert (search.passes, search.settled, search.silent) == (1500, True, True)
    assert search.told == TooBig(9000, "r", 4000)


def test_several_routers_in_a_row_are_gone_through() -> None:
    def path(ask: Ask) -> Answer:
        for by, mtu in (("a", 4000), ("b", 1500), ("c", 1400)):
            if ask.size > mtu:
                return TooBig(ask.size, by, mtu)
        return Reached(ask.size)

    search = found(path)
    assert (search.passes, search.silent) == (1400, False)
    assert search.told == TooBig(1500, "c", 1400)


def test_where_nothing_is_answered_nothing_is_said() -> None:
    path = Made(answers=False)
    search = found(path)
    assert (search.passes, search.settled) == (0, False)
    assert len(path.asked) == 6


def test_who_refuses_all_is_not_asked_again() -> None:
    asked = []

    def path(ask: Ask) -> Answer:
        asked.append(ask)
        return Refused("r", "No route to host")

    search = found(path)
    assert search.refused == Refused("r", "No route to host")
    assert len(asked) == 1
    assert not search.settled


@pytest.mark.parametrize("lost", range(1, 40))
def test_a_packet_lost_by_chance_changes_nothing(lost: int) -> None:
    for most in (4321, 8999, 1400):
        path, count = Made(silent=most, tokens=1000), [0]

        def unlucky(ask: Ask, path: Made = path, count: list[int] = count) -> Answer:
            count[0] += 1
            answer = path(ask)
            return None if count[0] == lost else answer

        search = found(unlucky)
        assert (search.passes, search.settled) == (most, True)


def test_an_answer_that_comes_late_counts() -> None:
    path = Made(silent=5000)
    kept: list[Answer] = [None, None]

    def late(ask: Ask) -> Answer:
        kept.append(path(ask))
        return kept.pop(0)

    path.tokens = 1000
    search = found(late)
    assert search.passes <= 5000
    assert search.silent


def test_answers_that_contradict_each_other_come_to_an_end() -> None:
    """Hypothetical paths, such as two of which one is larger."""
    for step in range(1, 30):
        turns = [0]

        def path(ask: Ask, step: int = step, turns: list[int] = turns) -> Answer:
            turns[0] += step
            kinds: tuple[Answer, ...] = (
                *(None, Reached(ask.size), TooBig(ask.size, "r", turns[0] * 37 % 9000)),
                *(Reached(700), None, TooBig(ask.size, "r", 0), Reached(20000)),
            )
            return kinds[turns[0] % len(kinds)]

        found(path)


def test_a_row_never_asks_for_its_ends() -> None:
    for low in range(0, 40, 3):
        for high in range(low + 2, low + 200, 5):
            row = list(between(low, high))
            assert row
            assert all(low < size < high for size in row)
            assert row == sorted(set(row), reverse=True)
