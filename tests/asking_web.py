"""Somebody who asks a site, in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.resource import IResource

from bridge.web.site import Watched


class Bench:
    """A site of *root*."""

    def __init__(
        self, root: IResource, *names: str, clock: Clock | None = None
    ) -> None:
        self.clock = clock or Clock()
        self.site = Watched(root, frozenset(names), self.clock)

    def connect(self) -> Client | None:
        """None: there is no room."""
        made = self.site.buildProtocol(None)
        return None if made is None else Client(made, self.clock)

    def get(
        self, path: str, *headers: str, host: str = "[::1]", method: str = "GET"
    ) -> Answer:
        """On a connection of its own."""
        client = self.connect()
        assert client is not None
        client.send(f"{method} {path} HTTP/1.1", f"Host: {host}", *headers)
        return client.answer()


class Client:
    def __init__(self, channel: Any, clock: Clock) -> None:
        self.transport = StringTransport()
        self.channel = channel
        self._clock = clock
        channel.makeConnection(self.transport)

    def send(self, *lines: str, body: str = "") -> None:
        self.channel.dataReceived(("\r\n".join([*lines, "", ""]) + body).encode())

    def answer(self) -> Answer:
        for _ in range(100):
            self._clock.advance(0)
        told = self.transport.value()
        self.transport.clear()
        return Answer(told)

    def lose(self, why: Callable[[], Any]) -> None:
        self.channel.connectionLost(why())


class Answer:
    def __init__(self, told: bytes) -> None:
        head, _, self.body = told.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split(" ")[1]) if first else 0
        pairs = (line.partition(": ") for line in lines)
        self.headers = {name.lower(): value for name, _, value in pairs}

    @property
    def text(self) -> str:
        return self.body.decode()
