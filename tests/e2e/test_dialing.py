"""Between accept and connected: servers that refuse or are silent, clients that go."""

from __future__ import annotations

import select
import socket
import time

from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE, relay
from tests.e2e.peers import (
    Crowded,
    accept,
    ends_reset,
    free_port,
    listen,
    name_of,
    read_all,
    reset,
    turned_away,
)
from tests.netlab import Lab
from tests.netlab.fixtures import requires


def refusing() -> str:
    """A server's address at which nobody listens."""
    return f"127.0.0.1:{free_port()}"


def test_a_refused_dial_goes_to_the_next_server(
    start: Start, server: socket.socket
) -> None:
    gateway = start(relay(refusing(), name_of(server)))
    with gateway.connect() as client, accept(server) as accepted:
        accepted.sendall(b"here")
        assert client.recv(100) == b"here"
    record = gateway.record()
    assert record["server"] == name_of(server)
    assert record["retries"] == 1
    assert record["ending"] == "done"


def test_the_client_is_reset_when_every_server_refuses(start: Start) -> None:
    gateway = start(relay(refusing(), refusing(), farm={"retries": 3}))
    turned_away(gateway)
    record = gateway.record()
    assert record["ending"] == "dial_failed"
    assert record["retries"] == 3
    assert "refused" in record["reason"]
    gateway.wait_idle()


def test_connect_timeout_moves_on_to_the_next_server(
    start: Start, server: socket.socket, crowded: Crowded
) -> None:
    farm = {"connect_timeout": "300ms"}
    gateway = start(relay(crowded.name, name_of(server), farm=farm))
    with gateway.connect(), accept(server):
        pass
    record = gateway.record()
    assert record["server"] == name_of(server)
    assert record["seconds"]["dial"] >= 0.3


def test_a_farm_that_never_answers_is_a_failed_dial(
    start: Start, crowded: Crowded
) -> None:
    farm = {"connect_timeout": "200ms", "retries": 1}
    gateway = start(relay(crowded.name, farm=farm))
    turned_away(gateway)
    record = gateway.record()
    assert record["ending"] == "dial_failed"
    assert record["reason"] == "connect_timeout"


def test_the_open_deadline_is_absolute(start: Start, crowded: Crowded) -> None:
    gateway = start(
        relay(
            crowded.name,
            front={"timeouts": {"open": "700ms"}},
            farm={"connect_timeout": "300ms", "retries": 100},
        )
    )
    began = time.monotonic()
    with gateway.connect() as client:
        client.sendall(b"bytes extend nothing")
        assert ends_reset(client) == b""
    assert 0.6 < time.monotonic() - began < PATIENCE / 2
    record = gateway.record()
    assert record["ending"] == "dial_failed"
    assert "open" in record["reason"]


def test_a_client_that_resets_while_dialing_cancels_the_dial(
    start: Start, crowded: Crowded
) -> None:
    gateway = start(relay(crowded.name))
    client = gateway.connect_dialing()
    client.sendall(b"never mind")
    reset(client)
    record = gateway.record()
    assert record["ending"] == "front_reset"
    assert record["seconds"]["dial"] is None
    assert record["listen"] == f"[::1]:{gateway.port}"
    gateway.wait_idle()


def test_a_client_gone_while_syns_are_dropped_cancels_the_dial(
    lab: Lab, start: Start
) -> None:
    lab.server.run(
        [requires("nft"), "-f", "-"],
        input="table inet f { chain c { type filter hook input priority 0;"
        " tcp dport 80 drop; }; }",
    )
    gateway = start(
        relay(f"{lab.server.address}:80", listen=f"[{lab.front_address}]:80"),
        host=lab.gateway,
    )
    clients = [lab.client.connect((lab.front_address, 80)) for _ in range(20)]
    gateway.wait_sockets(1 + 2 * len(clients))
    for client in clients:
        reset(client)
    assert {r["ending"] for r in gateway.records(20)} == {"front_reset"}
    gateway.wait_idle()


def test_a_server_that_speaks_and_resets_during_the_dial_is_not_dialed_again(
    start: Start, crowded: Crowded
) -> None:
    gateway = start(relay(crowded.name))
    with gateway.connect_dialing() as client:
        with gateway.stopped():  # so that one event tells of all three
            accepted = crowded.accept()
            accepted.sendall(b"overloaded")
            reset(accepted)
        assert ends_reset(client) == b"overloaded"
    record = gateway.record()
    assert record["ending"] == "back_reset"
    assert record["retries"] == 0
    assert not select.select([crowded.listener], [], [], 0)[0], "it dialed again"


def test_a_client_that_resets_as_the_dial_succeeds_leaves_no_clean_end(
    start: Start, crowded: Crowded
) -> None:
    gateway = start(relay(crowded.name))
    client = gateway.connect_dialing()
    with gateway.stopped():
        client.sendall(b"half a request")
        reset(client)
        accepted = crowded.accept()
    with accepted:
        assert ends_reset(accepted) in (b"", b"half a request")
    assert gateway.record()["ending"] == "front_reset"


def test_servers_are_taken_in_turn(start: Start) -> None:
    with listen() as one, listen() as two:
        gateway = start(relay(name_of(one), name_of(two)))
        for server in (one, two, one, two):
            with gateway.connect() as client:
                accept(server).close()
                assert read_all(client) == b""
        servers = [record["server"] for record in gateway.records(4)]
        assert servers == [name_of(one), name_of(two)] * 2
