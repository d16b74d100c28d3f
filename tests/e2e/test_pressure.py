"""Too much of everything: readers that do not read, and descriptors that run out."""

from __future__ import annotations

import hashlib
import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from bridge.net.splice import CHUNK
from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE, Configuration, Gateway, relay, until
from tests.e2e.peers import (
    accept,
    blocks,
    checksum,
    echo,
    listen,
    name_of,
    reset,
    serving,
)
from tests.netlab.fixtures import missing

SESSIONS = 1000
SMALL = {"send_buffer": "64KiB", "receive_buffer": "64KiB"}
"""
Socket buffers of both sides.  Autotuned ones would hold some megabytes a session: the
host's memory (tcp_mem), which is not what is bounded here.
"""

DESCRIPTORS = SESSIONS * (2 + 2) + 2 * 64
"""Two sockets and one pipe a session, and the empty pipes that are kept in store."""

SESSION = 8 * 1024
"""Bytes of Python objects a session, rounded up: streams, directions, tables."""

MEMORY = SESSIONS * SESSION + (4 << 20)
"""
How much the gateway may grow while every session is stalled: what is held waits in
pipes, which are the kernel's; the rest is room for the allocator.
"""

MEMORY_WITHOUT_PIPES = CHUNK + SESSION
"""
The same for each stalled session whose bytes had to go to memory: without descriptors
for a pipe, or for an ordinary user (fs.pipe-user-pages-soft, pipe(7)).
"""

ASKED = 50
PROMPTLY = 2.0
"""Seconds for a small request, which takes a millisecond if nobody is in the way."""


def need_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count:
        missing(f"needs {count} open files, but the limit is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))


@pytest.fixture
def firehose() -> Iterator[str]:
    """The address of a server that sends to everyone at full speed."""
    script = Path(__file__).with_name("firehose.py")
    with subprocess.Popen(
        [sys.executable, "-S", str(script)], stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        yield f"127.0.0.1:{int(program.stdout.readline())}"
        program.kill()


def two_fronts(hose: str, answering: str) -> Configuration:
    """One to the firehose, called web, and one to a server that answers, called ask."""
    made = relay(hose, front={"profile": "small"}, farm={"profile": "small"})
    made["profiles"] = {"small": SMALL}
    made["fronts"]["ask"] = {"listen": "[::1]:0", "to": "ask"}
    made["farms"]["ask"] = {"servers": [answering]}
    return made


def ask(gateway: Gateway, front: str = "ask") -> float:
    """A small request in a session of its own: how long it took."""
    began = time.monotonic()
    with gateway.connect(front) as client:
        client.sendall(b"ping")
        assert client.recv(100) == b"ping"
    return time.monotonic() - began


def stalled(gateway: Gateway) -> socket.socket:
    """A client that never reads."""
    client = socket.socket(socket.AF_INET6)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024)
    client.settimeout(PATIENCE)
    client.connect(gateway.addresses()[0])
    return client


def pipes_kept(gateway: Gateway) -> int:
    found = re.search(r"(\d+) pipes kept", gateway.state())
    assert found is not None
    return int(found[1])


def test_a_thousand_clients_that_do_not_read_cost_a_bounded_amount(
    start: Start, server: socket.socket, firehose: str
) -> None:
    need_files(SESSIONS + 200)
    gateway = start(two_fronts(firehose, name_of(server)))
    with serving(server, echo):
        ask(gateway)
        memory, descriptors = gateway.rss(), gateway.descriptors()
        clients = [stalled(gateway) for _ in range(SESSIONS)]
        until(lambda: stalls(gateway) >= SESSIONS, "all of them to stall", 60)
        bound = MEMORY + spilled(gateway) * MEMORY_WITHOUT_PIPES
        assert gateway.rss() - memory <= bound
        assert gateway.descriptors() - descriptors <= DESCRIPTORS
        assert max(ask(gateway) for _ in range(ASKED)) < PROMPTLY
        for client in clients:
            reset(client)
        until(lambda: gateway.sockets() == 2, "the sessions to end")
    assert pipes_kept(gateway) == 0
    assert gateway.descriptors() <= descriptors + 2 * 64
    everyone = gateway.records(SESSIONS + 1 + ASKED)
    told = [record for record in everyone if record["front"] == "web"]
    assert [record["ending"] for record in told] == ["front_reset"] * SESSIONS


def test_without_descriptors_for_pipes_memory_serves_and_data_is_intact(
    start: Start,
) -> None:
    size, count = 3_000_000, 100

    def answer(accepted: socket.socket) -> None:
        for block in blocks(size):
            accepted.sendall(block)

    with listen(SO_SNDBUF=64 * 1024) as server, serving(server, answer):
        made = relay(
            name_of(server), front={"profile": "small"}, farm={"profile": "small"}
        )
        gateway = start(made | {"profiles": {"small": SMALL}}, files=320)
        memory = gateway.rss()
        clients = [stalled(gateway) for _ in range(count)]
        until(lambda: stalls(gateway) >= count, "the stall")
        assert spilled(gateway) > 0
        grown = gateway.rss() - memory
        assert grown <= count * MEMORY_WITHOUT_PIPES + (4 << 20)
        expected = checksum(size)
        for client in clients:
            with client:
                assert checksum_of(client) == expected
    assert {r["ending"] for r in gateway.records(count)} == {"done"}


def spilled(gateway: Gateway) -> int:
    found = re.search(r"(\d+) times memory instead", gateway.state())
    assert found is not None
    return int(found[1])


def stalls(gateway: Gateway) -> int:
    return pipes_kept(gateway) + spilled(gateway)


def checksum_of(client: socket.socket) -> str:
    digest = hashlib.sha256()
    while part := client.recv(1 << 20):
        digest.update(part)
    return digest.hexdigest()


def test_running_out_of_descriptors_pauses_accepting_and_says_so_once(
    start: Start, server: socket.socket
) -> None:
    made = relay(name_of(server)) | {"limits": {"connections": 100_000}}
    gateway = start(made, files=80)
    with serving(server, echo), ExitStack() as stack:
        first = stack.enter_context(gateway.connect())
        first.sendall(b"before")
        assert first.recv(100) == b"before"
        with ExitStack() as crowd:
            for _ in range(80):
                with suppress(ConnectionResetError):  # a dial out of descriptors
                    crowd.enter_context(gateway.connect())
            gateway.wait_log("cannot accept")
            first.sendall(b"meanwhile")
            assert first.recv(100) == b"meanwhile"
        # They are gone, and nobody has told the gateway to go on.
        until(lambda: answers(gateway), "it to accept again")
        first.sendall(b"after")
        assert first.recv(100) == b"after"
    assert gateway.log.count("cannot accept") == 1
    assert "Too many open files" in gateway.log


def answers(gateway: Gateway) -> bool:
    try:
        return ask(gateway, "web") > 0
    except (ConnectionResetError, AssertionError):  # its dial was out of descriptors
        return False


def test_more_than_all_sessions_wait_until_there_is_room(
    start: Start, server: socket.socket
) -> None:
    made = relay(name_of(server)) | {"limits": {"connections": 2}}
    gateway = start(made)
    with gateway.connect() as one, gateway.connect(), gateway.connect() as third:
        accept(server).close()
        second = accept(server)
        third.sendall(b"patient")
        gateway.wait_log("2 sessions is all limits.connections allows")
        one.close()
        with second, accept(server) as accepted:
            assert accepted.recv(100) == b"patient"
