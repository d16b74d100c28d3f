"""A DNS server of one name, whose answers the test decides."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

from twisted.names import dns

from tests.netlab import Host

NAME = "web.farm.test"
TTL = 1
"""Seconds: the least that the gateway believes."""


class Says(Enum):
    """How it takes questions."""

    ADDRESSES = "addresses"
    NOTHING = "nothing"
    NO_ADDRESS = "no address"
    NO_NAME = "no name"


class Zone:
    """Answers questions for A records on *sock*, a bound UDP socket, until closed."""

    def __init__(self, sock: socket.socket) -> None:
        self.addresses: list[str] = []
        self.says = Says.ADDRESSES
        self.asked = 0
        """Questions for A records so far."""
        self._sock = sock
        self._over = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over = True
        self._thread.join()
        self._sock.close()

    def _serve(self) -> None:
        self._sock.settimeout(0.1)  # how soon it sees that it is over
        while not self._over:
            try:
                data, client = self._sock.recvfrom(512)
            except TimeoutError:
                continue
            answer = self._answer(data)
            if answer is not None:
                self._sock.sendto(answer, client)

    def _answer(self, data: bytes) -> bytes | None:
        question = dns.Message()
        question.fromStr(data)
        query = question.queries[0]
        self.asked += query.type == dns.A
        if self.says is Says.NOTHING:
            return None
        answer = dns.Message(question.id, answer=1, recDes=1, recAv=1)
        answer.queries = [query]
        if self.says is Says.NO_NAME:
            answer.rCode = dns.ENAME
        elif self.says is Says.ADDRESSES and query.type == dns.A:
            answer.answers = [
                dns.RRHeader(
                    query.name.name, dns.A, ttl=TTL, payload=dns.Record_A(address, TTL)
                )
                for address in self.addresses
            ]
        told: bytes = answer.toStr()
        return told


@contextmanager
def zone(host: Host, folder: Path) -> Iterator[Zone]:
    """A zone that *host*, and nobody else, takes for its name server."""
    sock = host.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 53))
    with told_by(host, folder, sock, "nameserver 127.0.0.1\n") as made:
        yield made


@contextmanager
def told_by(
    host: Host, folder: Path, sock: socket.socket, resolv_conf: str
) -> Iterator[Zone]:
    """A zone on *sock*, bound anywhere, and what *host*'s resolv.conf says."""
    made = Zone(sock)
    file = folder / "resolv.conf"
    file.write_text(resolv_conf)
    where = str(Path("/etc/resolv.conf").resolve())
    host.run(["mount", "--bind", str(file), where])  # its mounts are its own
    try:
        yield made
    finally:
        made.close()
