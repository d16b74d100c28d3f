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


def whole(sock: socket.socket, size: int) -> None:
    """Read so many bytes."""
    while size:
        got = len(sock.recv(size))
        if not got:
            raise EOFError
        size -= got


def both(client: socket.socket, act: Act, server: socket.socket, other: Act) -> None:
    """Each acts for as long as a session lasts, and then ends."""
    until = time.monotonic() + LONG

    def guarded(sock: socket.socket, act: Act) -> None:
        sock.settimeout(2 * LONG)
        with suppress(OSError, EOFError), sock:
            act(sock, until)

    thread = threading.Thread(target=guarded, args=(server, other), daemon=True)
    thread.start()
    guarded(client, act)
    thread.join()


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
