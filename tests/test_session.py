"""Sessions on real sockets: what each end sees, and what is left afterwards."""

from __future__ import annotations

import errno
import fcntl
import gc
import os
import random
import socket
import sys
import termios
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network

import pytest

from bridge.net.address import Address, Networks
from bridge.net.door import Door
from bridge.session.flow import Event, State
from bridge.session.session import Session
from bridge.wire.proxy_value import ProxyHeader
from tests.logged import logged
from tests.pumping import PATIENCE
from tests.sessions import CONNECT, TIMEOUTS, Running, closed_address, reset, server


@pytest.fixture
def one() -> Iterator[tuple[Running, socket.socket]]:
    """A gateway with one server."""
    with server() as listening:
        running = Running(listening.getsockname())
        yield running, listening
        running.close()


One = tuple[Running, socket.socket]


def read_all(running: Running, sock: socket.socket) -> bytes:
    """Everything up to the FIN, while the pump turns; ConnectionError for a RST."""
    sock.setblocking(False)
    got: list[bytes] = []

    def ended() -> bool:
        try:
            got.append(sock.recv(1 << 20))
        except BlockingIOError:
            return False
        return not got[-1]

    running.turner.until(ended)
    return b"".join(got)


def test_request_and_answer_pass_and_both_fins(one: One) -> None:
    running, listening = one
    client = running.connect()
    client.sendall(b"question")
    accepted = running.accept(listening)
    client.shutdown(socket.SHUT_WR)
    assert read_all(running, accepted) == b"question"
    accepted.sendall(b"answer")
    accepted.close()
    assert read_all(running, client) == b"answer"
    record = running.record()
    assert (record.ending, record.up, record.down, record.lost) == ("done", 8, 6, 0)
    assert record.letters == "--"


def test_a_late_answer_after_half_close_arrives_whole(one: One) -> None:
    running, listening = one
    data = random.Random(1).randbytes(5_000_000)
    client = running.connect()
    client.shutdown(socket.SHUT_WR)
    accepted = running.accept(listening)
    assert read_all(running, accepted) == b""
    running.advance(TIMEOUTS.half_closed - 1)
    accepted.settimeout(PATIENCE)
    with ThreadPoolExecutor(1) as pool:  # a server that blocks, as servers do
        pool.submit(accepted.sendall, data).add_done_callback(
            lambda _: accepted.shutdown(socket.SHUT_WR)
        )
        got = read_all(running, client)
    assert got == data


def test_data_and_fin_before_the_dial_is_through_are_both_seen(one: One) -> None:
    running, listening = one
    client = running.connect()
    client.sendall(b"all there is")
    client.shutdown(socket.SHUT_WR)
    accepted = running.accept(listening)
    assert read_all(running, accepted) == b"all there is"


def test_the_clients_reset_reaches_the_server_after_its_bytes(one: One) -> None:
    running, listening = one
    client = running.connect()
    accepted = running.accept(listening)
    client.sendall(b"cut off")
    reset(client)
    assert running.record().ending == "front_reset"
    assert accepted.recv(100) == b"cut off"
    with pytest.raises(ConnectionResetError):
        accepted.recv(100)
    assert running.record().letters == "CD"
    assert running.record().reason == "Connection reset by peer"


def test_what_came_before_a_reset_does_not_wait_for_a_fin(one: One) -> None:
    """Bytes with an end behind them are corked, and a reset is no end."""
    running, listening = one
    client = running.connect()
    accepted = running.accept(listening)
    accepted.setblocking(False)
    session = running.session()
    client.sendall(b"cut off")
    reset(client)
    running.turner.until(lambda: session.state is not State.OPEN)
    assert accepted.recv(100) == b"cut off"


def test_the_servers_reset_reaches_the_client(one: One) -> None:
    running, listening = one
    client = running.connect()
    accepted = running.accept(listening)
    accepted.sendall(b"half an ans")
    reset(accepted)
    assert running.record().ending == "back_reset"
    assert client.recv(100) == b"half an ans"
    with pytest.raises(ConnectionResetError):
        client.recv(100)
    assert running.record().reason == "Connection reset by peer"


def test_a_reset_behind_a_fin_is_a_reset(one: One) -> None:
    """The kernel says EPIPE then."""
    running, listening = one
    client = running.connect()
    accepted = running.accept(listening)
    client.shutdown(socket.SHUT_WR)
    assert read_all(running, accepted) == b""
    reset(client)
    session = running.session()
    running.turner.until(lambda: session.ending is not None)
    running.advance(TIMEOUTS.close)  # its FIN may be acknowledged late
    assert running.record().ending == "front_reset"
    assert running.record().reason == "Connection reset by peer"


def test_a_peer_that_answers_nothing_timed_out_and_reset_nobody(one: One) -> None:
    running, listening = one
    client = running.connect()
    running.accept(listening)
    back = running.session().back
    assert back is not None
    back.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 100)
    stall(running, client)  # it does not read, which this option takes for silence
    record = running.record()
    assert (record.ending, record.reason) == ("back_reset", "Connection timed out")


def stall(running: Running, sender: socket.socket) -> int:
    """Send until nothing moves any more; how much."""
    sender.setblocking(False)
    sent = 0
    for _ in range(200):
        try:
            sent += sender.send(b"x" * 1_000_000)
        except BlockingIOError:
            before = sent
            running.turner.settle()
            try:
                sent += sender.send(b"x" * 1_000_000)
            except BlockingIOError:
                if before == sent:
                    break
    return sent


@pytest.mark.parametrize("from_front", [True, False])
def test_a_reset_with_both_directions_stalled_ends_in_time(
    one: One, from_front: bool
) -> None:
    running, listening = one
    client = running.connect()
    accepted = running.accept(listening)
    session = running.session()
    stall(running, client)
    stall(running, accepted)
    assert session.up is not None and session.down is not None
    assert session.up.held and session.down.held
    assert running.pipes.kept == 2
    reset(client if from_front else accepted)
    running.turner.until(
        lambda: session.state in (State.FLUSHING_BACK, State.FLUSHING_FRONT)
    )
    assert running.records == [], "the other end may still read what was sent"
    # Anew if a kernel takes a little more at a window probe: that is progress.
    running.advance(2 * TIMEOUTS.close + 1)
    record = running.record()
    assert record.ending == ("front_reset" if from_front else "back_reset")
    assert record.lost > 0
    assert running.pipes.kept == 0
    assert len(running.turner.pump) == 1, "the port alone"
    with pytest.raises(ConnectionResetError):
        read_all(running, accepted if from_front else client)


def test_lost_counts_what_was_received_and_not_delivered(one: One) -> None:
    running, listening = one
    client = running.connect()
    accepted = running.accept(listening)
    session = running.session()
    stall(running, accepted)
    assert session.down is not None
    received = session.down.bytes
    delivered = 4096
    client.recv(delivered, socket.MSG_WAITALL)
    reset(client)
    record = running.record()
    assert record.down >= received
    # What the client's kernel had acknowledged before the reset was delivered to it.
    assert 0 < record.lost <= record.down - delivered


def test_a_refused_dial_goes_to_the_next_server() -> None:
    with server() as listening:
        running = Running(closed_address(), listening.getsockname())
        running.connect().sendall(b"hello")
        accepted = running.accept(listening)
        running.turner.settle()
        assert accepted.recv(5) == b"hello"
        assert [server.active for server in running.farm.servers] == [0, 1]
        running.close()


@pytest.mark.parametrize("retries", [0, 2])
def test_when_all_refuse_the_client_is_reset(retries: int) -> None:
    running = Running(closed_address(), retries=retries)
    client = running.connect()
    record = running.record()
    assert (record.ending, record.letters) == ("dial_failed", "SC")
    assert record.retries == retries
    assert record.reason == "Connection refused"
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert running.farm.servers[0].active == running.farm.active == 0
    running.close()


def unanswered() -> tuple[socket.socket, tuple[str, int]]:
    """A server whose queue is full: SYNs to it are dropped."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(0)
    fillers = [socket.socket() for _ in range(4)]
    for filler in fillers:
        filler.setblocking(False)
        assert filler.connect_ex(listening.getsockname()) in (0, errno.EINPROGRESS)
    return listening, listening.getsockname()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_client_that_leaves_while_dialing_cancels_the_dial() -> None:
    silent, where = unanswered()
    with silent:
        running = Running(where)
        client = running.connect()
        running.session()
        reset(client)
        record = running.record()
        assert record.ending == "front_reset"
        assert record.letters == "CC"
        assert record.reason == "Connection reset by peer"
        assert len(running.turner.pump) == 1
        running.close()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_connect_timeout_moves_on_to_the_next_server() -> None:
    silent, where = unanswered()
    with server() as listening, silent:
        running = Running(where, listening.getsockname())
        running.connect()
        running.session()
        running.advance(CONNECT + 0.1)
        running.accept(listening)
        assert running.place().attempts == 2
        running.close()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_nothing_is_read_before_the_server_answers() -> None:
    silent, where = unanswered()
    with silent:
        running = Running(where)
        client = running.connect()
        client.sendall(b"early")
        session = running.session()
        running.turner.settle()
        waiting = fcntl.ioctl(session.front.socket, termios.FIONREAD, b"\0" * 4)
        assert int.from_bytes(waiting, sys.byteorder) == 5
        running.close()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_open_deadline_is_not_prolonged_by_retries() -> None:
    silent, where = unanswered()
    with silent:
        running = Running(where, retries=100)
        running.connect()
        running.session()
        running.advance(TIMEOUTS.open + 0.1)
        record = running.record()
        assert record.ending == "dial_failed"
        assert record.reason == "open deadline"
        assert record.retries == 3, "after 3, 6 and 9 of 10 seconds"
        running.close()


def test_the_denied_are_reset_and_no_server_hears_of_them(one: One) -> None:
    _, listening = one
    deny = Networks([ip_network("127.0.0.0/8")])
    running = Running(listening.getsockname(), door=Door(Networks(), deny))
    client = running.connect()
    assert running.record().ending == "denied"
    assert running.record().letters == "PR"
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert running.farm.servers[0].active == 0
    running.close()


def test_one_too_many_is_limited(one: One) -> None:
    _, listening = one
    running = Running(listening.getsockname(), connections=1)
    running.connect()
    running.accept(listening)
    running.connect()
    assert running.record().ending == "limited"
    running.close()


def test_a_bug_aborts_both_sides_and_is_an_error(one: One) -> None:
    running, listening = one
    client = running.connect()
    accepted = running.accept(listening)
    session = running.session()
    assert session.up is not None
    running.turner.pump.pipes = None  # type: ignore[assignment]
    client.sendall(b"boom")
    with logged() as log:
        assert running.record().ending == "error"
    assert log.tracebacks == 1
    for end in (client, accepted):
        with pytest.raises(ConnectionResetError):
            end.recv(1)


def test_killed_is_killed(one: One) -> None:
    running, listening = one
    running.connect()
    running.accept(listening)
    running.session().handle(Event.KILLED)
    assert (running.record().ending, running.record().letters) == ("killed", "KD")


def test_nothing_is_left_of_a_session(one: One) -> None:
    """Neither a descriptor nor an object: the cycle collector finds nothing to do."""
    running, listening = one
    gc.collect()
    descriptors = len(os.listdir("/proc/self/fd"))
    gc.disable()
    try:
        for leave in (socket.socket.close, reset) * 3:
            client = running.connect()
            accepted = running.accept(listening)
            client.sendall(b"x")
            leave(client)
            running.turner.settle()
            leave(accepted)
            running.turner.until(lambda: not running.live.sessions)
        sessions = [thing for thing in gc.get_objects() if isinstance(thing, Session)]
        left = [session for session in sessions if session.terms is running.terms]
    finally:
        gc.enable()
    assert left == []
    assert len(os.listdir("/proc/self/fd")) == descriptors
    running.advance(TIMEOUTS.open)  # the deadlines' own timers find nothing to do
    assert running.turner.reactor.getDelayedCalls() == []
    assert len(running.turner.pump) == 1
    assert running.terms.house.room.taken == 0
    assert running.farm.active == 0


def test_a_client_may_be_somebody_else_than_the_kernel_says(one: One) -> None:
    running, _ = one
    client = running.connect()
    session = running.session()
    assert session.client == client.getsockname()
    here = Address("2001:db8::80", 443)
    session.identity = ProxyHeader(Address("2001:db8::2", 41234), here)
    session.handle(Event.KILLED)
    assert running.record().client == ("2001:db8::2", 41234)


def test_counters_add_up(one: One) -> None:
    running, listening = one
    for _ in range(3):
        client = running.connect()
        client.sendall(b"12345")
        client.shutdown(socket.SHUT_WR)
        accepted = running.accept(listening)
        assert read_all(running, accepted) == b"12345"
        accepted.sendall(b"123")
        accepted.close()
        running.turner.until(lambda: not running.live.sessions)
    counters = running.live.counters
    assert (counters.accepted, counters.up, counters.down) == (3, 15, 9)
    assert counters.endings == {"done": 3}


def test_a_direction_of_an_ended_session_moves_nothing_more(one: One) -> None:
    """
    It may have asked the pump to be run again; by then its descriptors' numbers may
    be those of somebody else's session.
    """
    running, listening = one
    running.connect()
    running.accept(listening)
    session = running.session()
    up, down = session.up, session.down
    assert up is not None and down is not None
    session.handle(Event.KILLED)
    assert up.over and down.over
    other = running.connect()
    other.sendall(b"not yours")
    accepted = running.accept(listening)
    up.run()
    down.run()
    running.turner.settle()
    assert accepted.recv(100) == b"not yours"
