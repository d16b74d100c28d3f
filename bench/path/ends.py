"""
A server that does what its client asks for, and clients that say how long it took.

Both are threads and sockets of this process, in the hosts of a lab.  A server of bulk
is ``load.c``'s.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bench.contenders import BULK
from tests.netlab import Lab

PIECE = 100
"""Bytes of one write of a server that writes in pieces."""


@contextmanager
def obliging(lab: Lab) -> Iterator[None]:
    """The lab's server does what is asked of it on BULK, for the block."""
    with lab.server.listen((lab.server.address, BULK)) as listener:
        listener.settimeout(None)
        threading.Thread(target=_accept, args=(listener,), daemon=True).start()
        try:
            yield
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RD)  # accept returns


def _accept(listener: socket.socket) -> None:
    with suppress(OSError):
        while True:
            made, _ = listener.accept()
            threading.Thread(target=_oblige, args=(made,), daemon=True).start()


def _oblige(made: socket.socket) -> None:
    """``get N``, ``put N`` or ``pieces N SECONDS``, to a full stop."""
    with made, suppress(OSError):
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        words = b""
        while not words.endswith(b"\n"):
            if not (part := made.recv(1)):
                return
            words += part
        kind, size, *rest = words.split()
        if kind == b"get":
            made.sendall(bytes(int(size)))
        elif kind == b"put":
            _read(made, int(size))
            made.sendall(b".")
        else:
            _write_pieces(made, int(size), float(rest[0]))


def _write_pieces(made: socket.socket, count: int, pause: float) -> None:
    for _ in range(count):
        made.send(bytes(PIECE))
        if pause:
            time.sleep(pause)


def _read(made: socket.socket, size: int) -> int:
    """Up to *size* bytes; how many came before the end, or before time was up."""
    got = 0
    with suppress(TimeoutError):
        while got < size and (part := made.recv(min(1 << 20, size - got))):
            got += len(part)
    return got


def drink(lab: Lab, where: tuple[str, int], seconds: float) -> int:
    """
    Bytes that come within so many *seconds*, from the SYN on, of ``load``'s bulk.

    Not asked for to their end: over a bad line what is under way takes its time.
    """
    until = time.monotonic() + seconds
    space, got = bytearray(1 << 20), 0
    with lab.client.connect(where) as client, suppress(TimeoutError):
        client.send(b"s")
        while (left := until - time.monotonic()) > 0:
            client.settimeout(left)
            got += client.recv_into(space, 0, socket.MSG_TRUNC)
    return got


def fetch(lab: Lab, where: tuple[str, int], size: int, limit: float) -> float | None:
    """Seconds until *size* bytes have come from *where*; None: not within *limit*."""
    return ask(lab, where, f"get {size}\n".encode(), size, limit)


def store(lab: Lab, where: tuple[str, int], size: int, limit: float) -> float | None:
    """Seconds until *where* says that it has got *size* bytes."""
    return ask(lab, where, f"put {size}\n".encode() + bytes(size), 1, limit)


def ask(
    lab: Lab, where: tuple[str, int], request: bytes, size: int, limit: float
) -> float | None:
    """Send *request* to *where*: seconds until an answer of *size* bytes is there."""
    until = time.monotonic() + limit
    start = time.monotonic()
    with lab.client.connect(where, limit) as client:
        threading.Thread(target=_send, args=(client, request), daemon=True).start()
        got = 0
        while got < size:
            client.settimeout(max(0.001, until - time.monotonic()))
            try:
                part = client.recv(1 << 20)
            except TimeoutError:
                return None
            if not part:
                return None
            got += len(part)
    return time.monotonic() - start


def _send(client: socket.socket, request: bytes) -> None:
    with suppress(OSError):  # the client may have lost its patience
        client.sendall(request)
