"""An admin socket on a real reactor of the test's own, turned by hand."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.epollreactor import EPollReactor

from bridge.control.admin import AdminSocket
from bridge.control.orders import Answer, AnswerError
from bridge.control.peer import Peer
from bridge.net.pump import Reactor
from tests.pumping import PATIENCE


class Told:
    """What answers: whatever the test has it say."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any], Peer]] = []
        self.answer: Answer | Exception | Deferred[Answer] = {"fine": True}

    def __call__(self, command: str, args: dict[str, Any], peer: Peer) -> Any:
        self.asked.append((command, args, peer))
        if isinstance(self.answer, Deferred):
            return self.answer
        if isinstance(self.answer, AnswerError):
            return fail(self.answer)
        if isinstance(self.answer, Exception):
            raise self.answer
        return succeed(self.answer)


class Administered:
    """At *path*, until ``close``."""

    def __init__(self, path: str, **options: Any) -> None:
        self.path = path
        self.told = Told()
        self.reactor = EPollReactor()
        self.admin = AdminSocket(
            cast(Reactor, self.reactor), path, self.told, **options
        )
        self._clients: list[socket.socket] = []

    def start(self) -> None:
        self.admin.bind()
        self.admin.start()

    def turn(self) -> None:
        self.reactor.iterate(0.002)

    def until(self, reached: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not reached():
            assert time.monotonic() < deadline, "it hangs"
            self.turn()

    def connect(self) -> socket.socket:
        """A client, which the gateway has taken."""
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._clients.append(client)
        client.connect(self.path)
        client.setblocking(False)
        self.turn()
        return client

    def read(self, client: socket.socket, lines: int = 1) -> list[bytes]:
        """So many lines, or what came before the end."""
        got = b""

        def done() -> bool:
            nonlocal got
            try:
                data = client.recv(1 << 20)
            except BlockingIOError:
                return False
            except ConnectionResetError:
                return True
            got += data
            return not data or got.count(b"\n") >= lines

        self.until(done)
        return got.splitlines(keepends=True)

    def is_closed(self, client: socket.socket) -> bool:
        """Whether the gateway has closed it, and all it said was read."""
        try:
            return not client.recv(1 << 16)
        except BlockingIOError:
            return False
        except (ConnectionResetError, BrokenPipeError):
            return True

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.admin.close()
        for _ in range(3):
            self.turn()
        for call in self.reactor.getDelayedCalls():
            call.cancel()
        self.reactor.removeAll()
        self.reactor._poller.close()
        for end in self.reactor.waker.i, self.reactor.waker.o:
            os.close(end)


@contextmanager
def administered(path: str, **options: Any) -> Iterator[Administered]:
    made = Administered(path, **options)
    made.start()
    try:
        yield made
    finally:
        made.close()
