"""
Clients and servers around a gateway, in plain blocking sockets.

What a test does with a connection it says itself; here is only what many tests share.
"""

from __future__ import annotations

import fcntl
import hashlib
import socket
import struct
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.e2e.gateway import PATIENCE, Gateway, until

_AT_ONCE = struct.pack("=ii", 1, 0)
BLOCK = bytes(range(251)) * 1045  # 251 is prime: a lost or doubled byte shows


def listen(port: int = 0, **options: int) -> socket.socket:
    """A server's listening socket on 127.0.0.1; *options* as SO_RCVBUF=65536."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for name, value in options.items():
        listener.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
    listener.bind(("127.0.0.1", port))
    listener.listen(1024)
    listener.settimeout(PATIENCE)
    return listener


def name_of(listener: socket.socket) -> str:
    """``host:port``, as a configuration has it."""
    host, port = listener.getsockname()[:2]
    return f"{host}:{port}"


def accept(listener: socket.socket) -> socket.socket:
    accepted, _ = listener.accept()
    accepted.settimeout(PATIENCE)
    return accepted


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with listen() as listener:
        port: int = listener.getsockname()[1]
        return port


def reset(sock: socket.socket) -> None:
    """Close with a RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    sock.close()


def read_all(sock: socket.socket) -> bytes:
    """Everything up to the FIN; a reset is a ConnectionResetError."""
    parts = []
    while part := sock.recv(1 << 20):
        parts.append(part)
    return b"".join(parts)


def ends_reset(sock: socket.socket) -> bytes:
    """What comes before the RST that must end it; a FIN is an AssertionError."""
    parts = []
    try:
        while part := sock.recv(1 << 20):
            parts.append(part)
    except ConnectionResetError:
        return b"".join(parts)
    raise AssertionError(f"a FIN instead of a reset, after {len(b''.join(parts))} B")


def turned_away(gateway: Gateway, front: str = "web", says: bytes = b"") -> None:
    """
    A client that must be reset, be it before its connect(2) has returned, or before all
    that it *says* is sent.
    """
    refused(lambda: gateway.connect(front), says)


def refused(connect: Callable[[], socket.socket], says: bytes = b"") -> None:
    """The same of one that *connect* makes."""
    try:
        client = connect()
    except ConnectionResetError:
        return
    with client:
        try:
            client.sendall(says)
        except (ConnectionResetError, BrokenPipeError):
            return
        assert ends_reset(client) == b""


def unacknowledged(sock: socket.socket) -> int:
    """Bytes that the other kernel has not got yet (SIOCOUTQ, tcp(7))."""
    count = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0" * 4)
    size: int = struct.unpack("=i", count)[0]
    return size


def settle(sock: socket.socket) -> None:
    """Until the other kernel has all that was sent."""
    until(lambda: not unacknowledged(sock), "everything to be acknowledged")


class Crowded:
    """
    A server that answers no SYN until it is ``relieved``: its backlog is full.

    The kernel repeats a SYN after a second, so a dial begun before then succeeds.
    """

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.listener.settimeout(PATIENCE)
        self.name = name_of(self.listener)
        self._crowd = socket.create_connection(self.listener.getsockname())

    def relieve(self) -> None:
        with self._crowd:
            accept(self.listener).close()

    def accept(self) -> socket.socket:
        """Be relieved, and accept the first that waits."""
        self.relieve()
        return accept(self.listener)

    def close(self) -> None:
        self._crowd.close()
        self.listener.close()


def fill(sock: socket.socket) -> int:
    """Send until nothing more is taken for a while: the bytes that were."""
    sock.settimeout(0.5)
    sent = 0
    try:
        while True:
            sent += sock.send(BLOCK)
    except TimeoutError:
        return sent
    finally:
        sock.settimeout(PATIENCE)


def blocks(size: int) -> Iterator[bytes]:
    """*size* bytes of a known pattern, in pieces."""
    while size > 0:
        yield BLOCK[:size]
        size -= len(BLOCK)


def checksum(size: int) -> str:
    """Of what ``blocks`` gives."""
    digest = hashlib.sha256()
    for block in blocks(size):
        digest.update(block)
    return digest.hexdigest()


@contextmanager
def background(work: Callable[..., object], *arguments: Any) -> Iterator[None]:
    """Run *work* in a thread beside the block; its error is the block's error."""
    errors: list[BaseException] = []

    def guarded() -> None:
        try:
            work(*arguments)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    yield
    thread.join(PATIENCE * 2)
    assert not thread.is_alive(), f"{work} hangs"
    if errors:
        raise errors[0]


@contextmanager
def serving(
    listener: socket.socket, answer: Callable[[socket.socket], object]
) -> Iterator[None]:
    """Accept on *listener* and *answer* each connection in a thread, until the end."""

    def one(accepted: socket.socket) -> None:
        with accepted:
            try:
                answer(accepted)
            except OSError:
                pass  # what the client thinks of it is the test's to see

    def loop() -> None:
        while True:
            try:
                accepted = accept(listener)
            except OSError:
                return
            threading.Thread(target=one, args=(accepted,), daemon=True).start()

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)  # close(2) does not wake accept(2)
        listener.close()
        thread.join()


def echo(sock: socket.socket) -> None:
    """Send back what comes, and end when the client does."""
    while part := sock.recv(1 << 16):
        sock.sendall(part)


def ask(client: socket.socket, question: bytes = b"still there?") -> None:
    """Have an echo answer."""
    client.sendall(question)
    got = b""
    while len(got) < len(question):
        part = client.recv(100)
        assert part, "ended instead of an answer"
        got += part
    assert got == question
