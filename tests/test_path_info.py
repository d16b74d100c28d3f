"""What the kernel says of a path, asked of connections that are known."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from bridge.net.path_info import UNKNOWN_WINDOW, path_sent, path_sizes

PATIENCE = 10.0


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # What it has advertised is known, and so what may be sent to it.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1240)
        client = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()
        with closing(client), closing(accepted):
            yield client, accepted


def test_sizes_are_as_both_ends_advertise_them(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    client, accepted = map(path_sizes, pair)
    assert client is not None and accepted is not None
    assert client.mss == accepted.advertised == 1240
    with open("/sys/class/net/lo/mtu") as file:
        assert client.pmtu in (int(file.read()), 65535)


def test_bytes_that_were_acknowledged_and_those_that_were_not(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    client, _ = pair
    client.sendall(bytes(5000))
    until = time.monotonic() + PATIENCE
    while (sent := path_sent(client)) is None or sent.acked < 5000:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert sent.mss == 1228  # less its timestamps
    assert sent.delivered >= 2  # the SYN, and as little as one of all
    assert (sent.unacked, sent.sacked, sent.backoff, sent.probes) == (0,) * 4
    assert 0 < sent.window != UNKNOWN_WINDOW
    assert 100 <= sent.rto <= 5000


def test_what_is_not_taken_is_not_sent(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    client, _ = pair
    client.setblocking(False)
    written = 0
    try:
        while True:
            written += client.send(bytes(1 << 16))
    except BlockingIOError:
        pass
    until = time.monotonic() + PATIENCE
    while (sent := path_sent(client)) is None or sent.unacked:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert sent.acked + sent.unsent == written + 1  # the SYN


def test_where_there_is_no_tcp_there_is_no_path() -> None:
    one, other = socket.socketpair()
    with one, other:
        assert path_sizes(one) is None
        assert path_sent(one) is None
    assert path_sent(one) is None


def test_before_a_connection_nothing_is_advertised() -> None:
    with socket.socket() as made:
        sizes = path_sizes(made)
        assert sizes is None or sizes.mss <= 536
