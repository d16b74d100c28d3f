"""A farm that several processes have: what one of them sees of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from bridge.farm.claims import Claims
from bridge.farm.farm import Farm, Policy
from bridge.farm.mapped import OneShared
from bridge.farm.rules import Rules
from bridge.farm.server import Server
from bridge.farm.shared import SharedFarm
from bridge.net.board import Board
from tests import test_farm, test_mapped
from tests.servers import server
from tests.sharing import Together


@contextmanager
def together(processes: int, *limits: int | None, **policy: Any) -> Iterator[Together]:
    made = Together(processes, *limits, **policy)
    yield made
    made.close()


# Alone

ALONE = [test for name, test in vars(test_farm).items() if name.startswith("test_")]


@pytest.mark.parametrize("test", ALONE, ids=lambda test: test.__name__)
def test_with_nobody_else_it_does_what_a_farm_does(
    test: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board.create(2, 256)

    def farm(*members: Server, **settings: Any) -> tuple[Farm, Clock]:
        clock = Clock()
        settings = {"queue_length": 3, "queue_timeout": 5.0, **settings}
        claims = Claims(board.column(1), clock)
        made = SharedFarm("web", Policy(claims=claims, **settings), Rules(), clock)
        for member in members:
            made.add(member)
        return made, clock

    monkeypatch.setattr(test_farm, "farm", farm)
    test()
    board.close()


# Together


def test_places_are_one_number_for_all() -> None:
    with together(3, 10) as all_:
        assert [each.take(4) for each in all_.processes] == [4, 4, 2]
        assert all_.active() == 10
        assert [each.take(1) for each in all_.processes] == [0, 0, 0]


def test_a_server_without_a_limit_is_nobody_elses() -> None:
    with together(2, None) as all_:
        assert [each.take(50) for each in all_.processes] == [50, 50]
        assert all_.looking == 0


def test_who_finds_one_server_full_has_another() -> None:
    with together(2, 2, 2) as all_:
        one, other = all_.processes
        assert one.take(3) == 3
        assert other.take(3) == 1
        assert (all_.active(0), all_.active(1)) == (2, 2)


def test_thousands_that_others_have_filled_are_no_recursion() -> None:
    with together(2, *[1] * 3000) as all_:
        one, other = all_.processes
        assert one.take(3000) == 3000
        assert other.take(1) == 0


def test_a_place_that_another_gives_back_is_found_at_a_look() -> None:
    with together(2, 1) as all_:
        one, other = all_.processes
        one.take()
        assert other.take() == 0
        (client,) = other.wait()
        one.give()
        assert client.told == ""
        all_.look()
        assert client.told == "a"
        assert one.take() == 0


def test_nobody_looks_when_there_is_nothing_to_see() -> None:
    with together(2, 2) as all_:
        one, other = all_.processes
        one.take(2)
        assert all_.looking == 0, "full by its own sessions alone"
        other.take()
        assert all_.looking == 1
        one.give()
        all_.look()
        assert all_.looking == 0
        assert other.take() == 1


def test_ones_own_place_is_had_again_at_once() -> None:
    with together(2, 2) as all_:
        one, other = all_.processes
        one.take()
        other.take()
        (client,) = one.wait()
        one.give()
        assert client.told == "a"


def test_a_worker_that_died_has_nothing_any_more() -> None:
    with together(2, 3) as all_:
        one, other = all_.processes
        one.take(3)
        clients = other.wait(3) if other.take() == 0 else []
        all_.board.clear(1)
        all_.look()
        assert [client.told for client in clients] == ["a"] * 3


# Whose turn it is


def test_who_has_waited_longer_elsewhere_comes_first() -> None:
    """Else a process with sessions of its own would serve its own queue for ever."""
    with together(2, 1) as all_:
        one, other = all_.processes
        one.take()
        (early,) = other.wait() if other.take() == 0 else []
        all_.look(10)
        (late,) = one.wait()
        one.give()
        assert (early.told, late.told) == ("", "")
        assert one.farm.choose() is None, "nor does anybody come in between"
        all_.look(2)
        assert (early.told, late.told) == ("a", "")
        other.give()
        all_.look(2)
        assert late.told == "a"


def test_a_place_is_left_to_others_only_if_they_would_take_it() -> None:
    """One that hangs with its queue holds up nobody for long."""
    with together(2, 1) as all_:
        one, other = all_.processes
        one.take()
        other.take()
        (gone,) = other.wait()
        all_.look(10)
        other.claims.close()  # it looks no more
        (client,) = one.wait()
        one.give()
        assert client.told == ""
        all_.look(11)
        assert client.told == "a"
        other.farm.unwait(gone)


def test_who_has_been_served_is_waited_for_no_longer() -> None:
    with together(2, 2) as all_:
        one, other = all_.processes
        one.take(2)
        (client,) = other.wait() if other.take() == 0 else []
        all_.look(10)
        one.give()
        all_.look()
        assert client.told == "a"
        other.give()
        assert one.take() == 1, "at once"


@pytest.mark.parametrize("processes", [2, 4])
def test_everybody_is_served_although_one_has_all_the_places(processes: int) -> None:
    """Each session lasts a look; all come at once, and the first process has all."""
    with together(processes, 4, queue_timeout=60.0) as all_:
        all_.processes[0].take(4)
        clients = [
            client
            for each in all_.processes
            if each.take() == 0
            for client in each.wait(50)
        ]
        for _ in range(100 * processes):
            for each in all_.processes:
                while each.taken:
                    each.give()
            all_.look()
            assert all_.active() <= 4
        assert {client.told for client in clients} == {"a"}


# Places that are kept for nothing


class Keeper:
    """Keeps the place of *process* for nothing."""

    def __init__(self, process: Any) -> None:
        self.process = process

    def give_up(self) -> bool:
        self.process.give()
        return True


def test_what_is_kept_for_nothing_is_given_up_when_others_wait() -> None:
    with together(2, 2) as all_:
        one, other = all_.processes
        one.take(2)
        keeper = Keeper(one)
        assert not one.farm.spare("place", keeper)
        other.take()
        (client,) = other.wait()
        all_.look(3)
        assert client.told == "a"
        assert (one.farm.spares, all_.active()) == (0, 2)
        other.give()
        one.farm.close()
        all_.look()
        assert all_.looking == 0


def test_what_becomes_idle_while_others_wait_is_given_up_at_once() -> None:
    with together(2, 1) as all_:
        one, other = all_.processes
        one.take()
        other.take()
        other.wait()
        all_.look()
        assert one.farm.spare("place", Keeper(one))


# Servers that change


def test_sessions_go_along_when_a_name_moves() -> None:
    with together(2, 2) as all_:
        one, other = all_.processes
        one.take(2)
        for each in all_.processes:
            each.farm.become(each.servers[0], server("a", "192.0.2.99", most=2))
        assert other.take() == 0
        one.give()
        all_.look()
        assert other.take() == 1


def test_a_limit_that_comes_and_goes_counts_those_who_are_there() -> None:
    with together(2, None) as all_:
        one, other = all_.processes
        one.take(3)
        for most, more in ((4, 1), (None, 9), (13, 0)):
            for each in all_.processes:
                each.farm.become(each.servers[0], server("a", "192.0.2.0", most=most))
            assert other.take(more + (most is not None)) == more
        for each in all_.processes:
            while each.taken:
                each.give()
        assert all_.counted() == 0


def test_the_servers_of_a_map_are_counted_each() -> None:
    board = Board.create(3, 256)
    found = []
    for number in (1, 2):
        clock = Clock()
        claims = Claims(board.column(number), clock)
        running = test_mapped.Running(most=1, claims=claims)
        found.append([running.come("01"), running.come("02")])
    (one, two), (same, _) = found
    assert isinstance(one, OneShared) and one.part != two.part  # type: ignore[attr-defined]
    assert one.choose() and two.choose()
    assert same.choose() is None
    for farms in found:
        for farm in farms:
            farm.close()
    board.close()


# Whatever happens

steps = st.lists(
    st.tuples(
        st.sampled_from(["take", "give", "wait", "look", "pass", "die"]),
        st.integers(0, 2),
    ),
    max_size=80,
)


@given(steps, st.lists(st.integers(1, 3), min_size=1, max_size=3))
def test_there_are_never_too_many_and_nobody_is_forgotten(
    happens: list[tuple[str, int]], limits: list[int]
) -> None:
    with together(3, *limits, queue_timeout=1e6) as all_:
        clients = []
        for step, number in happens:
            process = all_.processes[number]
            if step == "take" and not process.take():
                clients += process.wait()
            elif step == "give" and process.taken:
                process.give()
            elif step == "wait" and not process.take():
                clients += process.wait()
            elif step == "look":
                all_.look()
            elif step == "pass":
                all_.clock.advance(1.0)
            elif step == "die":
                process.farm.close()
                process.claims.close()
                clients = [each for each in clients if each.process is not process]
                all_.board.clear(number + 1)
                all_.processes[number] = all_.process(number + 1)
            for place, most in enumerate(limits):
                assert all_.active(place) <= most
        for _ in range(len(clients) + 1):
            for process in all_.processes:
                while process.taken:
                    process.give()
            all_.look(20)
        assert all(client.told for client in clients)
        for place in range(len(limits)):
            assert all_.counted(place) == all_.active(place)
