"""
Limits over several gateways that count together: bursts at all of them at once, and
what a server, which knows nothing of that, has at a time.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.net.board import Board
from tests.e2e.boarded import Server, Worker
from tests.e2e.gateway import PATIENCE, Configuration, relay, until
from tests.e2e.peers import name_of, serving
from tests.e2e.test_http_places import GET, OK, answer, got

WORKERS = 3

RESET = b"reset"
"""What one gets that is refused, as soon as it is connected or even sooner."""


class Together:
    """So many workers before one server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.board = Board.create(WORKERS + 2, 4096)
        self.server = Server()
        self.workers: list[Worker] = []

    def start(self, where: str = "", **settings: Any) -> None:
        """Before the server *where*, or the one that counts."""
        farm = {"check": "off", "queue": {"length": 5000, "timeout": "60s"}}
        configuration: Configuration = relay(
            where or self.server.where,
            front={"timeouts": {"open": "60s"}, **settings.pop("front", {})},
            farm=farm | settings.pop("farm", {}),
        ) | {"log": {"access": "off"}, **settings}
        for number in range(1, WORKERS + 1):
            self.workers.append(Worker(self.board, number, self.folder, configuration))

    def ask(self, clients: int) -> list[bytes]:
        """What each of so many gets for its byte, at every worker, all at once."""
        got: list[bytes] = []
        threads = [
            threading.Thread(target=self._ask, args=[worker, clients, got])
            for worker in self.workers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(6 * PATIENCE)
            assert not thread.is_alive()
        return got

    def _ask(self, worker: Worker, clients: int, got: list[bytes]) -> None:
        socks = []
        for _ in range(clients):
            try:
                socks.append(worker.connect())
                socks[-1].sendall(b"x")
            except ConnectionError:
                got.append(RESET)
        for sock in socks:
            sock.settimeout(4 * PATIENCE)
            got.append(_all(sock))

    def counted(self, *what: str | int) -> Callable[[], int]:
        key = self.board.key(*what)  # type: ignore[arg-type]
        return lambda: self.board.total(key)

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        self.server.close()
        self.board.close()


def _all(sock: socket.socket) -> bytes:
    """Until it ends, however."""
    with sock:
        try:
            return b"".join(iter(lambda: sock.recv(9), b""))
        except ConnectionError:
            return RESET


@pytest.fixture
def together(tmp_path: Path) -> Iterator[Together]:
    made = Together(tmp_path)
    try:
        yield made
    finally:
        made.close()


def test_a_burst_at_all_workers_is_never_more_than_the_server_takes(
    together: Together,
) -> None:
    together.start(farm={"connections": 10})
    assert together.ask(300) == [b"x"] * (300 * WORKERS)
    assert together.server.most <= 10
    until(lambda: not together.counted("sessions")(), "the sessions to end")


def test_one_place_goes_round_and_everybody_is_served(together: Together) -> None:
    """The hardest case: whoever has it has others waiting, too."""
    together.start(farm={"connections": 1})
    assert together.ask(40) == [b"x"] * (40 * WORKERS)
    assert together.server.most == 1


def test_there_are_no_more_sessions_than_all_may_have(together: Together) -> None:
    """Clients beyond that wait in the kernel's queues, at every worker."""
    together.start(limits={"connections": 8})
    assert together.ask(100) == [b"x"] * (100 * WORKERS)
    assert together.server.most <= 8
    until(lambda: not together.counted("sessions")(), "the sessions to end")


def test_a_front_has_no_more_than_its_limit(together: Together) -> None:
    together.start(front={"limits": {"connections": 5}})
    kept = []
    for number in range(5):
        kept.append(together.workers[number % WORKERS].connect())
        until(lambda: together.server.here == len(kept), "the server to have it")
    assert set(together.ask(10)) <= {b"", RESET}
    assert together.server.most == 5
    for sock in kept:
        sock.close()
    until(lambda: not together.counted("front", "web")(), "the sessions to end")


def test_a_burst_at_a_front_is_never_more_than_its_limit(together: Together) -> None:
    together.start(front={"limits": {"connections": 5}})
    got = together.ask(200)
    assert b"x" in got and set(got) <= {b"x", b"", RESET}
    assert together.server.most <= 5


def test_one_source_has_no_more_than_its_limit(together: Together) -> None:
    together.start(front={"limits": {"per_source": 4}})
    got = together.ask(200)
    assert b"x" in got and set(got) <= {b"x", b"", RESET}
    assert together.server.most <= 4


def test_what_a_killed_worker_had_is_had_by_the_others(together: Together) -> None:
    together.start(farm={"connections": 3})
    first, other, _ = together.workers
    kept = [first.connect() for _ in range(3)]
    until(lambda: together.server.here == 3, "the server to have all")
    waiting = other.connect()
    waiting.sendall(b"x")
    first.kill()
    until(lambda: together.server.here == 0, "the server to have nobody")
    together.board.clear(first.number)
    waiting.settimeout(PATIENCE)
    assert _all(waiting) == b"x"
    for sock in kept:
        sock.close()


def test_connections_that_are_kept_for_nothing_go_for_who_waits_elsewhere(
    together: Together, server: socket.socket
) -> None:
    """Clients at all workers ask in turn, keep their connection, and ask once more."""
    where = name_of(server)
    here = together.counted("server", "web", where, *server.getsockname()[:2])
    together.start(where, front={"mode": "http"}, farm={"connections": 2})
    with serving(server, answer):
        clients = [worker.connect() for worker in together.workers for _ in range(4)]
        for _ in range(3):
            for client in clients:
                client.settimeout(PATIENCE)
                client.sendall(GET)
                assert got(client, len(OK)) == OK
                assert here() <= 2
        for client in clients:
            client.close()
