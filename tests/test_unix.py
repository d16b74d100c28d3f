"""Unix fronts: what is told of them, whatever their name is, and what gets through."""

from __future__ import annotations

import errno
import json
import os
import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.net.inherited import close_rest
from bridge.net.listener import Listener, listen_unix
from bridge.net.port import Port
from bridge.net.sockaddr import describe
from bridge.session.front import FrontFactory
from bridge.watch.access import TextFormat
from bridge.watch.access_json import JsonFormat
from tests.pumping import PATIENCE
from tests.sessions import Running, server


class UnixFront:
    """A session through a front at *name*, to a server on TCP."""

    def __init__(self, name: str | bytes) -> None:
        self.listening = server()
        self.running = Running(self.listening.getsockname())
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(name)
        house = self.running.terms.house
        factory = FrontFactory(self.running.terms, self.running.live)
        self.port = Port(self.running.turner.pump, Listener(sock), factory, house.room)
        self.port.startListening()
        self.client = socket.socket(socket.AF_UNIX)
        self.client.settimeout(PATIENCE)
        self.client.connect(name)
        self.accepted = self.running.accept(self.listening)

    def close(self) -> None:
        self.port.stopListening()
        self.client.close()
        self.running.close()
        self.listening.close()


@pytest.fixture
def abstract() -> Iterator[UnixFront]:
    made = UnixFront(f"\0bridge-{os.getpid()}-{random.random()}".encode())
    yield made
    made.close()


def read(sock: socket.socket, size: int, front: UnixFront) -> bytes:
    """*size* bytes of it."""
    sock.setblocking(False)
    got = b""

    def reached() -> bool:
        nonlocal got
        try:
            got += sock.recv(1 << 16)
        except BlockingIOError:
            pass
        return len(got) >= size

    front.running.turner.until(reached)
    return got


@pytest.mark.parametrize("resets", [False, True])
def test_what_a_server_sent_is_not_lost(abstract: UnixFront, resets: bool) -> None:
    abstract.accepted.sendall(b"x" * 10_000)
    assert len(read(abstract.client, 10_000, abstract)) == 10_000
    if resets:
        linger = b"\1\0\0\0\0\0\0\0"
        abstract.accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        abstract.accepted.close()
        while not abstract.running.records:  # a flush looks every 20 ms
            abstract.running.turner.settle()
            abstract.running.turner.reactor.advance(0.03)
    else:
        abstract.client.close()
        abstract.accepted.shutdown(socket.SHUT_WR)
    record = abstract.running.record()
    assert record.ending == ("back_reset" if resets else "done")
    assert (record.down, record.lost) == (10_000, 0)


NAMES = [
    b"\0web",
    b'\0a"b\n\xff',
    b'quote".sock',
    b"line\nfeed.sock",
    b"\x1b[31m.sock",
    b"\xff\xfe.sock",
    "ü.sock".encode(),
    b"back\\slash.sock",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_makes_one_line_in_either_format(name: bytes, tmp_path: Path) -> None:
    where = (
        name + os.urandom(4).hex().encode()
        if name[:1] == b"\0"
        else (os.fsencode(tmp_path) + b"/" + name)
    )
    front = UnixFront(where)
    front.client.close()
    front.accepted.close()
    record = front.running.record()
    line = JsonFormat().line(record, 0.0)
    assert json.loads(line)["listen"] == describe(os.fsdecode(where))
    for text in (line, TextFormat().line(record, 0.0), str(front.port)):
        assert text.isprintable()
        text.encode("utf-8")
    front.close()


def test_a_client_that_passes_descriptors_does_not_stall_its_stream(
    abstract: UnixFront,
) -> None:
    """A read stops behind each such message, with more behind it."""
    before = len(os.listdir("/proc/self/fd"))
    for piece in (b"one ", b"two ", b"three "):
        socket.send_fds(abstract.client, [piece], [0, 1])
        abstract.client.send(b"and ")
    abstract.client.send(b"an end")
    expected = b"one and two and three and an end"
    assert read(abstract.accepted, len(expected), abstract) == expected
    assert len(os.listdir("/proc/self/fd")) == before
    abstract.client.shutdown(socket.SHUT_WR)
    abstract.accepted.close()
    assert abstract.running.record().ending == "done"


def test_urgent_bytes_of_a_unix_client_go_on_in_their_place(
    abstract: UnixFront,
) -> None:
    for piece in (b"a", b"b", b"c"):
        abstract.client.send(piece, socket.MSG_OOB)
        abstract.client.send(b"-")
    abstract.client.send(b"!", socket.MSG_OOB)
    abstract.client.shutdown(socket.SHUT_WR)
    assert read(abstract.accepted, 7, abstract) == b"a-b-c-!"
    abstract.accepted.close()
    assert abstract.running.record().lost == 0


def test_a_predecessor_that_accepts_no_more_does_not_hang_the_start(
    tmp_path: Path,
) -> None:
    path = str(tmp_path / "front.sock")
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(path)
        busy.listen(0)
        waiting = []
        with pytest.raises(BlockingIOError):
            while True:
                waiting.append(socket.socket(socket.AF_UNIX))
                waiting[-1].setblocking(False)
                waiting[-1].connect(path)
        with pytest.raises(OSError, match="in use") as found:
            listen_unix(path)
        assert found.value.errno == errno.EADDRINUSE
        for sock in waiting:
            sock.close()


def test_what_systemd_passed_and_nobody_names_is_closed() -> None:
    used, first, second = (socket.create_server(("127.0.0.1", 0)) for _ in range(3))
    wheres = [describe(sock.getsockname()) for sock in (first, second)]
    passed = {"web": [used], "mail": [first, second]}
    closed = close_rest(passed, {"web"})
    assert closed == sorted(f"mail ({where})" for where in wheres)
    assert used.fileno() >= 0
    assert first.fileno() == second.fileno() == -1
    used.close()
