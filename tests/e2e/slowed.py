"""
Sessions that somebody or something makes slow, each in its own way.

Here: what client and server do with their two ends of a session, for a while.  Not
here: the hosts and links between them (``tests.netlab``), or what the gateway says of
it.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

from tests.e2e.peers import BLOCK

LONG = 1.0
"""Seconds that a session lasts: some 20 beats."""

Act: TypeAlias = Callable[[socket.socket, float], object]
"""What one end does with its socket until a time."""


def send(sock: socket.socket, until: float) -> None:
    """As much as the other end takes."""
    while time.monotonic() < until:
        sock.sendall(BLOCK)


def read(sock: socket.socket, until: float) -> None:
    """As quickly as it comes."""
    while time.monotonic() < until and sock.recv(1 << 18):
        pass


def dribble(sock: socket.socket, until: float) -> None:
    """Little, now and then."""
    while time.monotonic() < until:
        sock.sendall(BLOCK[:2000])
        time.sleep(0.02)


def sip(sock: socket.socket, until: float) -> None:
    """Read little, now and then."""
    while time.monotonic() < until and sock.recv(8192):
        time.sleep(0.02)


def ask(pause: float) -> Act:
    """Ask, read the answer, and think for *pause* seconds."""

    def act(sock: socket.socket, until: float) -> None:
        while time.monotonic() < until:
            sock.sendall(b"?" * 100)
            whole(sock, 1000)
            time.sleep(pause)

    return act


def answer(pause: float) -> Act:
    """Answer each question, after *pause* seconds."""

    def act(sock: socket.socket, until: float) -> None:
        while time.monotonic() < until:
            whole(sock, 100)
            time.sleep(pause)
            sock.sendall(b"!" * 1000)

    return act


def request(sock: socket.socket, until: float) -> None:
    """As a browser asks that needs no time to think."""
    while time.monotonic() < until:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        through(sock, b"\n\n")


def respond(sock: socket.socket, until: float) -> None:
    """As a server that has to think, and then says little."""
    while time.monotonic() < until:
        through(sock, b"\r\n\r\n")
        time.sleep(0.15)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\n\n")


def through(sock: socket.socket, end: bytes) -> None:
    """Read until that comes, which nothing follows."""
    got = b""
    while not got.endswith(end):
        more = sock.recv(10_000)
        if not more:
            raise EOFError
        got += more


def whole(sock: socket.socket, size: int) -> None:
    """Read so many bytes."""
    while size:
        got = len(sock.recv(size))
        if not got:
            raise EOFError
        size -= got


def begun(sock: socket.socket, act: Act) -> threading.Thread:
    """*act* with *sock* for as long as a session lasts, and then end it."""
    until = time.monotonic() + LONG

    def acting() -> None:
        sock.settimeout(2 * LONG)
        with suppress(OSError, EOFError), sock:
            act(sock, until)

    thread = threading.Thread(target=acting, daemon=True)
    thread.start()
    return thread


@contextmanager
def starved(pid: int, runs: float = 0.02, stands: float = 0.08) -> Iterator[None]:
    """The process *pid* runs for a moment, stands still for some, and so on."""
    over = threading.Event()

    def rule() -> None:
        while not over.wait(runs):
            os.kill(pid, signal.SIGSTOP)
            over.wait(stands)
            os.kill(pid, signal.SIGCONT)

    thread = threading.Thread(target=rule, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
