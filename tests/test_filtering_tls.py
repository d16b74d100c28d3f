"""Sessions with filters and TLS on a side."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from twisted.internet.task import Clock

from bridge.filters import Answers, Filter, Pass, Send, Want
from bridge.filters.use import MakeFilter
from tests.filter_scripts import Guarded
from tests.filtered import Filtered, uses
from tests.secured import Far, accepting, dialing
from tests.sessions import Running, reset, server


class Framed(Filter):
    """Eight digits say how many bytes follow; both ways."""

    def up(self, data: bytes, ended: bool) -> Answers:
        if not data:
            return ()
        if len(data) < 8:
            return (Want(8),)
        return (Send(b"<", 8), Pass(int(data[:8])), Send(b">", 0))

    down = up


class Both:
    """TLS in front and behind, with a filter between."""

    def __init__(self, *makes: MakeFilter) -> None:
        self.listening = server()
        self.running = Running(
            self.listening.getsockname(),
            front=accepting(),
            back=dialing(),
            settle=lambda terms: replace(terms, filters=uses(makes)),
        )
        self.client = Far(self.running.connect())
        self.server: Far | None = None
        self.listening.setblocking(False)

    def until(self, reached: Callable[[], object]) -> None:
        def turned() -> object:
            clock: Clock = self.running.turner.reactor
            clock.advance(0.0001)
            self.client.turn()
            if self.server is None:
                try:
                    accepted, _ = self.listening.accept()
                    self.server = Far(accepted, server=True)
                except BlockingIOError:
                    return False
            self.server.turn()
            return reached()

        self.running.turner.until(turned)

    def close(self) -> None:
        self.running.close()
        self.listening.close()
        if self.server is not None:
            self.server.raw.close()


@pytest.fixture
def both() -> Iterator[Both]:
    made = Both(Framed)
    yield made
    made.close()


@pytest.mark.parametrize("size", [0, 1, 65536, 1_000_000])
def test_messages_pass_between_two_sides_with_tls(both: Both, size: int) -> None:
    body = random.Random(size).randbytes(size)
    both.until(lambda: both.client.shaken)
    both.client.send(b"%08d" % size + body)
    both.until(lambda: both.server is not None and both.server.shaken)
    far = both.server
    assert far is not None
    both.until(lambda: len(far.received) == size + 2)
    assert far.received == b"<" + body + b">"
    far.send(b"%08d" % size + body)
    both.until(lambda: len(both.client.received) == size + 2)
    assert both.client.received == b"<" + body + b">"


def test_a_half_close_passes_and_the_answer_comes_back(both: Both) -> None:
    both.until(lambda: both.client.shaken)
    both.client.send(b"00000003ask")
    both.client.notify()
    both.until(lambda: both.server is not None and "close_notify" in both.server.seen)
    assert both.server is not None
    assert both.server.received == b"<ask>"
    both.server.send(b"00000006answer")
    both.server.notify()
    both.until(lambda: both.running.records)
    both.until(lambda: "close_notify" in both.client.seen)
    assert both.client.received == b"<answer>"
    assert both.running.record().ending == "done"
    assert both.running.record().lost == 0


def test_a_handshake_that_fails_in_the_middle_is_tls_failed() -> None:
    one = Filtered(Guarded)
    try:
        one.client.sendall(b"tls\n")
        one.running.turner.until(lambda: _peek(one.client))
        one.client.sendall(b"this is no ClientHello at all\n")
        one.running.turner.until(lambda: one.running.records)
        record = one.running.record()
        assert (record.ending, record.letters) == ("tls_failed", "CR")
    finally:
        one.close()


def test_a_handshake_that_does_not_begin_ends_with_open() -> None:
    one = Filtered(Guarded)
    try:
        one.client.sendall(b"tls\n")
        one.running.turner.until(lambda: _peek(one.client))
        one.running.advance(11)
        assert one.running.record().ending == "tls_failed"
    finally:
        one.close()


def test_a_server_that_is_reset_meanwhile_resets_the_client() -> None:
    """When the handshake was through it was taken for one that had ended."""
    one = Filtered(Guarded)
    try:
        one.client.sendall(b"tls\n")
        one.running.turner.until(lambda: _peek(one.client))
        reset(one.servers[-1])
        one.running.turner.until(lambda: one.running.records)
        assert one.running.record().ending == "back_reset"
        assert one.client.recv(100) == b"go\n"
        with pytest.raises(ConnectionResetError):
            one.client.recv(1)
    finally:
        one.close()


def _peek(sock: socket.socket) -> bytes:
    try:
        return sock.recv(100, socket.MSG_PEEK)
    except BlockingIOError:
        return b""
