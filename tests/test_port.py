"""Accepting: what accept(2) may say, how ports pause, and how sockets are made."""

from __future__ import annotations

import errno
import os
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Protocol, ServerFactory
from zope.interface.verify import verifyObject

from bridge.config.profile import Profile
from bridge.net import sockopt
from bridge.net.address import Address
from bridge.net.descriptors import SHORTAGE
from bridge.net.listener import Listener, listen_tcp, listen_unix
from bridge.net.port import ACCEPTS, CLIENT_GONE, Port
from bridge.net.room import RETRY, Room
from bridge.net.sockopt import Option
from tests.logged import logged
from tests.pumping import PATIENCE, Turner


class Greeting(Protocol):
    def connectionMade(self) -> None:
        factory: Any = self.factory
        factory.made.append(self)


class Factory(ServerFactory):
    protocol = Greeting
    noisy = False

    def __init__(self) -> None:
        self.made: list[Greeting] = []


class Failing:
    """A listening socket whose accept fails as told, then is the real one."""

    def __init__(self, sock: socket.socket, failures: list[int]) -> None:
        self._sock = sock
        self.failures = failures

    def _accept(self) -> tuple[int, Any]:
        if self.failures:
            number = self.failures.pop(0)
            raise OSError(number, os.strerror(number))
        accepted, peer = self._sock.accept()
        return accepted.detach(), peer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class Listening:
    """A port on loopback, its factory, and clients."""

    def __init__(
        self, *failures: int, most: int = 1000, room: Room | None = None
    ) -> None:
        self.turner = Turner()
        self.factory = Factory()
        self.room = room or Room(most)
        sock = listen_tcp(
            Address("::1", 0), Profile(), dual_stack=False, transparent=False
        ).socket
        self.socket = cast(socket.socket, Failing(sock, list(failures)))
        listener = Listener(self.socket)
        self.port = Port(self.turner.pump, listener, self.factory, self.room)
        self.port.startListening()
        self.clients: list[socket.socket] = []

    def connect(self) -> socket.socket:
        where = self.socket.getsockname()[:2]
        self.clients.append(socket.create_connection(where, timeout=5))
        return self.clients[-1]

    def close(self) -> None:
        for client in self.clients:
            client.close()
        for protocol in self.factory.made:
            protocol.transport.close()  # type: ignore[union-attr]
        self.port.stopListening()
        self.turner.pump.stop()


def test_it_is_a_listening_port() -> None:
    listening = Listening()
    assert verifyObject(IListeningPort, listening.port)
    where: Any = listening.port.getHost()
    assert where.host == "::1"
    listening.close()


@pytest.mark.parametrize(
    ("address", "transparent", "told"),
    [
        (Address("::1", 0), False, True),
        (Address("127.0.0.1", 0), False, True),
        (Address("::", 0), False, False),
        (Address("0.0.0.0", 0), False, False),
        (Address("::1", 0), True, False),
        (Address("127.0.0.1", 0), True, False),
    ],
)
def test_where_clients_come_to_is_known_if_that_is_one_address(
    address: Address, transparent: bool, told: bool
) -> None:
    """A transparent socket may take what was for others: TPROXY brings it there."""
    turner = Turner()
    listener = listen_tcp(address, Profile(), dual_stack=False, transparent=False)
    with listener.socket as sock:
        if transparent:
            try:
                sockopt.require_transparent(sock, sock.family)
            except PermissionError:
                pytest.skip("needs CAP_NET_ADMIN")
        port = Port(turner.pump, listener, Factory(), Room(1))
        assert port.address == (sock.getsockname()[:2] if told else None)
    turner.pump.stop()


def test_a_unix_socket_has_no_such_address(tmp_path: Path) -> None:
    turner = Turner()
    listener = listen_unix(str(tmp_path / "s"))
    with listener.socket:
        assert Port(turner.pump, listener, Factory(), Room(1)).address is None
    turner.pump.stop()


def test_what_connects_gets_a_protocol_and_a_transport() -> None:
    listening = Listening()
    client = listening.connect()
    listening.turner.until(lambda: listening.factory.made)
    client.sendall(b"x")
    transport: Any = listening.factory.made[0].transport
    assert transport.getPeer().port == client.getsockname()[1]
    listening.close()


@pytest.mark.parametrize("number", sorted(CLIENT_GONE), ids=errno.errorcode.get)
def test_one_client_that_went_away_does_not_stop_the_others(number: int) -> None:
    listening = Listening(number)
    listening.connect()
    listening.turner.until(lambda: listening.factory.made)
    listening.close()


@pytest.mark.parametrize("number", sorted(SHORTAGE), ids=errno.errorcode.get)
def test_a_shortage_pauses_says_so_once_and_ends_by_itself(
    number: int,
) -> None:
    listening = Listening(number, number, number)
    listening.connect()
    with logged() as log:
        for _ in range(3):
            listening.turner.settle()
            assert not listening.factory.made
            listening.turner.reactor.advance(RETRY)
        listening.turner.until(lambda: listening.factory.made)
    assert len([line for line in log.lines if os.strerror(number) in line]) == 1
    listening.close()


def test_an_unknown_error_is_a_bug_and_the_port_goes_on() -> None:
    listening = Listening(errno.EBADF)
    listening.connect()
    listening.turner.until(lambda: listening.factory.made)
    listening.close()


def test_a_full_house_lets_clients_wait_until_someone_leaves() -> None:
    listening = Listening(most=1)
    listening.room.taken += 1
    listening.connect()
    with logged() as log:
        listening.turner.settle()
    assert not listening.factory.made
    assert len(log.lines) == 1
    assert "limits.connections" in log.lines[0]
    listening.room.taken -= 1
    listening.room.resume()
    listening.turner.until(lambda: listening.factory.made)
    listening.close()


def test_a_crowd_is_taken_in_portions() -> None:
    listening = Listening()
    for _ in range(ACCEPTS + 10):
        listening.connect()
    listening.port.ready(0)
    assert len(listening.factory.made) == ACCEPTS
    listening.turner.until(lambda: len(listening.factory.made) == ACCEPTS + 10)
    listening.close()


def test_who_waits_at_the_door_when_it_closes_is_taken_in() -> None:
    listening = Listening()
    listening.connect()
    listening.port.stopListening()
    assert len(listening.factory.made) == 1
    listening.close()


def test_so_are_more_than_are_taken_in_a_turn() -> None:
    listening = Listening()
    for _ in range(3 * ACCEPTS):
        listening.connect()
    listening.port.stopListening()
    assert len(listening.factory.made) == 3 * ACCEPTS
    listening.close()


def test_a_paused_port_can_be_closed() -> None:
    listening = Listening(errno.EMFILE)
    listening.connect()
    listening.turner.settle()
    listening.port.stopListening()
    listening.turner.reactor.advance(RETRY)
    listening.close()


def test_what_is_not_inherited_is_set_on_each_connection() -> None:
    listening = Listening()
    nodelay = Option("nodelay", socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.port._listener = Listener(listening.socket, (nodelay,))
    listening.connect()
    listening.turner.until(lambda: listening.factory.made)
    transport: Any = listening.factory.made[0].transport
    assert transport.getTcpNoDelay()
    listening.close()


def test_a_port_stops_though_who_waits_cannot_be_taken(turner: Turner) -> None:
    listener = Listener(socket.create_server(("127.0.0.1", 0)))
    port = Port(turner.pump, listener, Factory(), Room(1))
    port.startListening()

    def accept() -> tuple[int, object]:
        raise OSError(errno.EBADF, "odd")

    port._accept = accept
    with logged() as log:
        port.stopListening()
        assert log.tracebacks == 1
    assert len(turner.pump) == 0


# Handing over


class Twice:
    """Two ports of one socket, as an old and a new generation have them."""

    def __init__(self, profile: Profile | None = None) -> None:
        self.socket = listen_tcp(
            Address("::1", 0),
            profile or Profile(),
            dual_stack=False,
            transparent=False,
        ).socket
        self.turners = Turner(), Turner()
        self.factories = Factory(), Factory()
        self.room = Room(1000)
        self.old, self.new = (
            Port(turner.pump, Listener(self.socket.dup()), factory, self.room)
            for turner, factory in zip(self.turners, self.factories, strict=True)
        )
        self.old.startListening()
        self.clients: list[socket.socket] = []

    def connect(self, count: int) -> None:
        where = self.socket.getsockname()[:2]
        for _ in range(count):
            self.clients.append(socket.create_connection(where, PATIENCE))

    def made(self, which: int) -> list[Greeting]:
        return self.factories[which].made

    def greet(self) -> None:
        """Each client hears from who accepted it."""
        for which in (0, 1):
            for protocol in self.made(which):
                transport: Any = protocol.transport
                transport.write(b"%d" % which)
        for client in self.clients:
            assert client.recv(1) in (b"0", b"1")

    def close(self) -> None:
        for port in (self.old, self.new):
            port.stopListening()
        for client in self.clients:
            client.close()
        for protocol in self.made(0) + self.made(1):
            protocol.transport.close()  # type: ignore[union-attr]
        for turner in self.turners:
            assert len(turner.pump) == 0
            turner.pump.stop()
        self.socket.close()


@pytest.fixture
def twice() -> Iterator[Twice]:
    made = Twice()
    yield made
    made.close()


def test_a_full_queue_is_the_successors(twice: Twice) -> None:
    queue = min(int(Path("/proc/sys/net/core/somaxconn").read_text()), 500)
    twice.connect(queue)
    twice.old.hand_over()
    twice.new.startListening()
    twice.turners[1].until(lambda: len(twice.made(1)) == queue)
    assert twice.made(0) == []
    twice.greet()


def test_who_came_before_stays_where_he_is(twice: Twice) -> None:
    twice.connect(3)
    twice.turners[0].until(lambda: len(twice.made(0)) == 3)
    twice.connect(3)
    twice.new.startListening()
    twice.old.hand_over()
    twice.turners[1].until(lambda: len(twice.made(1)) == 3)
    twice.greet()


def test_handshakes_that_are_under_way_end_at_the_successor() -> None:
    twice = Twice(Profile(defer_accept=30.0))  # they are, until the first byte comes
    twice.connect(20)
    twice.old.hand_over()
    twice.new.startListening()
    for client in twice.clients:
        client.sendall(b"x")
    twice.turners[1].until(lambda: len(twice.made(1)) == 20)
    twice.greet()
    twice.close()


def test_who_has_handed_over_is_woken_no_more(twice: Twice) -> None:
    twice.old.hand_over()
    twice.connect(1)
    pump = twice.turners[0].pump
    assert select.select([pump.fileno()], [], [], 0.1)[0] == []
    assert len(pump) == 0


def test_a_paused_port_hands_over_and_does_not_come_back(twice: Twice) -> None:
    twice.room.taken = twice.room.most
    twice.connect(1)
    with logged():
        twice.turners[0].settle()
    assert list(twice.room.waiting) == [twice.old]
    twice.old.hand_over()
    twice.room.taken = 0
    twice.room.resume()
    twice.new.startListening()
    twice.turners[1].until(lambda: twice.made(1))
    assert twice.made(0) == []


def test_a_port_hands_over_once(twice: Twice) -> None:
    twice.old.hand_over()
    twice.old.hand_over()
    twice.old.stopListening()
    assert twice.socket.fileno() >= 0
