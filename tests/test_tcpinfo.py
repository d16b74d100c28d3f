"""What the kernel says of a connection, checked against what was done to it."""

import errno
import os
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from bridge.net.tcpinfo import (
    NOTHING,
    SIZE,
    is_tcp,
    tcp_info,
    unacknowledged,
    unanswered,
    why_broken,
)
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


def until(told: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not told():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_nothing_is_waited_for_while_all_is_answered() -> None:
    dialed, accepted = tcp_pair()
    with dialed, accepted:
        dialed.sendall(b"x")
        until(lambda: not unacknowledged(dialed))
        assert unanswered(dialed) is None
        assert is_tcp(dialed)


def test_a_zero_window_is_one_and_its_answered_probes_do_not_count() -> None:
    dialed, accepted = tcp_pair()
    with dialed, accepted:
        dialed.settimeout(0.2)
        with pytest.raises(TimeoutError):
            dialed.sendall(b"x" * (64 << 20))
        until(lambda: unanswered(dialed) is not None)
        waits = unanswered(dialed)
        assert waits is not None
        assert waits.window_is_zero
        assert waits.attempts <= 1, "one may be under way"
        assert waits.silent < 5


def test_a_unix_socket_waits_for_nothing_either() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"x")
        assert unanswered(ours) is None


def test_a_kernel_that_does_not_tell_the_window_has_none_that_is_zero() -> None:
    class Old:
        def getsockopt(self, *_: int) -> bytes:
            return b"\1" * 44 + b"\0" * 60

    old: Any = Old()
    waits = unanswered(old)
    assert waits is not None
    assert not waits.window_is_zero


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
