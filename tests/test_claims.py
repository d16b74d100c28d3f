"""Places that several processes give: never too many, whose turn it is, and looks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from twisted.internet.task import Clock

from bridge.farm.claims import AT_ONCE, GIVEN_UP, Claims
from bridge.farm.server import Server
from bridge.net.board import Board
from bridge.net.turns import FRESH, LOOK, PATIENCE
from tests import boarding
from tests.logged import logged
from tests.servers import server


@dataclass(eq=False)
class Web:
    """A farm that notes what it is told."""

    name: str = "web"
    part: tuple[str | int, ...] = ()
    waits: float | None = None
    spares: int = 0
    breaks: bool = False
    told: list[Server] = field(default_factory=list)

    def waited(self, now: float) -> float | None:
        return self.waits

    def freed(self, server: Server) -> None:
        self.told.append(server)
        if self.breaks:
            raise RuntimeError

    def give_up(self) -> None:
        self.spares -= 1


@contextmanager
def two() -> Iterator[tuple[Clock, Claims, Claims, Callable[[int], None]]]:
    """Of two processes, and what clears the column of one that has died."""
    board, clock = Board.create(3, 65_536), Clock()
    clock.advance(1000)
    claims = [Claims(board.column(number), clock) for number in (1, 2)]
    yield clock, claims[0], claims[1], board.clear
    for each in claims:
        each.close()
    board.close()


def taken(claims: Claims, web: Web, at: Server) -> bool:
    at.active += 1
    may = claims.take(web, at)
    at.active -= not may
    return may


def filled(claims: Claims, count: int) -> list[Server]:
    """Servers with one place each that *claims* has taken."""
    web = Web()
    for number in range(count):
        assert taken(claims, web, server(str(number), most=1))
    return [server(str(number), most=1) for number in range(count)]


def test_what_is_full_for_others_is_full_here_until_it_is_looked_at() -> None:
    with two() as (clock, one, other, _):
        web, a, same = Web(), server("a", most=1), server("a", most=1)
        assert taken(one, web, a) and a.elsewhere == 0
        assert not taken(other, web, same)
        assert not same.free
        one.give(a)
        a.active -= 1
        assert not same.free
        clock.advance(LOOK)
        assert same.free and web.told == [same]


def test_a_bug_met_at_one_place_is_not_the_next_ones() -> None:
    with two() as (clock, one, other, _):
        bad, good = Web(breaks=True), Web()
        for web, name in ((bad, "a"), (good, "b")):
            mine, same = server(name, most=1), server(name, most=1)
            assert taken(one, web, mine) and not taken(other, web, same)
            one.give(mine)
        with logged() as log:
            clock.advance(LOOK)
        assert (len(bad.told), len(good.told), log.tracebacks) == (1, 1, 1)


def test_a_turn_of_the_reactor_looks_at_some_and_the_next_ones_at_all() -> None:
    with two() as (clock, one, other, clear):
        web, count = Web(), 2 * AT_ONCE + 10
        servers = filled(one, count)
        assert not any(taken(other, web, each) for each in servers)
        clear(1)
        seen = []
        for _ in range(3):
            clock.advance(LOOK)
            seen.append(len(web.told))
        assert seen == [AT_ONCE, 2 * AT_ONCE, count]
        clock.advance(LOOK)
        assert clock.getDelayedCalls() == []


def test_the_last_place_is_left_to_who_has_waited_longer() -> None:
    with two() as (clock, one, other, _):
        here, there, a = Web(), Web(waits=PATIENCE + 1), server("a", most=2)
        for _ in range(2):
            assert taken(one, here, a)
        assert not taken(other, there, server("a", most=2))
        clock.advance(LOOK)
        one.give(a)
        a.active -= 1
        assert not taken(one, here, a) and not a.free
        here.waits = 1.5
        assert taken(one, here, a), "they came at about the same time"
        one.give(a)
        a.active -= 1
        here.waits = None
        there.waits = None
        clock.advance(FRESH)
        assert taken(one, here, a)


def test_places_that_are_not_the_last_are_left_to_nobody() -> None:
    with two() as (clock, one, other, _):
        there = Web(waits=100.0)
        assert taken(one, Web(), server("a", most=1))
        assert not taken(other, there, server("a", most=1))
        clock.advance(LOOK)
        b = server("b", most=2)
        assert taken(one, Web(), b) and not taken(one, Web(), b)


def test_farms_and_their_parts_wait_for_themselves() -> None:
    with two() as (clock, one, other, _):
        there = Web(waits=100.0)
        assert taken(one, Web(), server("a", most=1))
        assert not taken(other, there, server("a", most=1))
        clock.advance(LOOK)
        assert one.wanted(Web())
        assert not one.wanted(Web("mail"))
        assert not one.wanted(Web(part=("192.0.2.1", 80)))
        there.waits = None
        clock.advance(LOOK)
        assert not one.wanted(Web())


def test_places_kept_for_nothing_are_given_up_some_at_a_time() -> None:
    with two() as (clock, one, other, _):
        web, there = Web(spares=GIVEN_UP + 1), Web(waits=0.0)
        one.keep(web)
        clock.advance(LOOK)
        assert web.spares == GIVEN_UP + 1
        assert taken(one, Web(), server("a", most=1))
        assert not taken(other, there, server("a", most=1))
        clock.advance(LOOK)
        clock.advance(LOOK)
        assert web.spares <= 1


def test_who_is_over_is_told_nothing() -> None:
    with two() as (clock, one, other, clear):
        web, (same,) = Web(), filled(one, 1)
        assert not taken(other, web, same)
        other.keep(web)
        other.forget(web)
        clear(1)
        clock.advance(LOOK)
        assert web.told == []
        assert clock.getDelayedCalls() == []


@pytest.mark.parametrize("limits", [[1], [3], [2, 1, 4]])
def test_real_processes_never_have_more_at_a_server_than_its_limit(
    limits: list[int],
) -> None:
    """
    The kernel counts those who have a place: what it has no more of, somebody has too
    many of.
    """
    processes, board = 3, Board.create(4, 256)
    flags = os.EFD_SEMAPHORE | os.EFD_NONBLOCK | os.EFD_CLOEXEC
    places = [os.eventfd(most, flags) for most in limits]
    task = ("serve", processes, 4000, ",".join(map(str, limits)), *places)
    said = boarding.run(board, *[task] * processes, fds=places)
    assert [each["too many"] for each in said] == [0] * processes
    assert any(each["one"] for each in said)
    if sum(limits) < processes:
        assert any(each["none"] for each in said)
    for fd in places:
        os.close(fd)
    board.close()
