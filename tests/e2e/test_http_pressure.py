"""Mode http where much is asked and little is done, and where patience is right."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE, Configuration, Gateway, relay, until
from tests.e2e.peers import accept, name_of, read_all, reset
from tests.e2e.test_pressure import (
    MEMORY,
    MEMORY_WITHOUT_PIPES,
    SESSIONS,
    SMALL,
    need_files,
    pipes_kept,
    stalled,
)

GET = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEAD = 32 * 1024
FILTERED = 8 * 1024
"""Bytes of Python objects that a session with its filter has more than one without."""
SHORT = 0.3
"""Seconds of all time-outs that must not hit who is alive."""


def http(
    server: str, timeouts: dict[str, str] | None = None, **http: Any
) -> Configuration:
    front = {"mode": "http", "http": http, "timeouts": timeouts or {}}
    return relay(server, front=front)


# Much is asked


def test_a_thousand_heads_that_do_not_end_cost_no_more_than_they_may(
    start: Start, server: socket.socket
) -> None:
    need_files(SESSIONS + 200)
    gateway = start(http(name_of(server), head="32KiB", request="3s"))
    before = gateway.rss()
    begun = GET[:-2] + b"X: " + b"x" * (HEAD - 100)
    with ExitStack() as stack:
        clients = []
        for _ in range(SESSIONS):
            clients.append(stack.enter_context(gateway.connect()))
            clients[-1].sendall(begun)
        # What is read of a head is there once, and once more while it grows.
        assert gateway.rss() - before <= MEMORY + SESSIONS * (2 * HEAD + FILTERED)
        for client in clients:
            assert read_all(client).startswith(b"HTTP/1.1 408 ")
    told = gateway.records(SESSIONS, kind="request")
    assert {(each["status"], each["ending"]) for each in told} == {(408, "bad_header")}


def test_a_head_a_byte_at_a_time_is_gone_at_its_deadline(
    start: Start, server: socket.socket
) -> None:
    gateway = start(http(name_of(server), request="500ms"))
    began = time.monotonic()
    with gateway.connect() as client:
        for byte in GET:
            client.send(bytes([byte]))
            if select.select([client], [], [], SHORT / 5)[0]:
                break
        assert read_all(client).startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - began < SHORT / 5 * len(GET) / 2


class Hose:
    """A server that answers everyone with more than anyone has room for."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._held: list[socket.socket] = []

    def answer(self) -> None:
        """The next one that comes."""
        client = accept(self._listener)
        assert client.recv(65536).startswith(b"GET")
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n")
        client.setblocking(False)
        self._held.append(client)

    def pour(self) -> bool:
        """Whether anybody had room."""
        return sum(map(_poured, self._held)) > 0

    def close(self) -> None:
        for client in self._held:
            client.close()


def _poured(client: socket.socket) -> bool:
    try:
        return client.send(bytes(1 << 20)) > 0
    except BlockingIOError:
        return False


@pytest.fixture
def hose(server: socket.socket) -> Iterator[Hose]:
    made = Hose(server)
    yield made
    made.close()


def test_a_thousand_answers_that_nobody_reads_cost_a_bounded_amount(
    start: Start, server: socket.socket, hose: Hose
) -> None:
    need_files(2 * SESSIONS + 200)
    made = http(name_of(server))
    made["profiles"] = {"small": SMALL}
    made["fronts"]["web"]["profile"] = made["farms"]["web"]["profile"] = "small"
    gateway = start(made)
    before = gateway.rss()
    clients = []
    for _ in range(SESSIONS):
        clients.append(stalled(gateway))
        clients[-1].sendall(GET)
        hose.answer()
    until(lambda: not hose.pour(), "all of them to stall", 60)
    until(lambda: pipes_kept(gateway) + spilled(gateway) >= SESSIONS, "them to be full")
    bound = MEMORY + SESSIONS * FILTERED + spilled(gateway) * MEMORY_WITHOUT_PIPES
    assert gateway.rss() - before <= bound
    for client in clients:
        reset(client)
    told = gateway.records(SESSIONS, kind="request", timeout=60)
    assert {(each["status"], each["ending"]) for each in told} == {(200, "front_reset")}


def spilled(gateway: Gateway) -> int:
    """Stalled directions whose bytes are in memory."""
    return int(gateway.state().partition(" times memory instead")[0].split()[-1])


# Patience


@pytest.fixture
def hasty(start: Start, server: socket.socket) -> Gateway:
    """Nothing that lives takes any notice of these, but for ``idle``."""
    timeouts = {"open": f"{SHORT}s", "idle": "1h"}
    times = {"keep_alive": f"{SHORT}s", "request": f"{SHORT}s"}
    return start(http(name_of(server), timeouts, **times))


def pause() -> None:
    """Longer than any of the times that are short."""
    time.sleep(2 * SHORT)


def test_a_server_may_think(hasty: Gateway, server: socket.socket) -> None:
    with hasty.connect() as client:
        client.sendall(GET)
        with accept(server) as back:
            assert back.recv(65536)
            pause()
            back.sendall(OK)
            assert client.recv(65536) == OK


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_may_take_its_time_both_ways(
    hasty: Gateway, server: socket.socket, chunked: bool
) -> None:
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: 3"
    piece, last = (b"1\r\nx\r\n", b"0\r\n\r\n") if chunked else (b"x", b"")
    with hasty.connect() as client:
        client.sendall(GET[:-2].replace(b"GET", b"POST") + framing + b"\r\n\r\n")
        with accept(server) as back:
            assert back.recv(65536).endswith(b"\r\n\r\n")
            for _ in range(3):
                pause()
                client.sendall(piece)
                assert back.recv(65536) == piece
            client.sendall(last)
            back.sendall(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
            assert client.recv(65536).endswith(b"\r\n\r\n")
            for _ in range(3):
                pause()
                back.sendall(piece)
                assert client.recv(65536) == piece


def test_events_may_be_far_between(hasty: Gateway, server: socket.socket) -> None:
    with hasty.connect() as client:
        client.sendall(GET)
        with accept(server) as back:
            assert back.recv(65536)
            back.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            assert client.recv(65536).endswith(b"\r\n\r\n")
            for _ in range(3):
                pause()
                back.sendall(b"data: x\n\n")
                assert client.recv(65536) == b"data: x\n\n"
        assert client.recv(1) == b""


def test_a_web_socket_may_be_silent(hasty: Gateway, server: socket.socket) -> None:
    upgrade = b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    with hasty.connect() as client:
        client.sendall(GET[:-2] + upgrade)
        with accept(server) as back:
            assert back.recv(65536)
            back.sendall(b"HTTP/1.1 101 Switching Protocols\r\n" + upgrade)
            assert client.recv(65536).startswith(b"HTTP/1.1 101")
            for one, other in ((client, back), (back, client)):
                pause()
                one.sendall(b"x")
                assert other.recv(65536) == b"x"


def test_one_that_came_before_it_was_needed_is_closed_without_a_word(
    hasty: Gateway,
) -> None:
    """Browsers open connections ahead: an answer there would be the next request's."""
    with hasty.connect() as client:
        client.settimeout(PATIENCE)
        assert client.recv(1) == b""
