"""What readiness means to the directions of a socket, and the ways to end it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import ClassVar

import pytest

from bridge.net import sockopt
from bridge.net.connected import Connected
from bridge.net.pulse import Pulse
from bridge.net.pump import ERR, IN, OUT, PRI, RDHUP
from bridge.net.spent import Spent, waited
from tests.pumping import Turner, tcp_pair

HUP = 0x10
"""EPOLLHUP: nobody asks for it, and it comes all the same."""


class Fake:
    """A direction that only remembers, in *told* with others."""

    paced: bool = False
    exact: ClassVar[bool] = True
    waits = wrote = False

    def __init__(self, name: str, told: list[str], held: int = 0) -> None:
        self.name, self.told = name, told
        self.bytes, self.held = 0, held

    def move(self) -> None:
        self.told.append(f"{self.name} moves")

    run = move

    def flows(self) -> None:
        self.told.append(f"{self.name} flows")

    def fail(self) -> None:
        self.told.append(f"{self.name} fails")

    def crashed(self) -> None:
        self.told.append(f"{self.name} crashed")


class Joined:
    """A socket of two fakes, and its far end."""

    def __init__(self) -> None:
        self.turner = Turner()
        ours, self.far = tcp_pair()
        ours.setblocking(False)
        self.socket = ours
        self.it = Connected(self.turner.pump, ours, ours.getpeername())
        self.told: list[str] = []
        self.out, self.into = Fake("out", self.told), Fake("in", self.told)
        self.it.outward, self.it.inward = self.out, self.into


@pytest.fixture
def joined() -> Iterator[Joined]:
    made = Joined()
    yield made
    made.it.close()
    made.far.close()
    made.turner.pump.stop()


def test_bytes_are_the_outward_directions_and_room_the_inward_ones(
    joined: Joined,
) -> None:
    joined.it.ready(IN)
    joined.it.ready(OUT)
    assert joined.told == ["out moves"], "nothing is held"
    joined.into.held = 1
    joined.it.ready(IN | OUT)
    assert joined.told[1:] == ["out moves", "in moves"]


def test_while_the_sink_is_full_more_bytes_are_no_reason_to_try_again(
    joined: Joined,
) -> None:
    joined.out.held = 1
    joined.it.ready(IN | RDHUP)
    assert joined.told == []
    assert joined.it.ended


@pytest.mark.parametrize("events", [IN | OUT | RDHUP, IN | OUT | RDHUP | HUP])
def test_a_fin_is_known_before_it_is_read(joined: Joined, events: int) -> None:
    joined.it.ready(events)
    assert joined.it.ended
    assert not joined.it.urgent
    assert joined.told == ["out moves"]


def test_a_lone_urgent_byte_is_readable_and_kept_in_its_place(joined: Joined) -> None:
    joined.it.ready(PRI)
    assert joined.told == ["out moves"]
    assert joined.it.urgent
    assert joined.it.piecemeal
    assert joined.socket.getsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE)
    assert not joined.it.ended


def test_of_a_beat_its_first_event_is_looked_at_and_others_are_counted(
    joined: Joined,
) -> None:
    pulse = Pulse()
    joined.it.spent = spent = Spent(pulse, joined.it.fd)
    joined.it.ready(IN)
    joined.it.ready(IN | OUT)
    assert (spent.events, spent.beat) == (2, 0.0)
    pulse.before, pulse.beat = pulse.beat, 3.0
    joined.out.bytes = 7
    joined.it.ready(OUT)
    assert spent.beat == 0.0, "there is room, and nothing that needs any"
    joined.it.ready(IN)
    assert (spent.events, spent.beat) == (1, 3.0)
    assert waited(spent.times(3.0, joined.out, joined.into))["front_silent"] == 3.0


def test_a_sink_with_room_is_looked_at_while_it_is_full(joined: Joined) -> None:
    pulse = Pulse()
    joined.it.spent = spent = Spent(pulse, joined.it.fd)
    joined.into.held = 1
    pulse.before, pulse.beat = pulse.beat, 3.0
    joined.it.ready(OUT)
    joined.into.held = 0
    assert waited(spent.times(3.0, joined.out, joined.into))["front_full"] == 3.0


def test_an_error_is_told_and_what_came_before_it_is_read(joined: Joined) -> None:
    joined.it.ready(IN | ERR | RDHUP | HUP)
    assert joined.it.ended
    assert joined.told == ["out fails", "out moves"]


def test_a_session_that_ends_within_a_report_hears_no_more_of_it(
    joined: Joined,
) -> None:
    joined.into.held = 1
    joined.out.move = joined.it.close  # type: ignore[method-assign]
    joined.it.ready(IN | OUT)
    assert joined.told == []
    assert joined.it.fd == -1


def test_a_bug_is_told_to_who_reads(joined: Joined) -> None:
    joined.it.crashed()
    assert joined.told == ["out crashed"]
    joined.it.outward = None
    joined.it.crashed()


def test_a_unix_socket_is_read_piece_by_piece(turner: Turner) -> None:
    ours, theirs = socket.socketpair()
    it = Connected(turner.pump, ours, ours.getpeername())
    assert it.piecemeal
    it.hurry()  # there is no Nagle to it
    it.close()
    theirs.close()


def test_end_is_a_fin_and_the_other_direction_stays(joined: Joined) -> None:
    joined.it.end()
    assert joined.far.recv(1) == b""
    joined.far.sendall(b"still")
    joined.socket.setblocking(True)
    assert joined.socket.recv(9) == b"still"


def test_close_delivers_and_abort_resets(joined: Joined) -> None:
    joined.socket.send(b"rest")
    joined.it.close()
    assert joined.far.recv(9) == b"rest"
    assert joined.far.recv(9) == b""
    other = Joined()
    other.it.abort()
    other.it.abort()
    with pytest.raises(ConnectionResetError):
        other.far.recv(1)
    other.far.close()
    other.turner.pump.stop()


def test_what_waits_for_a_fin_goes_when_told_to_hurry(joined: Joined) -> None:
    joined.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
    joined.socket.send(b"held back", socket.MSG_MORE)
    joined.far.setblocking(False)
    with pytest.raises(BlockingIOError):
        joined.far.recv(9)
    joined.it.hurry()
    joined.far.settimeout(0.15)  # the kernel itself takes 200 ms
    assert joined.far.recv(9) == b"held back"


def test_what_went_with_bytes_is_not_acknowledged_alone(
    joined: Joined, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone: list[object] = []
    monkeypatch.setattr(sockopt, "release_ack", alone.append)
    joined.into.bytes = joined.into.held = 5  # all of it is still here
    joined.it.acknowledge()
    assert alone == [joined.socket]
    joined.into.held = 3
    joined.it.acknowledge()
    joined.it.close()
    joined.it.inward = None
    joined.it.acknowledge()
    assert alone == [joined.socket]


def test_nor_is_what_went_with_bytes_that_are_not_counted(
    joined: Joined, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone: list[object] = []
    monkeypatch.setattr(sockopt, "release_ack", alone.append)
    joined.into.wrote = True
    joined.it.acknowledge()
    assert alone == []
    joined.into.wrote = False
    joined.it.acknowledge()
    assert alone == [joined.socket]
