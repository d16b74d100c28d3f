"""Several processes that are one gateway: what holds for all of them together."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.e2e.certified import NAME, Certified, fronted_by, handshake
from tests.e2e.conftest import Start
from tests.e2e.counted import counted
from tests.e2e.crew import Crew, listens
from tests.e2e.farming import OFF
from tests.e2e.gateway import PATIENCE, Gateway, relay, until
from tests.e2e.loading import Load
from tests.e2e.peers import (
    accept,
    ask,
    echo,
    ends_reset,
    listen,
    name_of,
    read_all,
    serving,
    turned_away,
)
from tests.netlab.fixtures import requires

FOUR = {"workers": 4}
TWO = {"workers": 2}


# Limits


def test_no_server_ever_has_more_than_its_connections(start: Start) -> None:
    """5,000 at once, for a server that may have 100."""
    queue = {"length": 5000, "timeout": "1m"}
    farm = OFF | {"connections": 100, "queue": queue}
    front = {"timeouts": {"open": "2m"}}
    with counted(holding=0.02) as server, ExitStack() as stack:
        gateway = start(relay(server.name, farm=farm, front=front) | FOUR)
        where = gateway.addresses()[0]
        clients = [stack.enter_context(questioner(where)) for _ in range(5000)]
        answered = sum(answers(clients))
        assert answered == 5000
        assert server.total == 5000
        assert server.most <= 100
        assert server.most >= 90  # so many it may have, and there was need
    workers = Counter(record["worker"] for record in gateway.records(5000))
    assert set(workers) == {0, 1, 2, 3}
    assert {record["ending"] for record in gateway.told()} == {"done"}


def questioner(where: tuple[str, int]) -> socket.socket:
    """A client that does not wait for anything."""
    made = socket.socket(socket.AF_INET6)
    made.setblocking(False)
    made.connect_ex(where)
    return made


def answers(clients: list[socket.socket]) -> Iterator[int]:
    """Ask once each is connected, and read: 1 for each that is answered and ended."""
    poll = select.epoll()
    by_number = {client.fileno(): client for client in clients}
    asked: set[int] = set()
    for number in by_number:
        poll.register(number, select.EPOLLOUT | select.EPOLLIN)
    while by_number:
        found = poll.poll(3 * PATIENCE)
        assert found, f"{len(by_number)} wait in vain"
        for number, events in found:
            client = by_number[number]
            if number not in asked and events & select.EPOLLOUT:
                client.send(b"x")
                asked.add(number)
                poll.modify(number, select.EPOLLIN)
            elif events & ~select.EPOLLOUT:
                got = client.recv(10)
                if not got:
                    poll.unregister(number)
                    del by_number[number]
                yield len(got)


@pytest.mark.parametrize("limit", ["connections", "per_source"])
def test_a_limit_of_a_front_holds_over_all_workers(start: Start, limit: str) -> None:
    most = 20
    with listen() as server, ExitStack() as stack:
        front = {"limits": {limit: most}}
        gateway = start(relay(name_of(server), front=front) | FOUR)
        for _ in range(most):
            stack.enter_context(gateway.connect())
            stack.enter_context(accept(server))
        turned_away(gateway)
        assert gateway.record()["ending"] == "limited"


def test_the_gateways_own_limit_holds_over_all_workers(start: Start) -> None:
    """Who is too many waits in the kernel, until somebody goes."""
    with listen() as server, ExitStack() as stack:
        limits = {"limits": {"connections": 10}}
        gateway = start(relay(name_of(server)) | FOUR | limits)
        clients = [stack.enter_context(gateway.connect()) for _ in range(14)]
        for client in clients:
            client.sendall(b"x")
        accepted = [stack.enter_context(accept(server)) for _ in range(10)]
        assert not select.select([server], [], [], 0.3)[0]
        for one in accepted:
            assert one.recv(1) == b"x"
            one.close()
        for client in clients:
            client.shutdown(socket.SHUT_WR)
        for _ in range(4):
            stack.enter_context(accept(server))


# What is done once for all


def test_a_server_is_checked_once_however_many_workers_there_are(start: Start) -> None:
    interval = 0.2
    check = {"kind": "tcp", "interval": "200ms", "timeout": "100ms"}
    with counted() as server:
        start(relay(server.name, farm={"check": check}) | FOUR)
        began, before = time.monotonic(), server.total
        until(lambda: server.total >= before + 8, "eight checks")
        took = time.monotonic() - began
        assert server.total - before <= took / interval * 1.5 + 2


def test_a_session_of_tls_is_resumed_by_any_worker(
    start: Start, server: socket.socket, certified: Certified
) -> None:
    gateway = start(fronted_by(certified, name_of(server)) | FOUR)
    context = certified.client()
    with serving(server, echo):
        with handshake(gateway, context) as client:
            ask(client)  # the tickets come with the answer
            session = client.session
        for _ in range(16):
            with handshake(gateway, context, session=session) as client:
                ask(client)
                assert client.session_reused
                session = client.session
    records = gateway.records(17)
    assert len({record["worker"] for record in records}) > 1


def test_openssl_resumes_over_workers(
    start: Start, server: socket.socket, certified: Certified, tmp_path: Path
) -> None:
    gateway = start(fronted_by(certified, name_of(server)) | FOUR)
    host, port = gateway.addresses()[0]
    session = tmp_path / "session.pem"
    command = [requires("openssl"), "s_client", "-connect", f"[{host}]:{port}"]
    command += ["-servername", NAME, "-CAfile", str(certified.ca), "-sess_out"]

    def run(*more: str) -> str:
        with subprocess.Popen(
            [*command, str(session), *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as client:
            assert client.stdin is not None and client.stdout is not None
            client.stdin.write(b"question\n")
            client.stdin.flush()
            told = b""
            while b"\nquestion\n" not in told:
                part = os.read(client.stdout.fileno(), 65536)
                assert part, told
                told += part
            client.stdin.close()
            client.wait(PATIENCE)
        return told.decode(errors="replace")

    with serving(server, echo):
        assert "New, TLSv1.3" in run()
        for _ in range(8):
            assert "Reused, TLSv1.3" in run("-sess_in", str(session))


# Logs


def test_a_record_names_its_worker_and_no_line_is_torn(
    start: Start, echoed: str, tmp_path: Path
) -> None:
    gateway = start(relay(echoed) | TWO)
    with Load(tmp_path, gateway.addresses()[0], long=0) as load:
        load.wait(500)
    count = load.done
    records = gateway.records(count)  # each line is JSON, and there are as many
    assert {record["worker"] for record in records} == {0, 1}
    assert len({record["session"] for record in records}) == count


def test_no_line_is_torn_in_a_pipe_that_two_workers_write_to(
    start: Start, echoed: str, tmp_path: Path
) -> None:
    pipe, file = tmp_path / "pipe", tmp_path / "records"
    os.mkfifo(pipe)
    with open(file, "wb") as records:
        reader = subprocess.Popen(["cat", str(pipe)], stdout=records)
    try:
        made = relay(echoed) | TWO | {"log": {"access": str(pipe)}}
        gateway = start(made)
        with Load(tmp_path, gateway.addresses()[0], long=0) as load:
            load.wait(500)
        until(lambda: file.read_text().count("\n") >= load.done, "every record")
        assert gateway.stop() == 0
    finally:
        reader.kill()
        reader.wait()
    told = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(told) == load.done
    assert {record["worker"] for record in told} == {0, 1}


# Signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_all_workers_drain_and_then_everybody_ends(
    start: Start, server: socket.socket, number: int
) -> None:
    patient = {"timeouts": {"drain_timeout": "1m"}}
    gateway = start(relay(name_of(server)) | FOUR | patient)
    crew = Crew(gateway)
    with ExitStack() as stack:
        sessions = [
            (
                stack.enter_context(gateway.connect()),
                stack.enter_context(accept(server)),
            )
            for _ in range(12)
        ]
        gateway.send_signal(number)
        until(lambda: not listens(gateway.port), "all to stop listening")
        for client, accepted in sessions:
            client.sendall(b"still there?")
            assert accepted.recv(100) == b"still there?"
            accepted.sendall(b"yes")
            accepted.close()
            assert read_all(client) == b"yes"
    assert gateway.process.wait(PATIENCE) == 0
    assert {record["ending"] for record in gateway.records(12)} == {"done"}
    until(lambda: not crew.all(), "every process to be gone")


@pytest.mark.parametrize("together", [False, True])
def test_a_second_signal_resets_what_every_worker_has(
    start: Start, server: socket.socket, together: bool
) -> None:
    forever = {"timeouts": {"drain_timeout": "1h"}}
    gateway = start(relay(name_of(server)) | FOUR | forever)
    crew = Crew(gateway)
    with ExitStack() as stack:
        clients = [stack.enter_context(gateway.connect()) for _ in range(12)]
        for _ in clients:
            stack.enter_context(accept(server))
        gateway.send_signal(signal.SIGINT)
        if not together:
            until(lambda: not listens(gateway.port), "all to stop listening")
        gateway.send_signal(signal.SIGTERM)  # the same one twice may be one
        assert gateway.process.wait(PATIENCE) == 0
        for client in clients:
            assert ends_reset(client) == b""
    assert {record["ending"] for record in gateway.records(12)} == {"drained"}
    until(lambda: not crew.all(), "every process to be gone")


def test_a_terminals_interrupt_reaches_everybody_and_stops_once(
    start: Start, server: socket.socket
) -> None:
    """^C is sent to each process of the group, and the workers have it, too."""
    gateway = start(relay(name_of(server)) | FOUR)
    crew = Crew(gateway)
    with gateway.connect() as client, accept(server) as accepted:
        for pid in crew.all():
            with suppress(ProcessLookupError):  # it was told to by another one
                os.kill(pid, signal.SIGINT)
        until(lambda: not listens(gateway.port), "all to stop listening")
        client.sendall(b"still there?")
        assert accepted.recv(100) == b"still there?"
    assert gateway.process.wait(PATIENCE) == 0
    assert gateway.record()["ending"] == "done"


def test_usr1_reopens_the_access_log_of_every_worker(
    start: Start, server: socket.socket
) -> None:
    gateway = start(relay(name_of(server)) | FOUR)
    moved = gateway.access.with_suffix(".1")
    with serving(server, echo):
        gateway.connect().close()
        gateway.records(1)
        gateway.access.rename(moved)
        gateway.send_signal(signal.SIGUSR1)
        until(gateway.access.exists, "a new access log")

        def everyone() -> set[int]:
            with gateway.connect() as client:
                ask(client)
            return {record["worker"] for record in gateway.told()}

        until(lambda: len(everyone()) == 4, "a record of every worker's")
    assert moved.read_text().count("\n") < 60


def test_usr2_tells_the_state_of_every_worker(
    start: Start, server: socket.socket
) -> None:
    gateway = start(relay(name_of(server)) | FOUR)
    before = gateway.log.count("descriptors watched")
    gateway.send_signal(signal.SIGUSR2)
    gateway.wait_log("descriptors watched", before + 4)


def test_exit_codes_are_those_of_one_process(
    start: Start, server: socket.socket, tmp_path: Path
) -> None:
    gateway = Gateway(tmp_path, relay("127.0.0.1:80", listen=name_of(server)) | FOUR)
    assert gateway.process.wait(PATIENCE) == 1
    expected = f"front web cannot listen on {name_of(server)}: Address already in use"
    assert expected in gateway.log + gateway.errors
    assert "Traceback" not in gateway.log + gateway.errors
