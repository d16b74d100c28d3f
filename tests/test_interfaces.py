"""Whoever hears of interfaces: what the log says of them, and what else there is."""

from __future__ import annotations

import errno
import socket
from collections import deque
from collections.abc import Iterator
from typing import Any, cast

import pytest
from twisted.internet.task import Clock

from bridge.net import rtnetlink
from bridge.net.rtnetlink import DONE, GET_ADDRESS, GET_LINK, INTERRUPTED
from bridge.service.interfaces import AGAIN, BURST, Interfaces
from bridge.watch.repeated import QUIET
from tests.logged import Listening, logged
from tests.test_rtnetlink import link, message


class Reactor(Clock):
    def __init__(self) -> None:
        super().__init__()
        self.readers: list[Any] = []

    def addReader(self, reader: Any) -> None:
        self.readers.append(reader)

    def removeReader(self, reader: Any) -> None:
        self.readers.remove(reader)


class Kernel:
    """A socket's other end: what was asked of it, and what it says."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []
        self.says: deque[bytes | OSError] = deque()
        self.closed = False

    def send(self, data: bytes) -> None:
        (told,) = rtnetlink.messages(data)
        self.asked.append((told.kind, told.sequence))

    def recv(self, size: int) -> bytes:
        if not self.says:
            raise BlockingIOError
        said = self.says.popleft()
        if isinstance(said, OSError):
            raise said
        return said

    def fileno(self) -> int:
        return 99

    def close(self) -> None:
        self.closed = True


class Warned:
    changes = 0
    runs = False

    def start(self) -> None:
        self.runs = True

    def stop(self) -> None:
        self.runs = False

    def host_changed(self) -> None:
        self.changes += 1


class World:
    def __init__(self) -> None:
        self.reactor, self.kernel, self.warned = Reactor(), Kernel(), Warned()
        self.interfaces = Interfaces(
            cast(Any, self.reactor),
            self.warned,
            lambda: cast(socket.socket, self.kernel),
        )
        self.interfaces.startService()

    def hear(self, *said: bytes | OSError) -> None:
        self.kernel.says += said
        self.interfaces.doRead()

    def done(self, flags: int = 0) -> None:
        """The half of the round that was asked for last is over."""
        self.hear(message(DONE, bytes(4), flags, self.kernel.asked[-1][1]))

    def settle(self) -> World:
        self.hear(link(2, b"eth0", 1500))
        self.done()
        self.done()
        return self


@pytest.fixture
def log() -> Iterator[Listening]:
    with logged() as listening:
        yield listening


@pytest.fixture
def world(log: Listening) -> World:
    return World().settle()


def test_it_begins_with_all_there_is_one_kind_after_the_other(log: Listening) -> None:
    world = World()
    assert world.kernel.asked == [(GET_LINK, 1)]
    world.hear(link(2, b"eth0", 1500))
    world.done()
    assert world.kernel.asked == [(GET_LINK, 1), (GET_ADDRESS, 2)]
    world.done()
    assert log.lines == []
    assert world.warned.changes == 0


def test_a_change_is_a_line_and_the_warnings_are_looked_at(
    world: World, log: Listening
) -> None:
    world.hear(link(2, b"eth0", 1400))
    assert log.lines == ["interface eth0: MTU: 1500 -> 1400"]
    assert world.warned.changes == 1


def test_an_interface_that_flaps_is_counted(world: World, log: Listening) -> None:
    for n in range(1000):
        world.hear(link(2, b"eth0", 1400 + n % 2))
    assert len(log.lines) == BURST
    world.reactor.advance(QUIET)
    assert log.lines[BURST:] == [
        "interface eth0: MTU: 990 more in 60 s, the last: 1400 -> 1401"
    ]


def test_what_was_lost_is_found_by_asking_for_all_again(
    world: World, log: Listening
) -> None:
    asked = len(world.kernel.asked)
    world.hear(OSError(errno.ENOBUFS, "No buffer space available"))
    world.hear(OSError(errno.ENOBUFS, "No buffer space available"))
    assert len(world.kernel.asked) == asked
    world.reactor.advance(AGAIN)
    assert [kind for kind, _ in world.kernel.asked[asked:]] == [GET_LINK]
    world.hear(link(2, b"eth0", 9000))
    world.done()
    world.done()
    assert log.lines == ["interface eth0: MTU: 1500 -> 9000"]


def test_a_round_that_was_disturbed_is_made_again(world: World, log: Listening) -> None:
    world.hear(OSError(errno.ENOBUFS, "No buffer space available"))
    world.reactor.advance(AGAIN)
    asked = len(world.kernel.asked)
    world.done(INTERRUPTED)  # it has not named eth0, which is there all the same
    world.reactor.advance(AGAIN)
    assert [kind for kind, _ in world.kernel.asked[asked:]] == [GET_LINK]
    world.settle()
    assert log.lines == []


def test_a_kernel_that_is_busy_is_asked_later(world: World) -> None:
    world.hear(OSError(errno.ENOBUFS, ""))
    world.reactor.advance(AGAIN)
    asked = world.kernel.asked[-1][1]
    world.hear(message(2, (-errno.EBUSY).to_bytes(4, "little", signed=True), 0, asked))
    world.reactor.advance(AGAIN)
    assert world.kernel.asked[-1] == (GET_LINK, asked + 1)


def test_a_socket_that_breaks_is_given_up_in_a_line(
    world: World, log: Listening
) -> None:
    world.hear(OSError(errno.EBADF, "Bad file descriptor"))
    assert log.lines == ["interfaces are watched no more: Bad file descriptor"]
    assert world.kernel.closed
    assert world.reactor.readers == []


def test_where_there_is_no_rtnetlink_the_gateway_runs_all_the_same(
    log: Listening,
) -> None:
    def refuse() -> socket.socket:
        raise OSError(errno.EPROTONOSUPPORT, "Protocol not supported")

    interfaces = Interfaces(cast(Any, Reactor()), Warned(), refuse)
    interfaces.startService()
    assert log.lines == ["interfaces are not watched: Protocol not supported"]
    interfaces.stopService()


def test_nothing_of_it_is_left_at_the_end(world: World) -> None:
    world.hear(OSError(errno.ENOBUFS, ""), link(2, b"eth0", 1400))
    world.interfaces.stopService()
    assert world.kernel.closed
    assert not world.warned.runs
    assert world.reactor.readers == world.reactor.getDelayedCalls() == []
