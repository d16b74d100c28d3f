"""One attempt to connect: success, every failure, and giving up."""

from __future__ import annotations

import errno
import os
import resource
import socket
from dataclasses import replace
from typing import Any

import pytest
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.error import UserError
from twisted.internet.interfaces import IConnector
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from bridge.net.dial import Dial, Target, is_ours
from bridge.net.sockopt import Option
from bridge.net.stream import Stream
from bridge.net.tcpinfo import tcp_info
from tests.pumping import PATIENCE, Turner


class Hearing(ClientFactory):
    noisy = False

    def __init__(self) -> None:
        self.protocols: list[Protocol] = []
        self.failures: list[Failure] = []
        self.first = b""

    def buildProtocol(self, addr: Any) -> Protocol:
        self.protocols.append(Receiving(self.first))
        return self.protocols[-1]

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        self.failures.append(reason)


class Receiving(Protocol):
    def __init__(self, first: bytes) -> None:
        self.received = b""
        self._first = first

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(self._first)

    def dataReceived(self, data: bytes) -> None:
        self.received += data


def target(where: tuple[str, int], *options: Option) -> Target:
    return Target(socket.AF_INET, where, options)


def dialing(where: Target) -> tuple[Turner, Hearing, Dial]:
    turner, factory = Turner(), Hearing()
    return turner, factory, Dial(turner.pump, where, factory)


def closed_port() -> tuple[str, int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        where: tuple[str, int] = server.getsockname()
    return where


def test_it_is_a_connector() -> None:
    assert verifyObject(IConnector, dialing(target(("127.0.0.1", 1)))[2])


def test_success_builds_a_protocol_on_a_stream() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        turner, factory, dial = dialing(target(server.getsockname()))
        dial.connect()
        turner.until(lambda: factory.protocols)
        accepted, _ = server.accept()
        with accepted:
            transport: Any = factory.protocols[0].transport
            transport.write(b"question")
            assert accepted.recv(100) == b"question"
        assert factory.failures == []
        transport.close()


def test_a_server_that_speaks_first_is_heard() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        turner, factory, dial = dialing(target(server.getsockname()))
        dial.connect()
        accepted, _ = server.accept()
        accepted.sendall(b"220 ready")  # before the pump has seen the handshake
        turner.until(lambda: factory.protocols)
        protocol: Any = factory.protocols[0]
        turner.until(lambda: protocol.received == b"220 ready")
        accepted.close()
        protocol.transport.close()


def test_refusal_is_told_once() -> None:
    turner, factory, dial = dialing(target(closed_port()))
    dial.connect()
    turner.until(lambda: factory.failures)
    turner.settle()
    assert [failure.type for failure in factory.failures] == [Refused]
    assert len(turner.pump) == 0


def test_what_cannot_even_begin_is_told_too() -> None:
    turner, factory, dial = dialing(target(("255.255.255.255", 80)))
    dial.connect()
    turner.until(lambda: factory.failures)
    assert len(turner.pump) == 0


def test_an_option_that_the_kernel_refuses_fails_the_dial() -> None:
    bad = Option("congestion", socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"no such")
    _, factory, dial = dialing(target(closed_port(), bad))
    dial.connect()
    assert "congestion" in str(factory.failures[0].value)


def test_without_descriptors_the_dial_fails_and_nothing_else() -> None:
    _, factory, dial = dialing(target(closed_port()))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    probe = os.dup(0)
    os.close(probe)
    resource.setrlimit(resource.RLIMIT_NOFILE, (probe, limits[1]))
    try:
        dial.connect()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    error: Any = factory.failures[0].value
    assert error.osError == errno.EMFILE


def test_giving_up_tells_nobody_and_leaves_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        turner, factory, dial = dialing(target(server.getsockname()))
        dial.connect()
        dial.disconnect()
        turner.settle()
        assert (factory.protocols, factory.failures) == ([], [])
        assert len(turner.pump) == 0
        dial.disconnect()


def test_stopping_is_an_error_unless_connecting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        _, factory, dial = dialing(target(server.getsockname()))
        with pytest.raises(UserError):
            dial.stopConnecting()
        dial.connect()
        dial.stopConnecting()
        assert [failure.type for failure in factory.failures] == [UserError]


def test_a_bug_of_ours_is_a_failed_dial() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        turner, factory, dial = dialing(target(server.getsockname()))
        dial.connect()
        dial.crashed()
        assert len(factory.failures) == 1
        assert len(turner.pump) == 0


def test_a_server_that_accepts_and_resets_was_reached() -> None:
    """Its reset is the session's to pass on, after what it said; not a failed dial."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        turner, factory, dial = dialing(target(server.getsockname()))
        dial.connect()
        accepted, _ = server.accept()
        accepted.sendall(b"busy")
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        accepted.close()
        turner.until(lambda: factory.protocols)
        assert factory.failures == []


def test_giving_up_is_a_reset_to_a_server_that_accepted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        _, _, dial = dialing(target(server.getsockname()))
        dial.connect()
        accepted, _ = server.accept()
        dial.disconnect()
        with accepted, pytest.raises(ConnectionResetError):
            accepted.recv(1)


def transport_of(factory: Hearing) -> Stream:
    (protocol,) = factory.protocols
    assert isinstance(protocol.transport, Stream)
    return protocol.transport


def segments(where: Target, first: bytes) -> int:
    """How many a server has got, from the handshake's end to the first bytes of us."""
    turner, factory, dial = dialing(where)
    factory.first = first
    assert isinstance(where.sockaddr, tuple)
    with socket.create_server(where.sockaddr) as server:
        server.settimeout(PATIENCE)
        dial.connect()
        turner.until(lambda: factory.protocols)
        accepted, _ = server.accept()
        with accepted:
            assert accepted.recv(100) == first
            got = tcp_info(accepted).segs_in
        transport_of(factory).abortConnection()
        turner.settle()
        return got


def test_the_handshakes_last_ack_rides_on_the_first_bytes() -> None:
    at_once = Option("quickack", socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    riding = segments(target(closed_port()), b"hello")
    assert segments(target(closed_port(), at_once), b"hello") == riding + 1


def test_without_first_bytes_the_ack_goes_at_once() -> None:
    """A server that speaks first is not kept waiting."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        turner, factory, dial = dialing(target(server.getsockname()))
        dial.connect()
        turner.until(lambda: factory.protocols)
        server.accept()[0].close()
        transport_of(factory).abortConnection()
        turner.settle()


NOBODYS = Option("congestion", socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"nobody")


def test_an_option_that_cannot_be_set_is_our_fault_and_says_which() -> None:
    turner, factory, dial = dialing(target(closed_port(), NOBODYS))
    dial.connect()
    error: Any = factory.failures[0].value
    assert is_ours(error)
    assert error.args[0] == (
        "cannot set congestion: No such file or directory (value nobody)"
    )
    assert len(turner.pump) == 0


def test_a_source_that_is_not_this_hosts_is_our_fault() -> None:
    where = replace(target(closed_port()), source=("203.0.113.9", 0))
    _, factory, dial = dialing(where)
    dial.connect()
    error: Any = factory.failures[0].value
    assert is_ours(error)
    assert "cannot leave from 203.0.113.9" in error.args[0]


def test_a_bug_is_our_fault_and_a_refusal_is_not() -> None:
    turner, factory, dial = dialing(target(closed_port()))
    dial.connect()
    turner.until(lambda: factory.failures)
    assert not is_ours(factory.failures[0].value)
    dial.crashed()
    assert is_ours(factory.failures[1].value)
