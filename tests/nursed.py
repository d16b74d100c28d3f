"""
Nurseries and workers as the supervisor meets them, played by the test: real sockets,
which are turned by hand, and no processes.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from functools import partial
from typing import Any

from twisted.internet.error import (
    ConnectionDone,
    ProcessDone,
    ProcessExitedAlready,
    ProcessTerminated,
)
from twisted.internet.interfaces import IProtocol
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from bridge.processes.link import Link, Message
from bridge.processes.nursery import CONTROL, SNAPSHOT
from bridge.processes.snapshot import Snapshot
from tests.pumping import HandTurned

NOBODY = 1 << 30
"""Beyond all numbers that processes have: a slip of a test kills nobody."""

TOPICS = ("retire", "stop", "hurry", "reload", "reopen", "state")


class Wire(StringTransport):
    """The transport of *protocol* on a socket of its own."""

    def __init__(self, fd: int, protocol: IProtocol) -> None:
        super().__init__()
        self._socket = socket.socket(fileno=fd)
        self._socket.setblocking(False)
        self._protocol = protocol
        protocol.makeConnection(self)

    def write(self, data: bytes) -> None:
        with suppress(OSError):
            self._socket.sendall(data)

    def loseConnection(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def fileno(self) -> int:
        return self._socket.fileno()

    def turn(self) -> None:
        """What has come, and perhaps the end."""
        while self._socket.fileno() >= 0:
            try:
                data = self._socket.recv(1 << 16)
            except BlockingIOError:
                return
            except ConnectionError:
                data = b""
            if data:
                self._protocol.dataReceived(data)
            else:
                self.close()
                self._protocol.connectionLost(Failure(ConnectionDone()))

    def close(self) -> None:
        self._socket.close()


class FakeWorker:
    """One that a nursery has forked: it answers and does nothing by itself."""

    def __init__(self, nursery: FakeNursery, words: list[str], fd: int) -> None:
        self.number, self.column, self.cpu, self.tells = map(int, words)
        self.pid = NOBODY + nursery.reactor.born
        nursery.reactor.born += 1
        self.dead = False
        self.told: list[tuple[str, Message]] = []
        self._nursery = nursery
        self.link = Link(lambda: None)
        for topic in TOPICS:
            self.link.on(topic, partial(self._hear, topic))
        self.link.on("ask", lambda said: {"worker": self.number, **said})
        self._wire = Wire(fd, self.link)
        nursery.reactor.wires.append(self._wire)

    @property
    def topics(self) -> list[str]:
        """What it was told, without the messages."""
        return [topic for topic, _ in self.told]

    def _hear(self, topic: str, message: Message) -> None:
        self.told.append((topic, message))

    def accepts(self) -> None:
        self.link.send("ready", {})

    def dies(self, status: int = 9) -> None:
        """As wait(2) has it."""
        self._wire.close()
        if self.dead:
            return
        self.dead = True
        self._nursery.alive -= 1
        self._nursery.says(f"died {self.pid} {status}")

    def ends(self) -> None:
        self.link.send("ended", {})
        self.dies(0)


class FakeNursery:
    """One that was spawned: it forks when it is turned, and says so."""

    def __init__(self, reactor: FakeReactor, protocol: Any, fds: dict[int, int]):
        self.reactor = reactor
        self.fds = fds
        self.snapshot = Snapshot.read(os.dup(fds[SNAPSHOT]))
        self.heard: list[str] = []
        self.workers: list[FakeWorker] = []
        self.alive = 0
        self.quits = False
        self.hangs = False
        self.killed = False
        self._protocol = protocol
        self.control = socket.socket(fileno=os.dup(fds[CONTROL]))
        self.control.setblocking(False)

    def says(self, text: str) -> None:
        with suppress(OSError):
            self.control.send(text.encode())

    def turn(self) -> None:
        while self.control.fileno() >= 0 and not self.hangs:
            try:
                data, fds, _, _ = socket.recv_fds(self.control, 1 << 16, 4)
            except BlockingIOError:
                break
            if not data:  # the supervisor is gone
                self.control.close()
                return
            text = data.decode()
            self.heard.append(text)
            word, *rest = text.split()
            if word == "fork":
                worker = FakeWorker(self, rest, fds[0])
                self.workers.append(worker)
                self.alive += 1
                self.says(f"forked {worker.number} {worker.pid}")
            elif word == "quit":
                self.quits = True
                self.says("closed")
        if self.quits and self.alive == 0 and self.control.fileno() >= 0:
            self.ends()

    def ends(self, status: int = 0) -> None:
        """As wait(2) has it."""
        self.control.close()
        ended: Exception = ProcessDone(None)
        if status:
            signal = status if status < 128 else None
            ended = ProcessTerminated(status >> 8, signal, status)
        self._protocol.processEnded(Failure(ended))

    # What the reactor returns

    def signalProcess(self, signal: str) -> None:
        assert signal == "KILL"
        if self.control.fileno() < 0:
            raise ProcessExitedAlready
        self.killed = True
        self.ends(9)


class FakeReactor(HandTurned):
    """Spawns fakes, and adopts real sockets."""

    def __init__(self) -> None:
        super().__init__()
        self.nurseries: list[FakeNursery] = []
        self.wires: list[Wire] = []
        self.spawned: dict[str, Any] = {}
        """What the last process was to be."""
        self.refuses: OSError | None = None
        """Why nothing is spawned or adopted."""
        self.born = 0

    @property
    def nursery(self) -> FakeNursery:
        """The newest."""
        return self.nurseries[-1]

    def spawnProcess(
        self, protocol: Any, executable: str, args: Any, *, env: Any, childFDs: Any
    ) -> FakeNursery:
        self._perhaps()
        self.spawned = {"executable": executable, "args": args, "env": env}
        nursery = FakeNursery(self, protocol, childFDs)
        self.nurseries.append(nursery)
        return nursery

    def adoptStreamConnection(self, fd: int, family: int, factory: Any) -> None:
        self._perhaps()
        assert family == socket.AF_UNIX and not os.get_blocking(fd)
        self.wires.append(Wire(os.dup(fd), factory.buildProtocol(None)))

    def _perhaps(self) -> None:
        if self.refuses is not None:
            raise self.refuses

    def turn(self) -> None:
        """Everybody hears what was said, and what is said to that."""
        for _ in range(4):
            for nursery in tuple(self.nurseries):
                nursery.turn()
            for wire in tuple(self.wires):
                wire.turn()
            for reader in tuple(self.readers):
                reader.doRead()

    def close(self) -> None:
        """Nothing is left open."""
        for wire in self.wires:
            wire.close()
        for nursery in self.nurseries:
            nursery.control.close()
        for reader in tuple(self.readers):
            reader.connectionLost(Failure(ConnectionDone()))
