"""Room that several processes have together: all of them here, on real sockets."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from twisted.internet.task import Clock

from bridge.net.board import Board
from bridge.net.room import Room
from bridge.net.shared_room import SharedRoom
from bridge.net.turns import LOOK, PATIENCE
from tests.logged import logged
from tests.test_port import Factory, Listening


class Counting(Factory):
    """Each connection is a session."""

    def __init__(self, room: Room) -> None:
        super().__init__()
        self.room = room

    def buildProtocol(self, addr: Any) -> Any:
        self.room.take()
        return super().buildProtocol(addr)


class Nothing(Factory):
    """There are no sessions."""

    def buildProtocol(self, addr: Any) -> Any:
        return None


class Worker(Listening):
    """One of them."""

    def __init__(self, together: Together, number: int, carries: int) -> None:
        column, clock = together.board.column(number), together.clock
        room = SharedRoom(carries, together.allowed, column, clock, "few files")
        super().__init__(room=room)
        self.port._factory = self.factory = Counting(room)

    def leave(self) -> None:
        """One of its sessions ends."""
        transport: Any = self.factory.made.pop(0).transport
        transport.close()
        self.room.give()

    @property
    def sessions(self) -> int:
        return len(self.factory.made)


class Together:
    def __init__(self, allowed: int, processes: int = 2, carries: int = 100) -> None:
        self.allowed = allowed
        self.board = Board.create(processes + 1, 256)
        self.clock = Clock()
        numbers = range(1, processes + 1)
        self.workers = [Worker(self, number, carries) for number in numbers]

    def connect(self, worker: int, clients: int) -> None:
        for _ in range(clients):
            self.workers[worker].connect()
        self.settle()

    def settle(self) -> None:
        for worker in self.workers:
            for _ in range(3):
                worker.turner.turn()

    def look(self, seconds: float = LOOK) -> None:
        self.clock.advance(seconds)
        self.settle()

    @property
    def sessions(self) -> list[int]:
        return [worker.sessions for worker in self.workers]

    @property
    def counted(self) -> int:
        return self.board.total(self.board.key("sessions"))

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
            worker.room.close()
        self.board.close()


@contextmanager
def together(allowed: int, **settings: int) -> Iterator[Together]:
    made = Together(allowed, **settings)
    try:
        yield made
    finally:
        made.close()


def test_sessions_are_one_number_for_all() -> None:
    with together(3) as all_:
        for worker in (0, 1):
            all_.connect(worker, 2)
        assert sorted(all_.sessions) == [1, 2]
        assert all_.counted == 3


def test_who_waits_is_let_in_at_a_look_when_another_has_left() -> None:
    with together(2) as all_:
        all_.connect(0, 2)
        with logged() as log:
            all_.connect(1, 1)
        (line,) = log.lines
        assert "2 sessions in all workers is all limits.connections allows" in line
        all_.workers[0].leave()
        all_.settle()
        assert all_.sessions == [1, 0]
        all_.look()
        assert all_.sessions == [1, 1]


def test_ones_own_place_is_had_again_at_once() -> None:
    with together(1) as all_:
        all_.connect(0, 2)
        assert all_.sessions == [1, 0]
        all_.workers[0].leave()
        all_.settle()
        assert all_.sessions == [1, 0]


def test_nobody_looks_while_there_is_room() -> None:
    with together(2) as all_:
        all_.connect(0, 1)
        assert all_.clock.getDelayedCalls() == []
        all_.connect(0, 1)
        assert len(all_.clock.getDelayedCalls()) == 1
        all_.workers[0].leave()
        all_.look()
        all_.look()
        assert all_.clock.getDelayedCalls() == []


def test_who_has_waited_longer_at_another_comes_first() -> None:
    with together(1) as all_:
        all_.connect(0, 5)
        all_.connect(1, 5)
        served = [0, 0]
        for _ in range(100):
            for number, worker in enumerate(all_.workers):
                if worker.sessions:
                    served[number] += 1
                    worker.leave()
            assert all_.counted <= 1
            all_.settle()
            all_.look(PATIENCE / 2)
            if sum(served) == 6:
                break
        assert all(served), "one of them has had all the places"


def test_a_place_is_only_claimed_while_it_is_used() -> None:
    """Nobody comes, a client is gone, or there is no descriptor for it."""
    with together(1) as all_:
        for worker in all_.workers:
            worker.port.ready(0)
            failing: Any = worker.socket
            failing.failures += [errno.ECONNABORTED, errno.EMFILE]
            worker.port.ready(0)
        assert all_.counted == 0


def test_a_client_that_is_no_session_after_all_takes_no_place() -> None:
    with together(1) as all_:
        worker = all_.workers[0]
        worker.port._factory = Nothing()
        all_.connect(0, 3)
        worker.port._factory = worker.factory
        assert all_.counted <= 1
        all_.connect(0, 2)
        assert (all_.sessions, all_.counted) == ([1, 0], 1)


def test_what_this_process_carries_is_its_own_limit() -> None:
    with together(10, carries=1) as all_:
        with logged() as log:
            all_.connect(0, 2)
        assert (all_.sessions, len(log.lines)) == ([1, 0], 1)
        assert "few files" in log.lines[0]
        all_.connect(1, 1)
        assert all_.sessions == [1, 1]
        all_.workers[0].leave()
        all_.settle()
        assert all_.sessions == [1, 1]


def test_a_session_that_nobody_accepted_counts_without_a_limit() -> None:
    with together(1) as all_:
        one, other = (worker.room for worker in all_.workers)
        one.take()
        other.take()
        assert all_.counted == 2
        one.give()
        other.give()
        assert all_.counted == 0


@pytest.mark.parametrize("allowed", [1, 4])
def test_after_any_number_of_clients_nothing_is_left(allowed: int) -> None:
    with together(allowed, processes=3) as all_:
        for number in range(3):
            all_.connect(number, 4)
        for _ in range(100):
            for worker in all_.workers:
                while worker.sessions:
                    worker.leave()
            all_.look()
            assert all_.counted <= allowed
        assert (all_.sessions, all_.counted) == ([0, 0, 0], 0)
