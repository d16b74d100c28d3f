"""
Servers that say how they are, and who: for what several processes know of them.

A check asks ``how`` and a session ``who``; both are counted.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.gateway import PATIENCE, Configuration

CHECK: Configuration = {
    "kind": "exchange",
    "send": "how\n",
    "expect": "well",
    "interval": "200ms",
    "timeout": "150ms",
    "rise": 1,
    "fall": 1,
}


class Patient:
    """A server on a port of 127.0.0.1, until closed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.well = True
        self.checks = 0
        self.sessions = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def configured(self) -> Configuration:
        return {"address": self.address, "name": self.name}

    def close(self) -> None:
        """It refuses from now on."""
        if self._listening.fileno() >= 0:
            self._listening.shutdown(socket.SHUT_RDWR)  # ends the accept(2) under way
            self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=[sock], daemon=True).start()

    def _answer(self, sock: socket.socket) -> None:
        with sock:
            sock.settimeout(PATIENCE)
            try:
                asked = sock.recv(100)
                if asked == b"how\n":
                    self.checks += 1
                    sock.sendall(b"well\n" if self.well else b"ill\n")
                elif asked:
                    self.sessions += 1
                    sock.sendall(f"{self.name}\n".encode())
                    sock.recv(100)  # until the client has had enough
            except OSError:
                pass


@contextmanager
def patients(*names: str) -> Iterator[list[Patient]]:
    """One of each name."""
    made = [Patient(name) for name in names]
    try:
        yield made
    finally:
        for one in made:
            one.close()


def who(address: tuple[str, int], port: int = 0) -> str:
    """Which of them answers a session; from a *port* of our own, if one is given."""
    with socket.socket(socket.AF_INET6) as client:
        client.settimeout(PATIENCE)
        if port:  # the same port leads to the same worker, while these are the same
            client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            client.bind(("::1", port))
        client.connect(address)
        client.sendall(b"who\n")
        answer = client.recv(100)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    return answer.decode().strip()
