"""A pump without a reactor: turned by hand, on a clock of the test's own."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from twisted.internet.interfaces import IReadDescriptor, IWriteDescriptor
from twisted.internet.task import Clock
from zope.interface import implementer

from bridge.net.direction import Direction
from bridge.net.pump import Pump, Reactor
from bridge.net.stream import Stream

PATIENCE = 10.0
"""Seconds until a test that waits for something says that it hangs."""


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@implementer(Reactor)
class HandTurned(Clock):
    """What a pump asks of a reactor; readers are only remembered."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: list[IReadDescriptor] = []

    def addReader(self, reader: IReadDescriptor) -> None:
        self.readers.append(reader)

    def removeReader(self, reader: IReadDescriptor) -> None:
        self.readers.remove(reader)

    def addWriter(self, writer: IWriteDescriptor) -> None:
        raise NotImplementedError

    def removeWriter(self, writer: IWriteDescriptor) -> None:
        raise NotImplementedError

    def removeAll(self) -> list[IReadDescriptor | IWriteDescriptor]:
        raise NotImplementedError

    def getReaders(self) -> list[IReadDescriptor]:
        return self.readers

    def getWriters(self) -> list[IWriteDescriptor]:
        return []


class Turner:
    """Turns a pump until something has come about."""

    def __init__(self) -> None:
        self.reactor = HandTurned()
        self.pump = Pump(self.reactor)

    def turn(self) -> None:
        """One turn, and the timers that are due now."""
        self.pump.turn()
        self.reactor.advance(0)

    def until(self, reached: Callable[[], object]) -> None:
        """Turn until *reached* is true; an error after PATIENCE seconds."""
        deadline = time.monotonic() + PATIENCE
        while not reached():
            assert time.monotonic() < deadline, "it hangs"
            select.select([self.pump.fileno()], [], [], 0.005)
            self.turn()

    def settle(self) -> None:
        """Turn until nothing is ready any more."""
        while select.select([self.pump.fileno()], [], [], 0.02)[0]:
            self.turn()
        self.turn()

    def stream(self, sock: socket.socket) -> Stream:
        """*sock* as a watched stream, not opened yet."""
        sock.setblocking(False)
        stream = Stream(self.pump, sock, sock.getpeername())
        self.pump.watch(stream.fd, stream)
        return stream


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """Both ends of a TCP connection over loopback, blocking, with a time-out."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    for end in (ours, theirs):
        end.settimeout(PATIENCE)
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return ours, theirs


@contextmanager
def tcp_pairs(count: int) -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    """Some of them, closed at the end."""
    pairs = [tcp_pair() for _ in range(count)]
    try:
        yield pairs
    finally:
        for pair in pairs:
            for end in pair:
                end.close()


@pytest.fixture
def turner() -> Iterator[Turner]:
    made = Turner()
    yield made
    made.pump.stop()


class Owner:
    """Hears how a direction goes."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.source: Stream | None = None

    def finished(self, direction: Direction) -> None:
        self.told.append("finished")

    def broken(self, stream: Stream, error: OSError | None = None) -> None:
        self.told.append("source" if stream is self.source else "sink")

    def passed(self, direction: Direction) -> None:
        self.told.append("passed")

    def crashed(self) -> None:
        self.told.append("crashed")
