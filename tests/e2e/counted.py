"""A server that counts how many sessions it has at a time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.peers import listen, name_of, serving


class Counted:
    """Answers each question with itself, after *holding* for so many seconds."""

    def __init__(self, holding: float) -> None:
        self.most = 0
        self.now = 0
        self.total = 0
        self.name = ""
        self._lock = threading.Lock()
        self._wait = threading.Event()
        self._holding = holding

    def answer(self, accepted: socket.socket) -> None:
        """A session is over for this server before anybody can see that it is."""
        with self._lock:
            self.now += 1
            self.total += 1
            self.most = max(self.most, self.now)
        try:
            question = accepted.recv(100)
            self._wait.wait(self._holding)
        finally:
            with self._lock:
                self.now -= 1
        accepted.sendall(question)


@contextmanager
def counted(holding: float = 0.0) -> Iterator[Counted]:
    """One that serves for the block."""
    made = Counted(holding)
    with listen() as listener:
        made.name = name_of(listener)
        with serving(listener, made.answer):
            yield made
