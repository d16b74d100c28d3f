"""One direction on real sockets: every byte, every stop, no pipe left behind."""

import os
import random
import resource
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from bridge.net import splice as module
from bridge.net.direction import join
from bridge.net.pipes import Pipes
from bridge.net.splice import CHUNK, Splice
from bridge.net.tcpinfo import tcp_info
from tests.pumping import Owner, Turner, tcp_pair


class Relay:
    """writer -> (source, sink) -> reader, and nothing back."""

    def __init__(self, most: int = 1024) -> None:
        self.turner = Turner()
        self.pipes = self.turner.pump.pipes = Pipes(most)
        self.owner = Owner()
        self.writer, source = tcp_pair()
        sink, self.reader = tcp_pair()
        self.source = self.owner.source = self.turner.stream(source)
        self.sink = self.turner.stream(sink)
        self.turner.settle()
        self.up = Splice(self.source, self.sink, self.owner)
        self.down = Splice(self.sink, self.source, Owner())
        join(self.up, self.down)

    def stall(self) -> bytes:
        """Send until the sink is full; what was sent."""
        data = random.Random(1).randbytes(1 << 20)
        sent = b""
        self.writer.setblocking(False)
        for _ in range(100):
            try:
                sent += data[: self.writer.send(data)]
            except BlockingIOError:
                if self.up.held:
                    break
            self.turner.settle()
        self.writer.setblocking(True)
        assert self.up.held
        return sent

    def read(self, size: int) -> bytes:
        """Read as a client that was slow and is not any more."""
        self.reader.setblocking(False)
        got = b""

        def reached() -> bool:
            nonlocal got
            try:
                got += self.reader.recv(1 << 20)
            except BlockingIOError:
                pass
            return len(got) >= size

        self.turner.until(reached)
        return got

    def close(self) -> None:
        for direction in (self.up, self.down):
            direction.stop()
        for end in (self.writer, self.reader, self.source, self.sink):
            end.close()
        self.pipes.close()
        self.turner.pump.stop()


@pytest.fixture
def relay() -> Iterator[Relay]:
    made = Relay()
    yield made
    made.close()


@contextmanager
def interrupted() -> Iterator[None]:
    """By a signal every 50 microseconds."""
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 50e-6, 50e-6)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_signals_in_the_middle_of_chunks_do_not_stop_the_stream(relay: Relay) -> None:
    """splice(2) stops at them with room in the sink, and no edge tells of that."""
    piece = random.Random(1).randbytes(600_000)
    data = piece * 50
    got = bytearray()
    sent = 0
    relay.writer.setblocking(False)
    relay.reader.setblocking(False)

    def passed() -> bool:
        nonlocal sent
        with suppress(BlockingIOError):
            sent += relay.writer.send(data[sent : sent + len(piece)])
        relay.turner.turn()
        with suppress(BlockingIOError):
            while part := relay.reader.recv(1 << 20):
                got.extend(part)
        return len(got) == len(data)

    with interrupted():
        while sent < len(data):
            passed()
        relay.turner.until(passed)
    assert got == data


def test_the_last_bytes_and_the_fin_are_one_segment(relay: Relay) -> None:
    before = tcp_info(relay.reader).segs_in
    relay.writer.sendall(b"the last")
    relay.writer.shutdown(socket.SHUT_WR)
    relay.turner.until(lambda: relay.owner.told)
    relay.sink.end()
    assert relay.reader.recv(100) == b"the last"
    assert relay.reader.recv(100) == b""
    assert tcp_info(relay.reader).segs_in == before + 1


@pytest.mark.parametrize("size", [1, 200, 256, 300, 65536, CHUNK, CHUNK + 1, 5_000_000])
def test_all_bytes_arrive_in_order(relay: Relay, size: int) -> None:
    data = random.Random(size).randbytes(size)
    got = b""
    while len(got) < size:
        relay.writer.sendall(data[len(got) : len(got) + 400_000])
        got += relay.read(min(400_000, size - len(got)))
    assert got == data
    assert relay.up.bytes == size
    assert relay.up.held == 0


def test_many_tiny_segments_arrive(relay: Relay) -> None:
    """Each takes a slot of the pipe: many small ones fill it with few bytes."""
    data = random.Random(2).randbytes(3000)
    for byte in data:
        relay.writer.send(bytes([byte]))
    assert relay.read(len(data)) == data


def test_a_fin_behind_data_is_seen_although_the_read_was_short(relay: Relay) -> None:
    relay.writer.sendall(b"last words")
    relay.writer.shutdown(socket.SHUT_WR)
    relay.turner.until(lambda: relay.owner.told)
    assert relay.owner.told == ["finished"]
    assert relay.read(10) == b"last words"


def test_a_fin_that_came_with_data_is_not_asked_for(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def counted(*words: Any) -> int:
        calls.append(words)
        return os.splice(*words)

    monkeypatch.setattr(module, "splice", counted)
    relay.writer.sendall(b"last words")
    relay.writer.shutdown(socket.SHUT_WR)
    relay.turner.until(lambda: relay.owner.told)
    assert relay.owner.told == ["finished"]
    assert len(calls) == 2
    assert relay.read(10) == b"last words"


def test_a_reset_behind_a_fin_is_told_first(relay: Relay) -> None:
    """Both are there when anything is told."""
    relay.writer.sendall(b"last words")
    relay.writer.shutdown(socket.SHUT_WR)
    reset(relay.writer)
    relay.turner.until(lambda: relay.owner.told)
    assert relay.owner.told[0] == "source"
    assert relay.read(10) == b"last words"


def test_the_end_is_told_once(relay: Relay) -> None:
    relay.writer.shutdown(socket.SHUT_WR)
    relay.turner.until(lambda: relay.owner.told)
    relay.up.move()
    relay.turner.settle()
    assert relay.owner.told == ["finished"]


def test_a_stalled_direction_keeps_a_pipe_and_returns_it(relay: Relay) -> None:
    sent = relay.stall()
    assert relay.pipes.kept == 1
    assert relay.up.held <= CHUNK
    assert relay.up.bytes - relay.up.held <= len(sent)
    assert relay.read(len(sent)) == sent
    assert (relay.up.held, relay.pipes.kept) == (0, 0)


def test_the_scratch_pipe_is_empty_between_moves(relay: Relay) -> None:
    relay.stall()
    with pytest.raises(BlockingIOError):
        os.read(relay.pipes.scratch[0], 1)


def test_back_pressure_is_exact(relay: Relay) -> None:
    """A source whose sink is full is not read: its own buffers fill as well."""
    relay.stall()
    before = relay.up.bytes
    relay.writer.setblocking(False)
    with pytest.raises(BlockingIOError):
        while True:
            relay.writer.send(b"x" * 65536)
    relay.turner.settle()
    assert relay.up.bytes == before


def test_without_a_second_pipe_memory_holds_the_rest() -> None:
    relay = Relay(most=1)
    sent = relay.stall()
    assert relay.pipes.kept == 0
    assert relay.pipes.spilled >= 1
    assert relay.read(len(sent)) == sent
    assert relay.up.held == 0
    relay.close()


def test_running_out_of_descriptors_is_no_error() -> None:
    relay = Relay()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    probe = os.dup(0)
    os.close(probe)
    resource.setrlimit(resource.RLIMIT_NOFILE, (probe, limits[1]))
    try:
        sent = relay.stall()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert relay.pipes.spilled >= 1
    assert relay.read(len(sent)) == sent
    relay.close()


def test_stopping_while_stalled_leaves_no_pipe(relay: Relay) -> None:
    relay.stall()
    held = relay.up.held
    relay.up.stop()
    assert relay.pipes.kept == 0
    assert relay.up.held == held, "what is lost stays counted"


def test_a_pipe_with_bytes_in_it_is_never_lent_again(relay: Relay) -> None:
    relay.stall()
    kept = relay.pipes.rests[relay.up]
    assert isinstance(kept, tuple)
    relay.up.stop()
    assert not relay.pipes.rests
    assert kept != relay.pipes.scratch
    assert kept not in relay.pipes._spare


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


def test_a_reset_source_is_told_after_its_last_bytes(relay: Relay) -> None:
    relay.writer.sendall(b"then gone")
    reset(relay.writer)
    relay.turner.until(lambda: "source" in relay.owner.told)
    relay.up.move()
    assert relay.up.over
    assert relay.read(9) == b"then gone"


def test_a_reset_sink_is_told(relay: Relay) -> None:
    relay.turner.settle()
    reset(relay.reader)
    relay.writer.sendall(b"for nobody")
    relay.turner.until(lambda: relay.owner.told)
    assert set(relay.owner.told) == {"sink"}


def test_urgent_data_does_not_stop_the_stream(relay: Relay) -> None:
    """splice(2) alone waits at the urgent mark for ever."""
    relay.writer.sendall(b"before")
    relay.writer.send(b"!", socket.MSG_OOB)
    relay.writer.sendall(b"after")
    assert relay.read(12) == b"before!after"
    relay.writer.sendall(b" and on")
    assert relay.read(7) == b" and on"


def test_a_bulk_flow_gives_way_after_each_chunk(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Much more is ready; one move takes one chunk and asks to be run again."""
    relay.turner.pump.stop()  # nobody moves but the test
    again: list[object] = []
    monkeypatch.setattr(module, "splice", lambda source, sink, count, *_: count)
    monkeypatch.setattr(relay.turner.pump, "again", again.append)
    relay.up.move()
    relay.turner = Turner()
    assert relay.up.bytes == CHUNK
    assert again == [relay.up]
