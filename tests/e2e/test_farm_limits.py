"""Who gets sessions when not everyone may: drained servers, full ones, backups."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.e2e.conftest import Start
from tests.e2e.farming import OFF, PORT, SLACK, check, through
from tests.e2e.gateway import Gateway, relay, until
from tests.e2e.operating import ask, bridgectl, operated
from tests.e2e.peers import (
    accept,
    echo,
    ends_reset,
    listen,
    name_of,
    read_all,
    serving,
    turned_away,
)
from tests.netlab import Lab
from tests.netlab.fixtures import laboratory, missing


@pytest.fixture
def lab() -> Iterator[Lab]:
    """The bed with two servers."""
    with laboratory(servers=2) as made:
        yield made


# An operator drains a server


@pytest.fixture
def descriptors() -> Iterator[None]:
    """As many for this process as the host allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 10_000:
        missing("needs a limit of 10000 open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("descriptors")
def test_two_thousand_sessions_are_drained_and_none_is_lost(
    lab: Lab, start: Start
) -> None:
    one, two = (f"{address}:80" for address in lab.server.addresses[:2])
    farm = OFF | {"balance": "first"}
    gateway = start(operated(through(lab, farm, one, two)), host=lab.gateway)
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(lab.server.listen((address, 80)))
            for address in lab.server.addresses[:2]
        )

        def session(server: socket.socket) -> tuple[socket.socket, socket.socket]:
            client = lab.client.connect((lab.front_address, PORT))
            return stack.enter_context(client), stack.enter_context(accept(server))

        sessions = [session(first) for _ in range(2000)]
        (told,) = ask(gateway, "drain", server=one)["servers"]
        assert (told["state"], told["sessions"]) == ("draining", 2000)
        check_moved(*session(second))
        for client, server in sessions:
            check_moved(client, server)
        check_moved(*session(second))
        assert bridgectl(gateway, "drain", one, "--wait").endswith(" 0 sessions\n")
        ask(gateway, "ready", server=one)
        check_moved(*session(first))
    records = gateway.records(2003)
    assert {(r["ending"], r["bytes"]["lost"]) for r in records} == {("done", 0)}
    assert [r["server"] for r in records].count(one) == 2001


def check_moved(client: socket.socket, server: socket.socket) -> None:
    """Both directions carry bytes, and then the session ends in good order."""
    client.sendall(b"question")
    client.shutdown(socket.SHUT_WR)
    assert read_all(server) == b"question"
    server.sendall(b"answer")
    server.shutdown(socket.SHUT_WR)
    assert read_all(client) == b"answer"


# Limits, and who stands by


def test_those_who_wait_are_served_in_the_order_they_came(start: Start) -> None:
    with listen() as server:
        farm = OFF | {"connections": 1, "queue": {"length": 10, "timeout": "10s"}}
        gateway = start(relay(name_of(server), farm=farm))
        with ExitStack() as stack:
            clients = []
            for number in range(4):
                clients.append(stack.enter_context(gateway.connect()))
                clients[-1].sendall(b"%d" % number)
                taken = 2 + number + 1  # the listener, the first's server, the clients
                gateway.wait_sockets(taken)
            for number, client in enumerate(clients):
                with accept(server) as served:
                    assert served.recv(10) == b"%d" % number
                    client.close()
        waited = [record["seconds"]["queue"] for record in gateway.records(4)]
    assert min(waited[1:]) > waited[0]


def test_nobody_waits_for_longer_than_the_queue_allows(start: Start) -> None:
    with listen() as server:
        queue = {"length": 10, "timeout": "300ms"}
        gateway = start(
            relay(name_of(server), farm=OFF | {"connections": 1, "queue": queue})
        )
        with gateway.connect(), accept(server), gateway.connect() as waiting:
            assert ends_reset(waiting) == b""
            record = gateway.record()
    assert record["ending"] == "queue_timeout"
    assert 0.3 <= record["seconds"]["total"] <= 0.3 + SLACK


def test_a_backup_serves_only_while_no_other_can(start: Start) -> None:
    with listen() as spare:
        main = listen()
        usual, backup = name_of(main), name_of(spare)
        servers = [{"address": backup, "backup": True}, usual]
        farm = check(rise=1) | {"servers": servers, "eject": "off"}
        gateway = start(relay(farm=farm))
        with serving(spare, echo):
            with serving(main, echo):
                assert {serves(gateway) for _ in range(4)} == {usual}
            assert serves(gateway) == backup
            with listen(int(usual.rpartition(":")[2])) as again, serving(again, echo):
                until(lambda: serves(gateway) == usual, "the usual server to be back")


def serves(gateway: Gateway) -> str:
    """Which server gets the next session."""
    count = len(gateway.told())
    with gateway.connect() as client:
        client.sendall(b"x")
        assert client.recv(1) == b"x"
    server: str = gateway.records(count + 1)[-1]["server"]
    return server


def test_a_disabled_server_gets_nothing_and_without_another_there_is_none(
    start: Start,
) -> None:
    with listen() as server:
        disabled = {"address": name_of(server), "disabled": True}
        gateway = start(relay(farm=OFF | {"servers": [disabled]}))
        began = time.monotonic()
        turned_away(gateway)
        assert time.monotonic() - began < SLACK
        assert gateway.record()["ending"] == "no_server"
