"""When a peer that owes an answer is gone: what the kernel says, made up for it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.net import sockopt
from bridge.net.tcpinfo import Unanswered
from bridge.session import gone
from bridge.session.gone import Gone, hear_no_more
from tests.pumping import tcp_pair

LIMIT, PERIOD = 30.0, 3.75


class Met:
    """A stream, as far as it is looked at."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.fd = sock.fileno()
        self.marks = 0


class Looking:
    """Walks, PERIOD seconds apart, that meet one stream over TCP."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.socket, self.theirs = tcp_pair()
        self.stream: Any = Met(self.socket)
        self.gone = Gone()
        self.now = 1000.0
        self.waits: Unanswered | None = None
        monkeypatch.setattr(gone, "unanswered", lambda sock: self.waits)

    def walk(self, waits: Unanswered | None) -> bool:
        """Whether it is gone; the kernel says *waits* of it."""
        self.now += PERIOD
        self.waits = waits
        found = self.gone.look(self.stream, LIMIT, self.now)
        self.gone.walked()
        return found

    def found(self, attempts: int, zero: bool, walks: int = 100) -> float | None:
        """When it is found gone, if nothing is heard of it from the first walk on."""
        began = self.now + PERIOD
        for _ in range(walks):
            if self.walk(Unanswered(attempts, zero, self.now + PERIOD - began + 1)):
                return self.now - began
        return None

    @property
    def longest_wait(self) -> int:
        return self.socket.getsockopt(socket.IPPROTO_TCP, sockopt.TCP_RTO_MAX_MS)


@pytest.fixture
def looking(monkeypatch: pytest.MonkeyPatch) -> Iterator[Looking]:
    made = Looking(monkeypatch)
    yield made
    made.socket.close()
    made.theirs.close()


def test_what_is_retransmitted_in_vain_for_the_time_is_for_nobody(
    looking: Looking,
) -> None:
    assert looking.found(attempts=1, zero=False) == LIMIT


def test_what_was_silent_before_it_was_asked_is_not_gone_for_it(
    looking: Looking,
) -> None:
    assert not looking.walk(Unanswered(2, False, 3600))


def test_anything_heard_begins_the_time_anew(looking: Looking) -> None:
    assert looking.found(1, zero=False, walks=7) is None
    assert not looking.walk(Unanswered(1, False, 0.5))
    assert looking.found(1, zero=False) == LIMIT


def test_an_answer_between_two_looks_ends_what_was_remembered(looking: Looking) -> None:
    assert looking.found(1, zero=False, walks=7) is None
    assert not looking.walk(None)
    assert looking.found(1, zero=False) == LIMIT


@pytest.mark.parametrize("attempts", [0, 1, 2])
def test_a_zero_window_outlives_lost_probes(looking: Looking, attempts: int) -> None:
    assert looking.found(attempts, zero=True) is None


def test_several_probes_in_a_row_are_needed_and_the_time_too(looking: Looking) -> None:
    assert looking.found(gone.PROBES, zero=True) == LIMIT


def test_probes_are_hastened_while_the_window_is_zero(looking: Looking) -> None:
    try:
        assert looking.longest_wait == 120_000
    except OSError:
        pytest.skip("needs Linux 6.15, TCP_RTO_MAX_MS")
    looking.walk(Unanswered(0, True, 1))
    assert looking.longest_wait == 10_000
    looking.walk(Unanswered(0, True, 1))
    looking.walk(Unanswered(0, True, 1))
    assert looking.longest_wait == 10_000
    looking.walk(None)
    assert looking.longest_wait == 120_000


def test_of_multipath_tcp_one_subflow_says_nothing(
    looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gone, "is_tcp", lambda sock: False)
    assert looking.found(1, zero=False) is None


def test_what_a_peer_sent_before_it_was_gone_is_read_and_then_an_end() -> None:
    ours, theirs = tcp_pair()
    with ours, theirs:
        theirs.sendall(b"before")
        hear_no_more(Met(ours))  # type: ignore[arg-type]
        assert ours.recv(10) == b"before"
        assert ours.recv(10) == b""
