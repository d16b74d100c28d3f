"""Processes of a gateway that are killed: what is lost by it, and what is not."""

from __future__ import annotations

import os
import signal
import socket
import threading
from contextlib import ExitStack
from pathlib import Path

from tests.e2e.conftest import Start
from tests.e2e.crew import Crew, kill, listens
from tests.e2e.gateway import Gateway, relay, until
from tests.e2e.loading import Load
from tests.e2e.peers import accept, ask, ends_reset, name_of, read_all

KILLS = int(os.environ.get("BRIDGE_KILLS", "10"))
CLIENTS = 24
FOUR = {"workers": 4}
TWO = {"workers": 2, "timeouts": {"drain_timeout": "1m"}}


def is_over(client: socket.socket) -> bool:
    """Whether it has ended, in whichever way."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def port_of(client: socket.socket) -> int:
    port: int = client.getsockname()[1]
    return port


def held(
    gateway: Gateway, stack: ExitStack, count: int = CLIENTS
) -> list[socket.socket]:
    """So many sessions that go on."""
    clients = [stack.enter_context(gateway.connect()) for _ in range(count)]
    for client in clients:
        ask(client)
    return clients


# A worker


def test_a_killed_worker_takes_its_own_sessions_with_it_and_no_others(
    start: Start, echoed: str
) -> None:
    gateway = start(relay(echoed) | FOUR)
    crew = Crew(gateway)
    with ExitStack() as stack:
        clients = held(gateway, stack)
        workers = crew.wait_workers(4)
        owners = {port: pid for pid in workers for port in crew.clients_of(pid)}
        assert set(owners) == {port_of(client) for client in clients}
        victim = owners[port_of(clients[0])]
        kill(victim)
        for client in clients:
            if owners[port_of(client)] == victim:
                assert is_over(client)
            else:
                ask(client)
        until(lambda: len(crew.workers() - {victim}) == 4, "its successor")
        held(gateway, stack)
    assert "its sessions are lost, and another one starts" in gateway.log


def test_who_waits_at_a_dead_workers_socket_is_served_by_its_successor(
    start: Start, echoed: str
) -> None:
    gateway = start(relay(echoed) | TWO)
    crew = Crew(gateway)
    victim = min(crew.wait_workers(2))
    os.kill(victim, signal.SIGSTOP)
    with ExitStack() as stack:
        clients = [stack.enter_context(gateway.connect()) for _ in range(CLIENTS)]
        for client in clients:
            client.sendall(b"x")
        waiting = [client for client in clients if not answered(client)]
        assert waiting, "the kernel gave the stopped one nobody"
        kill(victim)
        for client in waiting:
            assert client.recv(1) == b"x"


def answered(client: socket.socket) -> bool:
    client.settimeout(0.5)
    try:
        return client.recv(1) == b"x"
    except TimeoutError:
        return False
    finally:
        client.settimeout(20)


def test_a_worker_killed_every_second_under_load_loses_its_own_sessions(
    start: Start, echoed: str, tmp_path: Path
) -> None:
    """
    Stopped first, so that its sessions can be counted: those are all that may be lost.
    """
    gateway = start(relay(echoed) | TWO)
    crew = Crew(gateway)
    most = 0
    with Load(tmp_path, gateway.addresses()[0], short=16, long=4) as load:
        for _ in range(KILLS):
            load.wait(30)
            victim = min(crew.wait_workers(2))
            os.kill(victim, signal.SIGSTOP)
            most += len(crew.clients_of(victim))
            kill(victim)
            threading.Event().wait(1)  # the second that is meant
        crew.wait_workers(2)
        load.wait(30)
    tally = load.tally
    assert tally["over"], tally
    outcomes = {*tally["short"], *tally["long"]}
    assert outcomes <= {"done", "reset", "cut"}, tally
    assert 0 < load.failed() <= most, tally
    assert gateway.log.count("its sessions are lost") == KILLS


def test_what_a_dead_worker_had_of_a_server_is_free_again(
    start: Start, echoed: str
) -> None:
    farm = {"connections": 8, "queue": {"length": 100, "timeout": "1m"}}
    gateway = start(relay(echoed, farm=farm) | TWO)
    crew = Crew(gateway)
    with ExitStack() as stack:
        clients = held(gateway, stack, 8)
        victim = min(crew.wait_workers(2), key=lambda pid: -len(crew.clients_of(pid)))
        lost = crew.clients_of(victim)
        kill(victim)
        assert lost
        held(gateway, stack, len(lost))
        assert len(clients) == 8


# What workers are forked from


def test_sessions_go_on_without_the_process_that_workers_are_forked_from(
    start: Start, echoed: str
) -> None:
    gateway = start(relay(echoed) | TWO)
    crew = Crew(gateway)
    with ExitStack() as stack:
        clients = held(gateway, stack)
        (nursery,) = crew.nurseries()
        workers = crew.wait_workers(2)
        kill(nursery)
        until(lambda: crew.nurseries() - {nursery}, "another one")
        for client in clients:
            ask(client)
        held(gateway, stack)
        assert workers <= crew.workers()
        victim = min(workers)
        kill(victim)  # whose parent is gone
        until(lambda: len(crew.workers() - {victim}) == 2, "its successor")
        held(gateway, stack)


# The supervisor


def test_workers_without_a_supervisor_end_with_their_sessions(
    start: Start, server: socket.socket
) -> None:
    gateway = start(relay(name_of(server)) | TWO)
    gateway.fails = True
    crew = Crew(gateway)
    where = gateway.addresses()[0]
    with ExitStack() as stack:
        sessions = [
            (
                stack.enter_context(gateway.connect()),
                stack.enter_context(accept(server)),
            )
            for _ in range(8)
        ]
        kill(gateway.pid)
        gateway.process.wait()
        successor = start(relay(name_of(server), listen=f"[::1]:{where[1]}") | TWO)
        with successor.connect() as client, accept(server) as accepted:
            client.sendall(b"mine")
            assert accepted.recv(100) == b"mine"
        for client, accepted in sessions:
            client.sendall(b"question")
            client.shutdown(socket.SHUT_WR)
            assert read_all(accepted) == b"question"
            accepted.sendall(b"answer")
            accepted.close()
            assert read_all(client) == b"answer"
        until(lambda: not crew.all(), "the workers to be gone")
    assert {record["ending"] for record in gateway.records(8)} == {"done"}


def test_workers_without_a_supervisor_stop_listening(
    start: Start, server: socket.socket
) -> None:
    gateway = start(relay(name_of(server)) | TWO)
    gateway.fails = True
    crew = Crew(gateway)
    with gateway.connect() as client, accept(server) as accepted:
        kill(gateway.pid)
        gateway.process.wait()
        until(lambda: not listens(gateway.port), "the port to be closed", 3)
        client.sendall(b"still there?")
        assert accepted.recv(100) == b"still there?"
    until(lambda: not crew.all(), "the workers to be gone")


def test_workers_without_a_supervisor_wait_for_drain_timeout_at_most(
    start: Start, server: socket.socket
) -> None:
    short = {"timeouts": {"drain_timeout": "500ms"}}
    gateway = start(relay(name_of(server)) | TWO | short)
    gateway.fails = True
    crew = Crew(gateway)
    with gateway.connect() as client, accept(server):
        kill(gateway.pid)
        gateway.process.wait()
        assert ends_reset(client) == b""
    until(lambda: not crew.all(), "the workers to be gone")
    assert gateway.record()["ending"] == "drained"
