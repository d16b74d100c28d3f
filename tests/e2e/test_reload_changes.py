"""What a reload changes, what survives it, and one that cannot be: nothing changes."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.e2e.certified import Certified, fronted_by, handshake
from tests.e2e.conftest import Start
from tests.e2e.crew import AS_IT_WAS, TOOK_OVER, Crew, changed, listens
from tests.e2e.gateway import Configuration, Gateway, relay, until
from tests.e2e.peers import (
    accept,
    ask,
    echo,
    free_port,
    listen,
    name_of,
    serving,
    turned_away,
)

PATIENT = {"timeouts": {"drain_timeout": "10m"}}
UNCHANGED = "the configuration is as it was"

# What cannot be


@dataclass(frozen=True)
class Wrong:
    """A configuration that cannot run, and what is said of it."""

    listen: str | None = None
    text: str | None = None
    said: str = ""


TAKEN = Wrong(said="cannot listen on")
BROKEN = Wrong(text='fronts: {web: {listen: "[::1]:0", too: web}}', said="did you mean")


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("wrong", [TAKEN, BROKEN], ids=["taken", "broken"])
def test_what_cannot_run_changes_nothing_and_says_why(
    start: Start, server: socket.socket, tmp_path: Path, workers: int, wrong: Wrong
) -> None:
    first = relay(name_of(server)) | {"workers": workers}
    gateway = start(first)
    crew = Crew(gateway)
    before, sockets = crew.all(), gateway.sockets()
    with listen() as taken, gateway.connect() as client, accept(server) as accepted:
        if wrong is TAKEN:
            wrong = replace(wrong, listen=name_of(taken))
        if wrong.text is not None:
            gateway.file.write_text(wrong.text)
        else:
            gateway.write(with_listener(first, str(wrong.listen)))
        gateway.send_signal(signal.SIGHUP)
        gateway.wait_log(AS_IT_WAS)
        assert wrong.said in gateway.log
        client.sendall(b"still there?")
        assert accepted.recv(100) == b"still there?"
        with gateway.connect(), accept(server):
            pass
    assert crew.all() == before
    assert TOOK_OVER not in gateway.log
    until(
        lambda: gateway.sockets() <= sockets,
        "what was bound in vain to be closed",
    )
    crew.reload(changed(first, 1))  # and a good one is followed afterwards


def with_listener(configuration: Configuration, where: str) -> Configuration:
    """With another front before it that listens there."""
    more = configuration["fronts"]["web"] | {"listen": where}
    fronts = {"more": more} | configuration["fronts"]
    return configuration | {"fronts": fronts}


# What has changed


def test_what_has_changed_is_in_the_log(start: Start, echoed: str) -> None:
    first = relay(echoed)
    gateway = start(first)
    Crew(gateway).reload(changed(first, 7))
    assert "fronts.web.timeouts.idle" in gateway.log
    assert "3607" in gateway.log or "1h7s" in gateway.log


@pytest.mark.parametrize("workers", [1, 2])
def test_a_listener_comes_and_another_goes(
    start: Start, server: socket.socket, workers: int
) -> None:
    ports = free_port(), free_port()
    one, two = (f"[::1]:{port}" for port in ports)
    first = relay(name_of(server), listen=one) | PATIENT | {"workers": workers}
    gateway = start(first)
    crew = Crew(gateway)
    with gateway.connect() as client, accept(server) as accepted:
        second = relay(name_of(server), listen=two) | PATIENT | {"workers": workers}
        crew.reload(second)
        until(lambda: not listens(ports[0]), "the first port to be closed")
        with socket.create_connection(("::1", ports[1])), accept(server):
            client.sendall(b"still there?")
            assert accepted.recv(100) == b"still there?"


def test_who_waits_at_a_port_that_is_given_up_is_served(
    start: Start, server: socket.socket
) -> None:
    """They come while it can do nothing, and then it is told to accept no more."""
    one, two = (f"[::1]:{free_port()}" for _ in range(2))
    first = relay(name_of(server), listen=[one, two]) | PATIENT
    gateway = start(first)
    crew = Crew(gateway)
    crew.reload(changed(first, 1))
    (worker,) = crew.wait_workers(1)
    os.kill(worker, signal.SIGSTOP)
    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(where))
            for where in gateway.addresses()[:2]
            for _ in range(5)
        ]
        gateway.write(relay(name_of(server), listen=two) | PATIENT)
        gateway.send_signal(signal.SIGHUP)
        gateway.wait_log(TOOK_OVER, 2)
        os.kill(worker, signal.SIGCONT)
        for client in clients:
            client.sendall(b"x")
        for _ in clients:
            assert stack.enter_context(accept(server)).recv(1) == b"x"


# What needs no other generation


@pytest.mark.parametrize("workers", [1, 2])
def test_a_configuration_that_is_as_it_was_starts_nothing(
    start: Start, server: socket.socket, workers: int
) -> None:
    gateway = start(relay(name_of(server)) | {"workers": workers})
    crew = Crew(gateway)
    before = crew.all()
    gateway.send_signal(signal.SIGHUP)
    gateway.wait_log(UNCHANGED)
    assert crew.all() == before
    assert TOOK_OVER not in gateway.log


@pytest.mark.parametrize("workers", [1, 2])
def test_a_renewed_certificate_is_shown_by_the_same_processes(
    start: Start, server: socket.socket, certified: Certified, workers: int
) -> None:
    gateway = start(fronted_by(certified, name_of(server)) | {"workers": workers})
    crew = Crew(gateway)
    before = crew.all()

    def serials(count: int) -> set[str]:
        found = set()
        for _ in range(count):
            with handshake(gateway, certified.client()) as client:
                certificate = client.getpeercert()
                assert certificate is not None
                found.add(str(certificate["serialNumber"]))
        return found

    with serving(server, echo):
        old = serials(4)
        certified.authority.issue("web.test", "127.0.0.1").write(
            certified.folder, "web"
        )
        gateway.send_signal(signal.SIGHUP)
        gateway.wait_log(UNCHANGED)
        until(lambda: not serials(8) & old, "the new certificate from everyone")
    assert crew.all() == before


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_of_networks_is_read_again_by_the_same_processes(
    start: Start, server: socket.socket, tmp_path: Path, workers: int
) -> None:
    refused = tmp_path / "refused.txt"
    refused.write_text("192.0.2.0/24\n")
    front = {"deny": [f"@{refused}"]}
    gateway = start(relay(name_of(server), front=front) | {"workers": workers})
    crew = Crew(gateway)
    before = crew.all()
    with serving(server, echo):
        for _ in range(4):
            with gateway.connect() as client:
                ask(client)
        refused.write_text("::1\n")
        gateway.send_signal(signal.SIGHUP)
        gateway.wait_log(UNCHANGED)
        until(
            lambda: len({*map(_refused, [gateway] * 8)} | {True}) == 1,
            "all to be refused",
        )
        turned_away(gateway)
    assert crew.all() == before


def _refused(gateway: Gateway) -> bool:
    try:
        with gateway.connect() as client:
            ask(client)
    except (OSError, AssertionError):
        return True
    return False
