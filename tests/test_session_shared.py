"""A front that other processes have, too: its sessions are one number."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

from bridge.net.address import Networks
from bridge.net.board import Board
from bridge.net.door import Door
from bridge.session.shared import SharedAdmission
from bridge.session.terms import Terms
from tests.sessions import Running, server

OPEN = Door(Networks(), Networks())
CLOSED = Door(Networks([ip_network("192.0.2.0/24")]), Networks())


class Workers:
    """Two that run the front, on loopback."""

    def __init__(self, where: Any, connections: int, door: Door = OPEN) -> None:
        self.board = Board.create(3, 256)
        self.key = self.board.key("front", "front")
        self.each: list[Running] = []
        for number in (1, 2):
            column = self.board.column(number)
            admission = SharedAdmission(column, "front", door, connections)

            def settle(terms: Terms, admission: Any = admission) -> Terms:
                return replace(terms, admission=admission)

            self.each.append(Running(where, settle=settle))

    def come(self, worker: int, clients: int) -> list[socket.socket]:
        running = self.each[worker]
        came = [running.connect() for _ in range(clients)]
        running.turner.settle()
        return came

    def ends(self, worker: int, clients: list[socket.socket]) -> None:
        for client in clients:
            client.close()
        running = self.each[worker]
        running.turner.until(lambda: len(running.records) >= len(clients))

    @property
    def sessions(self) -> tuple[int, ...]:
        return tuple(len(running.live.sessions) for running in self.each)

    @property
    def counted(self) -> int:
        return self.board.total(self.key)

    def endings(self, worker: int) -> list[str]:
        return [record.ending for record in self.each[worker].records]

    def close(self) -> None:
        for running in self.each:
            running.close()
        self.board.close()


@contextmanager
def workers(connections: int, **settings: Any) -> Iterator[Workers]:
    with server() as listening:
        made = Workers(listening.getsockname(), connections, **settings)
        try:
            yield made
        finally:
            made.close()


def test_sessions_of_all_are_limited_together() -> None:
    with workers(3) as both:
        both.come(0, 2)
        both.come(1, 3)
        assert (both.sessions, both.counted) == ((2, 1), 3)
        assert both.endings(1) == ["limited", "limited"]


def test_what_ends_at_one_is_free_at_the_other() -> None:
    with workers(1) as both:
        (first,) = both.come(0, 1)
        both.come(1, 1)
        assert both.sessions == (1, 0)
        first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        both.ends(0, [first])
        both.come(1, 1)
        assert (both.sessions, both.counted) == ((0, 1), 1)


def test_who_is_denied_has_taken_no_place() -> None:
    with workers(2, door=CLOSED) as both:
        for worker in (0, 1):
            both.come(worker, 5)
            assert set(both.endings(worker)) == {"denied"}
        assert both.counted == 0


def test_a_place_that_was_asked_for_is_kept_for_the_next_only() -> None:
    with workers(2) as both:
        one, other = (running.terms.admission for running in both.each)
        assert isinstance(one, SharedAdmission)
        assert one.connections == one.connections == 1
        assert other.connections == 1
        assert both.counted == 2
        assert both.sessions == (0, 0)
        both.come(0, 2)
        assert (both.sessions, both.counted) == ((1, 0), 2)


def test_what_a_dead_worker_had_is_free_again() -> None:
    with workers(2) as both:
        both.come(0, 2)
        both.board.clear(1)
        both.come(1, 2)
        assert both.sessions == (2, 2)
