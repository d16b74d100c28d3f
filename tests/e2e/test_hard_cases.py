"""What relays get wrong: half-closes, resets, stalls, urgent data.  Each by name."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable

import pytest

from tests.e2e.conftest import Start
from tests.e2e.gateway import Gateway, Record, relay
from tests.e2e.peers import (
    BLOCK,
    Crowded,
    accept,
    background,
    blocks,
    checksum,
    echo,
    ends_reset,
    fill,
    name_of,
    read_all,
    reset,
    serving,
    settle,
)

MEGABYTE = 1_000_000
QUICK = {"timeouts": {"close": "1s"}}
"""The client's or server's last bytes may take this long after the other's reset."""

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def gateway(start: Start, server: socket.socket) -> Gateway:
    return start(relay(name_of(server), front=QUICK))


@pytest.fixture
def pair(gateway: Gateway, server: socket.socket) -> Pair:
    """A client and the server's end of its session."""
    client = gateway.connect()
    return client, accept(server)


def test_an_answer_of_50_mb_five_seconds_after_the_half_close_arrives_whole(
    gateway: Gateway, server: socket.socket
) -> None:
    size = 50 * MEGABYTE

    def answer(accepted: socket.socket) -> None:
        assert read_all(accepted) == b"request"
        threading.Event().wait(5)  # the case itself, not a wait for readiness
        for block in blocks(size):
            accepted.sendall(block)

    with serving(server, answer), gateway.connect() as client:
        client.sendall(b"request")
        client.shutdown(socket.SHUT_WR)
        digest = hashlib.sha256()
        while part := client.recv(1 << 20):
            digest.update(part)
    assert digest.hexdigest() == checksum(size)
    record = gateway.record()
    assert record["ending"] == "done"
    assert record["bytes"] == {"up": 7, "down": size, "lost": 0}


def stall(pair: Pair) -> tuple[int, int]:
    """Fill both directions until nothing moves: bytes sent by client and server."""
    return fill(pair[0]), fill(pair[1])


def check_stalled_reset(
    record: Record, received: int, sent: tuple[int, int], side: str
) -> None:
    """*received* is what the end got that was not reset."""
    assert record["ending"] == f"{side}_reset"
    counted = record["bytes"]
    up, down = counted["up"], counted["down"]
    assert 0 < up <= sent[0]
    assert 0 < down <= sent[1]
    # What the reset end had received and not read is nobody's loss to count.
    undelivered = (up if side == "front" else down) - received
    assert undelivered <= counted["lost"] <= up + down - received
    assert counted["lost"] > 0


def test_a_clients_reset_with_both_directions_stalled_reaches_the_server(
    gateway: Gateway, pair: Pair
) -> None:
    client, accepted = pair
    sent = stall(pair)
    reset(client)
    with accepted:
        record = gateway.record()  # before the server reads anything
        received = len(ends_reset(accepted))
    check_stalled_reset(record, received, sent, "front")
    gateway.wait_idle()
    assert "0 pipes kept" in gateway.state()


def test_a_servers_reset_with_both_directions_stalled_reaches_the_client(
    gateway: Gateway, pair: Pair
) -> None:
    client, accepted = pair
    sent = stall(pair)
    reset(accepted)
    with client:
        record = gateway.record()
        received = len(ends_reset(client))
    check_stalled_reset(record, received, sent, "back")
    gateway.wait_idle()
    assert "0 pipes kept" in gateway.state()


def test_what_a_client_sent_before_its_reset_is_delivered_first(
    gateway: Gateway, pair: Pair
) -> None:
    client, accepted = pair
    data = BLOCK + b"last"
    client.sendall(data)
    settle(client)
    reset(client)
    with accepted:
        assert ends_reset(accepted) == data
    record = gateway.record()
    assert record["ending"] == "front_reset"
    assert record["bytes"] == {"up": len(data), "down": 0, "lost": 0}


def test_what_a_server_sent_before_its_reset_is_delivered_first(
    gateway: Gateway, pair: Pair
) -> None:
    client, accepted = pair
    accepted.sendall(BLOCK)
    settle(accepted)
    reset(accepted)
    with client:
        assert ends_reset(client) == BLOCK
    record = gateway.record()
    assert record["ending"] == "back_reset"
    assert record["bytes"] == {"up": 0, "down": len(BLOCK), "lost": 0}


def test_a_reset_after_a_half_close_is_still_a_reset(
    gateway: Gateway, pair: Pair
) -> None:
    client, accepted = pair
    client.shutdown(socket.SHUT_WR)
    with accepted:
        assert read_all(accepted) == b""
        reset(client)
        # After the FIN nothing is read any more; sending shows it.
        with pytest.raises(OSError, match=r"reset|Broken"):
            while True:
                accepted.send(b"x" * 100)
    assert gateway.record()["ending"] == "front_reset"


def test_a_server_may_end_first_and_still_be_sent_to(
    gateway: Gateway, pair: Pair
) -> None:
    client, accepted = pair
    accepted.sendall(b"bye")
    accepted.shutdown(socket.SHUT_WR)
    with client, accepted:
        assert read_all(client) == b"bye"
        client.sendall(BLOCK)
        client.shutdown(socket.SHUT_WR)
        assert read_all(accepted) == BLOCK
    assert gateway.record()["ending"] == "done"


@pytest.mark.parametrize("size", [1, 255, 256, 257, 4096, 262_144, 262_145])
def test_a_fin_together_with_data_is_both_data_and_fin(
    gateway: Gateway, pair: Pair, size: int
) -> None:
    client, accepted = pair
    data = bytes(size)
    with client, accepted:
        with gateway.stopped():  # so that one event tells of both
            client.settimeout(None)
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
        assert read_all(accepted) == data
        accepted.sendall(b"ok")
        accepted.shutdown(socket.SHUT_WR)
        assert read_all(client) == b"ok"
    assert gateway.record()["ending"] == "done"


@pytest.mark.parametrize("size", [0, 1, 256, 50_000])
def test_data_and_fin_before_the_dial_is_through_arrive_after_it(
    start: Start, crowded: Crowded, size: int
) -> None:
    gateway = start(relay(crowded.name))
    with gateway.connect() as client:
        client.sendall(bytes(size))
        client.shutdown(socket.SHUT_WR)  # a half-close, not a going away
        settle(client)
        with crowded.accept() as accepted:
            assert read_all(accepted) == bytes(size)
            accepted.sendall(b"answer")
        assert read_all(client) == b"answer"
    assert gateway.record()["ending"] == "done"


def test_data_before_the_dial_is_through_waits_for_it(
    start: Start, crowded: Crowded
) -> None:
    gateway = start(relay(crowded.name))
    with gateway.connect() as client:
        client.sendall(b"early")
        settle(client)
        with crowded.accept() as accepted:
            assert accepted.recv(100) == b"early"
            client.sendall(b"late")
            assert accepted.recv(100) == b"late"


def test_a_server_that_speaks_first_is_heard(gateway: Gateway, pair: Pair) -> None:
    client, accepted = pair
    with client, accepted:
        accepted.sendall(b"220 ready\r\n")
        assert client.recv(100) == b"220 ready\r\n"
        client.sendall(b"QUIT\r\n")
        assert accepted.recv(100) == b"QUIT\r\n"


def test_a_server_that_speaks_and_leaves_during_the_dial_is_heard_whole(
    start: Start, crowded: Crowded
) -> None:
    gateway = start(relay(crowded.name))
    with gateway.connect_dialing() as client:
        with gateway.stopped(), crowded.accept() as accepted:
            accepted.sendall(b"busy, come back later")
        assert read_all(client) == b"busy, come back later"
    assert gateway.record()["ending"] == "done"


Urgently = Callable[[socket.socket], None]


def urgent_in_the_middle(sock: socket.socket) -> None:
    sock.sendall(BLOCK)
    sock.send(b"!", socket.MSG_OOB)
    sock.sendall(BLOCK)


def urgent_at_once(sock: socket.socket) -> None:
    sock.send(b"!", socket.MSG_OOB)
    sock.sendall(b"data")


def urgent_twice(sock: socket.socket) -> None:
    sock.send(b"one!", socket.MSG_OOB)
    sock.sendall(b"data")
    sock.send(b"two!", socket.MSG_OOB)


URGENT: dict[Urgently, bytes] = {
    urgent_in_the_middle: BLOCK + b"!" + BLOCK,
    urgent_at_once: b"!data",
    urgent_twice: b"one!datatwo!",
}


@pytest.mark.parametrize("send", URGENT)
@pytest.mark.parametrize("side", ["client", "server"])
def test_urgent_data_does_not_stall_the_stream(
    gateway: Gateway, pair: Pair, send: Urgently, side: str
) -> None:
    sender, reader = pair if side == "client" else pair[::-1]
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
    with sender, reader:
        with background(send, sender):
            expected = URGENT[send]
            received = b""
            while len(received) < len(expected):
                received += reader.recv(1 << 20)
        assert received == expected
        sender.sendall(b"more")
        assert reader.recv(100) == b"more"
        sender.shutdown(socket.SHUT_WR)
        assert read_all(reader) == b""
        reader.shutdown(socket.SHUT_WR)
        assert read_all(sender) == b""
    assert gateway.record()["ending"] == "done"


@pytest.mark.parametrize("send", URGENT)
def test_urgent_data_before_the_dial_is_through_does_not_stall_the_stream(
    start: Start, crowded: Crowded, send: Urgently
) -> None:
    gateway = start(relay(crowded.name))
    with gateway.connect_dialing() as client, background(send, client):
        if send is not urgent_in_the_middle:  # which is more than a window
            settle(client)
        with crowded.accept() as accepted:
            client.settimeout(None)
            received = b""
            while len(received) < len(URGENT[send]):
                received += accepted.recv(1 << 20)
    assert received == URGENT[send]


def test_one_client_after_another_leaves_nothing_behind(
    gateway: Gateway, server: socket.socket
) -> None:
    with serving(server, echo):
        for _ in range(200):
            with gateway.connect() as client:
                client.sendall(b"hello")
                assert client.recv(100) == b"hello"
        records = gateway.records(200)
    assert {record["ending"] for record in records} == {"done"}
    assert len({record["session"] for record in records}) == 200
    gateway.wait_idle()
