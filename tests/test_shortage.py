"""Out of descriptors, of watches or of memory: everybody waits, and nothing is left."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator

import pytest

from bridge.net import dial
from bridge.net.pump import Pump
from bridge.net.room import RETRY
from tests.logged import logged
from tests.pumping import Turner, open_files
from tests.sessions import Running, server


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with server() as made:
        yield made


@pytest.fixture
def running(listening: socket.socket) -> Iterator[Running]:
    made = Running(listening.getsockname())
    yield made
    made.close()


class Full:
    """An epoll that says no to so many calls of *verb*."""

    def __init__(self, pump: Pump, verb: str, times: int, number: int) -> None:
        self._epoll, self._verb = pump._epoll, verb
        self._times, self._number = times, number
        pump._epoll = self  # type: ignore[assignment]

    def __getattr__(self, name: str) -> object:
        if name == self._verb and self._times:
            self._times -= 1
            return self._refuse
        return getattr(self._epoll, name)

    def _refuse(self, *_: int) -> None:
        raise OSError(self._number, os.strerror(self._number))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.ENOMEM])
def test_who_is_accepted_and_cannot_be_watched_waits_and_is_served(
    running: Running, listening: socket.socket, number: int
) -> None:
    Full(running.turner.pump, "register", 2, number)
    client = running.connect()
    before = open_files()
    with logged() as log:
        for _ in range(2):
            running.turner.settle()
            assert not running.live.sessions
            assert open_files() == before + 1
            running.turner.reactor.advance(RETRY)
    accepted = running.accept(listening)
    client.sendall(b"patient")
    running.turner.settle()
    assert accepted.recv(100) == b"patient"
    assert len([line for line in log.lines if "cannot accept" in line]) == 1
    assert ("max_user_watches" in log.lines[0]) is (number == errno.ENOSPC)


def test_who_waits_to_be_watched_is_let_go_when_the_port_closes(
    running: Running,
) -> None:
    Full(running.turner.pump, "register", 9, errno.ENOSPC)
    before = open_files()
    client = running.connect()
    running.turner.settle()
    running.port.stopListening()
    running.turner.settle()
    client.close()
    assert open_files() == before - 1


def test_a_dial_that_cannot_be_watched_leaves_no_descriptor(
    running: Running, listening: socket.socket
) -> None:
    running.connect()
    accepted = running.accept(listening)
    Full(running.turner.pump, "register", 1, errno.ENOSPC)
    before = open_files()
    where = dial.Target(socket.AF_INET, listening.getsockname(), ())
    told: list[object] = []

    class Factory:
        def clientConnectionFailed(self, _: object, reason: object) -> None:
            told.append(reason)

    attempt = dial.Dial(running.turner.pump, where, Factory())  # type: ignore[arg-type]
    attempt.connect()
    assert len(told) == 1
    assert dial.is_ours(told[0].value)  # type: ignore[attr-defined]
    assert open_files() == before
    accepted.close()


def test_a_mask_that_cannot_be_changed_makes_no_port_deaf(
    running: Running, listening: socket.socket
) -> None:
    Full(running.turner.pump, "modify", 3, errno.ENOMEM)
    room = running.terms.house.room
    room.taken = room.most
    client = running.connect()
    running.turner.turn()
    room.taken = 0
    room.resume()
    for _ in range(4):
        running.turner.reactor.advance(RETRY)
        running.turner.settle()
    running.accept(listening)
    client.close()


def test_a_stream_that_cannot_be_armed_anew_is_looked_at_again() -> None:
    turner = Turner()
    Full(turner.pump, "modify", 1, errno.ENOMEM)
    ran: list[str] = []

    class Runnable:
        def run(self) -> None:
            ran.append("run")

        def crashed(self) -> None:
            raise AssertionError

    turner.pump.rearm(0, Runnable())
    turner.turn()
    assert ran == ["run"]
    turner.pump.stop()


def test_a_dial_without_descriptor_waits_with_its_client_and_nobody_comes_in_before(
    running: Running, listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.connect()
    running.accept(listening)

    def short(*_: object) -> socket.socket:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        patch.setattr(dial, "Socket", short)
        clients = [running.connect() for _ in range(3)]
        with logged() as log:
            for _ in range(5):
                running.turner.settle()
                running.turner.reactor.advance(RETRY)
            running.turner.settle()
        assert len(running.live.sessions) == 2  # the first, and one that waits
        assert running.records == []
        assert len([line for line in log.lines if "Too many open files" in line]) == 1
    for client in clients:
        client.sendall(b"patient")
    for _ in clients:
        running.turner.reactor.advance(RETRY)
        running.turner.settle()
        accepted, _ = listening.accept()
        assert accepted.recv(100) == b"patient"
        accepted.close()
    assert running.terms.house.room.postponed == 0


def test_a_client_that_leaves_while_its_dial_waits_is_forgotten(
    running: Running, listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.connect()
    running.accept(listening)

    def short(*_: object) -> socket.socket:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(dial, "Socket", short)
    client = running.connect()
    running.turner.settle()
    assert running.terms.house.room.postponed == 1
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    assert running.record().ending == "front_reset"
    assert running.terms.house.room.postponed == 0
