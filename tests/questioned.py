"""A gateway in this process, turned by hand, with servers of ours and real clients."""

from __future__ import annotations

import gc
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from bridge.config import parse
from bridge.service import gateway
from bridge.service.answers import Answers
from bridge.service.gateway import Gateway
from bridge.service.logs import Logs
from bridge.service.own_listeners import OwnListeners
from bridge.service.sockets import Sockets
from bridge.session.session import Session
from bridge.watch.log import Log
from tests.logged import logged
from tests.pumping import PATIENCE, HandTurned
from tests.sessions import server


class Asked:
    """
    The fronts one and two lead to the farm inner, of the server b; *keys* are more of
    that farm's, *more* of the configuration's.
    """

    def __init__(self, keys: str = "", more: str = "", extra: str = "") -> None:
        self.server = server()
        self.where = f"127.0.0.1:{self.server.getsockname()[1]}"
        servers = f'{{address: "{self.where}", name: b}}{extra}'
        config = parse(
            'fronts: {one: {listen: "127.0.0.1:0", to: inner},\n'
            '  two: {listen: "127.0.0.1:0", to: inner}}\n'
            f"farms: {{inner: {{servers: [{servers}], check: off{keys}}}}}\n{more}"
        ).config
        self.reactor = HandTurned()
        self.log = Log()
        listeners = OwnListeners(config, Sockets({}))
        self.gateway = Gateway(config, self.reactor, listeners, Logs(self.log))
        self.answers = Answers(self.gateway)
        self._ends: list[socket.socket] = []

    def start(self) -> None:
        with mock.patch.object(gateway, "raise_limit", lambda: 1000), logged():
            self.gateway.privilegedStartService()
            with (
                mock.patch.object(gc, "freeze"),
                mock.patch.object(gc, "set_threshold"),
            ):
                self.gateway.startService()

    def ask(self, command: str, **args: Any) -> dict[str, Any]:
        """What is answered, of a command whose arguments are right."""
        with logged():
            return self.answers.answer(command, args)

    def turn(self, seconds: float = 0.0) -> None:
        for reader in tuple(self.reactor.readers):
            reader.doRead()
        self.reactor.advance(seconds)

    def sessions(self) -> list[Session]:
        return [each for front in self.gateway.fronts for each in front.living]

    def connect(self, front: int = 0) -> tuple[socket.socket, socket.socket]:
        """A client and its server, once bytes may flow between them."""
        (listens,) = self.gateway.fronts[front].listens
        before = len(self.sessions())
        port = int(listens.rsplit(":", 1)[1])
        client = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._ends.append(client)
        self.until(lambda: len(self.sessions()) > before)
        accepted, _ = self.server.accept()
        accepted.settimeout(PATIENCE)
        self._ends.append(accepted)
        self.until(lambda: all(each.up is not None for each in self.sessions()))
        return client, accepted

    def move(self, sender: socket.socket, receiver: socket.socket, size: int) -> None:
        """*size* bytes through a session, to their end."""
        sender.sendall(b"x" * size)
        receiver.setblocking(False)
        got = 0

        def all_came() -> bool:
            nonlocal got
            try:
                got += len(receiver.recv(1 << 20))
            except BlockingIOError:
                pass
            return got >= size

        self.until(all_came)
        receiver.settimeout(PATIENCE)

    def until(self, reached: Any) -> None:
        deadline = time.monotonic() + PATIENCE
        while not reached():
            assert time.monotonic() < deadline, "it hangs"
            self.turn()

    def close(self) -> None:
        ended: list[None] = []
        self.gateway.hurry()
        with logged():
            self.gateway.stopService().addCallback(ended.append)
            self.until(lambda: ended)
        for end in (*self._ends, self.server):
            end.close()


@contextmanager
def asked(*args: Any, **keywords: Any) -> Iterator[Asked]:
    """One that runs within."""
    made = Asked(*args, **keywords)
    made.start()
    try:
        yield made
    finally:
        made.close()
