"""A ClientHello is read as it comes in, and left where it is."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure

from bridge.net.stream import Stream
from bridge.session.greeting import Greeting
from bridge.wire.client_hello import MAX_BYTES, ClientHello
from tests.hellos import hello, message, of_python, records, server_name
from tests.pumping import Turner, tcp_pairs

HELLO = of_python("www.example.org", "h2")


class Lost(Protocol):
    """Notes that its connection is gone."""

    lost = False

    def connectionLost(self, reason: Failure | None = None) -> None:
        self.lost = True


class Bench:
    """One client, and whoever waits for its hello."""

    def __init__(self, client: socket.socket, ours: socket.socket) -> None:
        self.turner = Turner()
        self.client = client
        self.ours = ours
        self.found: list[ClientHello] = []
        self.errors: list[str] = []
        self.protocol = Lost()
        self.stream = self.turner.stream(ours)
        self.stream.paused = True
        self.stream.open(self.protocol)
        self.greeting = Greeting(self.stream, self)

    def greeted(self, stream: Stream, hello: ClientHello) -> None:
        assert stream is self.stream
        self.found.append(hello)

    def ungreeted(self, stream: Stream, error: ValueError) -> None:
        self.errors.append(str(error))

    def broken(self, stream: Stream, error: OSError) -> None:
        self.errors.append(error.strerror or "")

    def name(self) -> str | None:
        self.turner.until(lambda: self.found or self.errors)
        assert self.errors == []
        return self.found[0].server_name

    def error(self) -> str:
        self.turner.until(lambda: self.found or self.errors)
        assert self.found == []
        return self.errors[0]

    def waiting(self) -> bytes:
        """What a reader would find now."""
        return self.ours.recv(1 << 16)


@pytest.fixture
def bench() -> Iterator[Bench]:
    with tcp_pairs(1) as ((client, ours),):
        made = Bench(client, ours)
        yield made
        made.turner.pump.stop()


def test_a_hello_that_comes_later_is_read_and_stays(bench: Bench) -> None:
    bench.greeting.begin()
    bench.turner.settle()
    assert bench.found == []
    bench.client.sendall(HELLO)
    assert bench.name() == "www.example.org"
    assert bench.stream.readable and bench.waiting() == HELLO


def test_a_hello_that_is_there_already_is_read_at_once(bench: Bench) -> None:
    bench.client.sendall(HELLO)
    bench.turner.settle()
    bench.greeting.begin()
    assert bench.found and bench.stream.readable


def test_a_hello_of_which_a_part_is_there_already_may_go_on(bench: Bench) -> None:
    """The pump wakes it once more for that part: nothing new is no end."""
    bench.client.sendall(HELLO[:20])
    bench.greeting.begin()
    bench.turner.settle()
    assert bench.errors == []
    bench.client.sendall(HELLO[20:])
    assert bench.name() == "www.example.org"


def test_a_hello_may_come_byte_by_byte(bench: Bench) -> None:
    bench.greeting.begin()
    for at in range(len(HELLO)):
        assert bench.found == []
        bench.client.send(HELLO[at : at + 1])
        bench.turner.settle() if at < 5 else bench.turner.turn()
    assert bench.name() == "www.example.org"
    assert bench.waiting() == HELLO and len(bench.found) == 1


def test_a_hello_may_be_split_over_records_and_segments(bench: Bench) -> None:
    content = HELLO[5:]
    split = records(content, range(100, len(content), 100))
    bench.greeting.begin()
    for at in range(0, len(split), 37):
        bench.client.send(split[at : at + 37])
        bench.turner.turn()
    assert bench.name() == "www.example.org"


def test_what_follows_the_hello_stays_as_well(bench: Bench) -> None:
    bench.client.sendall(HELLO + b"early" * 1000)
    bench.greeting.begin()
    assert bench.name() == "www.example.org"
    assert bench.waiting() == HELLO + b"early" * 1000


def test_a_client_that_ends_after_its_hello_is_welcome(bench: Bench) -> None:
    bench.client.sendall(HELLO)
    bench.client.shutdown(socket.SHUT_WR)
    bench.greeting.begin()
    assert bench.name() == "www.example.org"
    bench.turner.settle()
    assert bench.stream.ended or bench.waiting() == HELLO


@pytest.mark.parametrize("sent", [b"", HELLO[:1], HELLO[:-1]])
def test_a_client_that_ends_in_its_hello_has_none(bench: Bench, sent: bytes) -> None:
    bench.greeting.begin()
    bench.client.sendall(sent)
    bench.turner.settle()
    bench.client.shutdown(socket.SHUT_WR)
    assert bench.error() == "the client ended before its ClientHello did"


def test_what_is_no_hello_is_told_and_left_as_it_is(bench: Bench) -> None:
    bench.client.sendall(b"GET / HTTP/1.1\r\n\r\n")
    bench.greeting.begin()
    assert bench.error().startswith("not TLS")
    assert bench.waiting() == b"GET / HTTP/1.1\r\n\r\n" and bench.stream.readable


def test_a_hello_without_end_is_given_up(bench: Bench) -> None:
    endless = records(message(b"\0" * 16000), range(1, 16000))
    bench.greeting.begin()
    for at in range(0, MAX_BYTES + 1000, 1000):
        bench.client.sendall(endless[at : at + 1000])
        bench.turner.settle()
    assert "longer than" in bench.error()


def test_a_reset_is_the_protocols_to_hear(bench: Bench) -> None:
    bench.greeting.begin()
    bench.client.sendall(HELLO[:100])
    bench.turner.settle()
    linger = b"\1\0\0\0\0\0\0\0"
    bench.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    bench.client.close()
    bench.turner.until(lambda: bench.protocol.lost)
    assert bench.found == [] and bench.errors == []


def test_afterwards_the_stream_hears_of_its_socket_again(bench: Bench) -> None:
    bench.client.sendall(hello(server_name(b"a.example")))
    bench.greeting.begin()
    assert bench.name() == "a.example"
    bench.client.shutdown(socket.SHUT_WR)
    bench.turner.until(lambda: bench.stream.ended)
    assert len(bench.found) == 1 and bench.errors == []
