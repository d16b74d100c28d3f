"""What the kernel says of a connection, checked against what was done to it."""

import errno
import os
import socket
from typing import Any

import pytest

from bridge.net.tcpinfo import NOTHING, SIZE, tcp_info, unacknowledged, why_broken
from tests.pumping import tcp_pair, tcp_pairs
from tests.sessions import reset


def test_counts_agree_with_what_was_sent() -> None:
    dialed, accepted = tcp_pair()
    with dialed, accepted:
        dialed.sendall(b"x" * 1000)
        accepted.recv(1000, socket.MSG_WAITALL)
        accepted.sendall(b"y" * 10)
        dialed.recv(10, socket.MSG_WAITALL)
        dialing, accepting = tcp_info(dialed), tcp_info(accepted)
    assert dialing.bytes_acked == 1001, "the SYN counts on the dialing end"
    assert accepting.bytes_acked == 10, "and not on the other"
    assert dialing.segs_out >= 3
    assert dialing.total_retrans == 0
    assert 0 < dialing.min_rtt <= dialing.rtt * 2
    assert dialing.advmss == accepting.advmss == 65483, "loopback's MTU less 40 and 12"
    assert dialing.pmtu == 65535 or dialing.pmtu == 65536


def test_a_set_mss_shows() -> None:
    with socket.socket(socket.AF_INET6) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1220)
        listener.bind(("::1", 0))
        listener.listen()
        client = socket.create_connection(listener.getsockname()[:2])
        accepted, _ = listener.accept()
        with client, accepted:
            assert tcp_info(client).snd_mss == 1208, "1220 less twelve of timestamps"


def test_a_reset_connection_still_answers() -> None:
    dialed, accepted = tcp_pair()
    with dialed:
        accepted.sendall(b"x" * 5)
        assert dialed.recv(5) == b"xxxxx"
        dialed.sendall(b"y" * 7)
        accepted.recv(7)
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        accepted.close()
        assert tcp_info(dialed).bytes_acked == 8


def test_a_unix_socket_has_nothing_to_say() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert tcp_info(ours) == NOTHING


def test_an_older_kernels_shorter_answer_is_filled_up() -> None:
    class Old:
        def getsockopt(self, *_: int) -> bytes:
            return b"\1" * 104

    old: Any = Old()
    info = tcp_info(old)
    assert info.total_retrans == 0x01010101
    assert info.busy_time == 0


def test_before_the_first_sample_min_rtt_is_zero() -> None:
    class Fresh:
        def getsockopt(self, *_: int) -> bytes:
            return b"\xff" * SIZE

    fresh: Any = Fresh()
    assert tcp_info(fresh).min_rtt == 0


def test_what_the_far_end_has_not_acknowledged_is_counted() -> None:
    dialed, accepted = tcp_pair()
    with dialed, accepted:
        assert unacknowledged(dialed) == 0
        dialed.setblocking(False)
        sent = 0
        try:
            while True:
                sent += dialed.send(b"x" * 65536)
        except BlockingIOError:
            pass
        assert 0 < unacknowledged(dialed) <= sent


def test_what_broke_a_connection_is_asked_of_its_socket() -> None:
    with tcp_pairs(1) as ((near, far),):
        assert why_broken(near) == "", "nothing did"
        reset(far)
        near.settimeout(1)
        assert why_broken(near) == "Connection reset by peer"
        assert why_broken(near) == "", "the kernel tells it once"


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (errno.ECONNRESET, "Connection reset by peer"),
        (errno.EPIPE, "Connection reset by peer"),
        (errno.ETIMEDOUT, "Connection timed out"),
        (errno.EHOSTUNREACH, "No route to host"),
    ],
)
def test_who_met_it_first_has_it(number: int, why: str) -> None:
    with tcp_pairs(1) as ((near, _),):
        assert why_broken(near, OSError(number, os.strerror(number))) == why


def test_a_reason_of_tls_is_kept_in_its_own_words() -> None:
    with tcp_pairs(1) as ((near, _),):
        cut = ConnectionResetError(errno.ECONNRESET, "cut off")
        assert why_broken(near, cut) == "cut off"
