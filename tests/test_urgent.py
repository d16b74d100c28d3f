"""
Urgent data: whatever is urgent and whenever it comes, the stream goes on, whole.

The sockets are the kernel's own; what a session does about them is real as well.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from bridge.net.stream import Stream
from bridge.net.tcpinfo import unacknowledged
from bridge.session.greeting import Greeting
from bridge.wire.client_hello import ClientHello
from tests.between import Between
from tests.hellos import of_python
from tests.pumping import Turner, tcp_pairs
from tests.secured import Far, accepting
from tests.sessions import Running, reset, server


@dataclass(frozen=True)
class Script:
    """What one end sends: pieces, each urgent or not, and a turn behind it or not."""

    seed: int
    pieces: tuple[tuple[bytes, bool, bool], ...]
    resets: bool

    @property
    def data(self) -> bytes:
        return b"".join(piece for piece, _, _ in self.pieces)


def made_up(seed: int) -> Script:
    """Few, short and dense in marks; one in three comes in a single batch."""
    dice = random.Random(seed)
    at_once = dice.random() < 1 / 3
    pieces = []
    for _ in range(dice.randint(1, 9)):
        urgent = dice.random() < 0.5
        size = dice.choice((1, 1, 1, 2, 300) if urgent else (1, 3, 20, 1500, 70_000))
        turns = not at_once and dice.random() < 0.5
        pieces.append((dice.randbytes(size), urgent, turns))
    return Script(seed, tuple(pieces), dice.random() < 0.3)


def send(sock: socket.socket, script: Script, turn: Callable[[], None]) -> None:
    """All of it, and the end."""
    sock.setblocking(False)
    for piece, urgent, turns in script.pieces:
        while piece:
            try:
                piece = piece[sock.send(piece, socket.MSG_OOB if urgent else 0) :]
            except BlockingIOError:
                turn()
        if turns:
            turn()
    if script.resets:
        while unacknowledged(sock):  # a RST forgets what has not left yet
            turn()
        reset(sock)
    else:
        sock.shutdown(socket.SHUT_WR)


def all_of(reader: socket.socket, turner: Turner) -> tuple[bytes, str]:
    """What it gets, and how it ends."""
    reader.setblocking(False)
    got = bytearray()
    end = ""

    def ended() -> str:
        nonlocal end
        try:
            while data := reader.recv(1 << 16):
                got.extend(data)
            end = "fin"
        except BlockingIOError:
            pass
        except ConnectionResetError:
            end = "reset"
        turner.reactor.advance(0.03)  # a flush looks every 20 ms
        return end

    turner.until(ended)
    return bytes(got), end


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with server() as made:
        yield made


@pytest.fixture
def running(listening: socket.socket) -> Iterator[Running]:
    made = Running(listening.getsockname())
    yield made
    made.close()


def relayed(
    running: Running, listening: socket.socket, script: Script, up: bool
) -> str:
    """Play *script* on one session; what is wrong with what came of it."""
    turner = running.turner
    running.records.clear()
    client = running.connect()
    early = up and script.seed % 2 == 0 and not script.resets
    if early:  # while the gateway dials, or before
        send(client, script, turner.turn)
    accepted = running.accept(listening)
    writer, reader = (client, accepted) if up else (accepted, client)
    if not early:
        send(writer, script, turner.turn)
    data, end = all_of(reader, turner)
    if end == "fin":
        reader.close()
    record = running.record()
    wrong = []
    if data != script.data:
        wrong.append(f"{len(data)} of {len(script.data)} bytes")
    if end != ("reset" if script.resets else "fin"):
        wrong.append(end)
    told = (record.ending, record.lost)
    side = "front" if up else "back"
    if told != ((f"{side}_reset" if script.resets else "done"), 0):
        wrong.append(str(told))
    return ", ".join(wrong)


@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
def test_whatever_is_urgent_arrives_in_its_place(
    running: Running, listening: socket.socket, up: bool
) -> None:
    wrong = {}
    for seed in range(150):
        script = made_up(seed)
        if found := relayed(running, listening, script, up):
            wrong[seed] = found
    assert wrong == {}


def test_a_fin_queued_behind_the_mark_is_not_the_end(
    running: Running, listening: socket.socket
) -> None:
    """splice(2) says 0 there, and not "would block"."""
    pieces = ((b"ABC", False, False), (b"!", True, False), (b"x" * 20, False, False))
    for up in (True, False):
        assert relayed(running, listening, Script(1, pieces, resets=False), up) == ""


def test_a_reset_queued_behind_the_mark_does_not_swallow_what_was_sent_before_it(
    running: Running, listening: socket.socket
) -> None:
    """splice(2) says ECONNRESET there, takes note, and says 0 from then on."""
    pieces = ((b"ABC", False, False), (b"!", True, False), (b"x" * 20, False, False))
    for up in (True, False):
        assert relayed(running, listening, Script(1, pieces, resets=True), up) == ""


def test_a_lone_urgent_byte_goes_on_at_once(
    running: Running, listening: socket.socket
) -> None:
    client = running.connect()
    accepted = running.accept(listening)
    for writer, reader in ((client, accepted), (accepted, client)):
        reader.setblocking(False)
        for byte in (b"!", b"?"):
            writer.send(byte, socket.MSG_OOB)
            running.turner.settle()
            assert reader.recv(100) == byte


def test_two_marks_that_come_before_we_look_cost_no_byte(
    running: Running, listening: socket.socket
) -> None:
    """Linux takes the first byte out of the stream, unless it was told before."""
    client = running.connect()
    client.send(b"a", socket.MSG_OOB)
    client.send(b"b", socket.MSG_OOB)
    accepted = running.accept(listening)
    running.turner.settle()
    assert accepted.recv(100) == b"ab"
    accepted.send(b"c", socket.MSG_OOB)
    accepted.send(b"d", socket.MSG_OOB)
    running.turner.settle()
    assert client.recv(100) == b"cd"


def test_a_stream_with_a_mark_behind_it_costs_no_more_than_any_other(
    running: Running, listening: socket.socket
) -> None:
    client = running.connect()
    running.accept(listening)
    client.send(b"!", socket.MSG_OOB)
    running.turner.settle()
    up = running.session().up
    assert up is not None
    assert not up.source.urgent
    assert not up.source.piecemeal


@pytest.mark.parametrize("seed", range(30))
def test_a_relay_that_encrypts_passes_on_what_is_urgent(seed: int) -> None:
    script = made_up(seed)
    between = Between("plain to TLS")
    between.source.socket.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)

    def turn() -> None:
        between.turner.turn()
        between.reader.turn()

    send(between.writer.raw, script, turn)

    def over() -> bool:
        between.reader.turn()
        return bool(between.owner.told) and between.reader.received == script.data

    between.turner.until(over)
    assert set(between.owner.told) == {"source" if script.resets else "finished"}
    between.close()


def urging(far: Far, seed: int) -> None:
    """Send what waits with marks all over it."""
    dice = random.Random(seed)
    while far.unsent:
        if dice.random() < 0.5:
            far.urge()
        else:
            far.at_once = dice.choice((1, 50, 1 << 16))
            far.speak()
    far.at_once = 1 << 30


@pytest.mark.parametrize("seed", range(10))
def test_marks_in_a_handshake_and_in_records_do_not_matter(
    listening: socket.socket, seed: int
) -> None:
    running = Running(listening.getsockname(), front=accepting())
    client = Far(running.connect())
    client.at_once = 0

    def turned() -> bool:
        client.turn()
        urging(client, seed)
        client.at_once = 0
        return client.shaken

    running.turner.until(turned)
    client.send(b"question")
    urging(client, seed)
    client.notify()
    urging(client, seed)
    accepted = running.accept(listening)
    assert all_of(accepted, running.turner) == (b"question", "fin")
    running.close()


HELLO = of_python("www.example.org", "h2")


class Expecting:
    """Who waits for a hello on *stream*."""

    def __init__(self, stream: Stream) -> None:
        self.told: list[str | None] = []
        stream.paused = True
        Greeting(stream, self).begin()

    def greeted(self, stream: Stream, hello: ClientHello) -> None:
        self.told.append(hello.server_name)

    def broken(self, stream: Stream, error: OSError) -> None:
        raise AssertionError("nobody resets anything here")

    def ungreeted(self, stream: Stream, error: ValueError) -> None:
        self.told.append(str(error))


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("at_once", [False, True])
def test_a_hello_with_marks_in_it_is_read_and_stays(at_once: bool, ends: bool) -> None:
    """A peek stops at the mark, and the next one begins where the first did."""
    turner = Turner()
    with tcp_pairs(1) as ((client, ours),):
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        expecting = Expecting(turner.stream(ours))
        for begin in range(0, len(HELLO), 100):
            client.sendall(HELLO[begin : begin + 99])
            client.send(HELLO[begin + 99 : begin + 100], socket.MSG_OOB)
            if not at_once:
                turner.settle()
        if ends:
            client.shutdown(socket.SHUT_WR)
        turner.until(lambda: expecting.told)
        assert expecting.told == ["www.example.org"]
        left = b""
        while len(left) < len(HELLO):
            left += ours.recv(1 << 16)
        assert left == HELLO
    turner.pump.stop()


def test_a_kernel_that_cannot_peek_past_a_mark_has_seen_no_hello(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(sock: socket.SocketType, offset: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("bridge.session.greeting.sockopt.peek_from", refused)
    turner = Turner()
    with tcp_pairs(1) as ((client, ours),):
        expecting = Expecting(turner.stream(ours))
        client.sendall(HELLO[:99])
        client.send(HELLO[99:100], socket.MSG_OOB)
        client.sendall(HELLO[100:])
        turner.until(lambda: expecting.told)
        assert expecting.told == ["urgent data in the ClientHello"]
    turner.pump.stop()


def test_a_hello_that_ends_early_behind_a_mark_is_none() -> None:
    turner = Turner()
    with tcp_pairs(1) as ((client, ours),):
        expecting = Expecting(turner.stream(ours))
        client.sendall(HELLO[:50])
        client.send(HELLO[50:51], socket.MSG_OOB)
        client.sendall(HELLO[51:70])
        client.shutdown(socket.SHUT_WR)
        turner.until(lambda: expecting.told)
        assert expecting.told == ["the client ended before its ClientHello did"]
    turner.pump.stop()
