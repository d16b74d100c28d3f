"""A server with several addresses: which are tried, when, and who wins."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.error import UserError
from twisted.internet.interfaces import IConnector
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from bridge.net.address import Address
from bridge.net.dial import Target
from bridge.net.race import DELAY, Race, delay_within, line_up, order
from bridge.net.sockopt import TCP_FASTOPEN_CONNECT, Option
from tests.pumping import PATIENCE, Turner


class Hearing(ClientFactory):
    noisy = False

    def __init__(self) -> None:
        self.told: list[Any] = []
        """The address of a protocol built, or the type of a failure."""
        self.protocols: list[Protocol] = []

    def buildProtocol(self, addr: Any) -> Protocol:
        self.told.append(addr.port)
        self.protocols.append(Protocol())
        return self.protocols[-1]

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        self.told.append(reason.type)
        self.connector = connector


class Racing:
    """A race over a pump turned by hand, between addresses of loopback."""

    def __init__(self, *ports: tuple[str, int]) -> None:
        self.turner, self.factory = Turner(), Hearing()
        targets = [Target(socket.AF_INET, where, ()) for where in ports]
        self.race = Race(self.turner.pump, targets, self.factory)
        self.race.connect()

    def __enter__(self) -> Racing:
        return self

    def __exit__(self, *error: object) -> None:
        self.race.disconnect()
        for protocol in self.factory.protocols:
            protocol.transport.abort()  # type: ignore[union-attr]

    @property
    def told(self) -> list[Any]:
        return self.factory.told

    @property
    def running(self) -> int:
        """Sockets that the pump watches."""
        return len(self.turner.pump)

    def pass_time(self, seconds: float) -> None:
        self.turner.reactor.advance(seconds)

    def settled(self) -> list[Any]:
        """All that is told when nothing happens any more, timers included."""
        self.turner.settle()
        self.pass_time(10 * DELAY)
        self.turner.settle()
        return self.told


@contextmanager
def listening() -> Iterator[tuple[socket.socket, tuple[str, int]]]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        yield server, server.getsockname()


@contextmanager
def silent() -> Iterator[tuple[str, int]]:
    """An address that does not answer: its queue is full, so it drops every SYN."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as server,
        socket.create_connection(server.getsockname()),
    ):
        yield server.getsockname()


def closed() -> tuple[str, int]:
    with listening() as (_, where):
        return where


def test_the_families_take_turns_and_ipv6_begins() -> None:
    hosts = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "::2", "::1"]
    ordered = order([Address(host, 80) for host in hosts])
    assert [address.host for address in ordered] == [
        "::2", "192.0.2.1", "::1", "192.0.2.2", "192.0.2.3",
    ]  # fmt: skip
    assert order([]) == []


def test_targets_are_ordered_like_addresses_and_lose_fast_open() -> None:
    fast = Option("fast_open", socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
    other = Option("mss", socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1220)
    four = Target(socket.AF_INET, ("192.0.2.1", 80), (fast, other))
    six = Target(socket.AF_INET6, ("::1", 80, 0, 0), (other,))
    lined_up = line_up([four, six])
    assert lined_up[0] is six
    assert lined_up[1] == Target(socket.AF_INET, ("192.0.2.1", 80), (other,))


def test_it_is_a_connector() -> None:
    with Racing(closed()) as racing:
        assert verifyObject(IConnector, racing.race)


def test_an_address_that_answers_is_the_only_one_tried() -> None:
    with (
        listening() as (_, first),
        listening() as (second, where),
        Racing(first, where) as racing,
    ):
        racing.turner.until(lambda: racing.told)
        assert racing.settled() == [first[1]]
        assert racing.running == 1
        second.settimeout(0.01)
        with pytest.raises(TimeoutError):
            second.accept()
        assert racing.turner.reactor.getDelayedCalls() == []


def test_silence_gives_the_next_its_turn_after_the_delay() -> None:
    with silent() as first, listening() as (_, second), Racing(first, second) as racing:
        racing.turner.settle()
        racing.pass_time(DELAY - 0.01)
        assert racing.running == 1
        racing.pass_time(0.01)
        assert racing.running == 2
        racing.turner.until(lambda: racing.told)
        assert racing.settled() == [second[1]]
        assert racing.running == 1


def test_a_refusal_gives_the_next_its_turn_at_once() -> None:
    with listening() as (_, second), Racing(closed(), second) as racing:
        racing.turner.until(lambda: racing.told)
        assert racing.settled() == [second[1]]


def test_what_cannot_even_begin_gives_the_next_its_turn() -> None:
    with listening() as (_, second), Racing(("255.255.255.255", 80), second) as racing:
        racing.turner.until(lambda: racing.told)
        assert racing.settled() == [second[1]]


def test_each_of_three_waits_for_the_one_before_it() -> None:
    with (
        silent() as first,
        silent() as second,
        listening() as (_, third),
        Racing(first, second, third) as racing,
    ):
        racing.pass_time(DELAY)
        racing.pass_time(DELAY - 0.01)
        assert racing.running == 2
        racing.pass_time(0.01)
        racing.turner.until(lambda: racing.told)
        assert racing.settled() == [third[1]]
        assert racing.running == 1


def test_the_first_may_still_win_when_the_second_has_failed() -> None:
    with listening() as (_, first), Racing(first, closed()) as racing:
        racing.pass_time(DELAY)  # before the pump has seen that the first is through
        racing.turner.until(lambda: racing.told)
        assert racing.settled() == [first[1]]


def test_a_loser_that_had_been_accepted_is_reset() -> None:
    with (
        listening() as (first, one),
        listening() as (second, two),
        Racing(one, two) as racing,
    ):
        racing.pass_time(DELAY)  # both connected, and the pump has seen neither
        ends = [server.accept()[0] for server in (first, second)]
        racing.turner.until(lambda: racing.told)
        (won,) = racing.settled()
        winner, loser = ends if won == one[1] else ends[::-1]
        with winner, loser:
            loser.settimeout(PATIENCE)
            with pytest.raises(ConnectionResetError):
                loser.recv(1)
            transport: Any = racing.factory.protocols[0].transport
            transport.write(b"question")
            assert winner.recv(100) == b"question"


def test_when_all_have_failed_that_is_told_once() -> None:
    with Racing(closed(), closed(), closed()) as racing:
        racing.turner.until(lambda: racing.told)
        assert racing.settled() == [Refused]
        assert racing.factory.connector is racing.race
        assert racing.running == 0


def test_a_refusal_is_not_told_while_another_may_still_answer() -> None:
    with silent() as first, Racing(first, closed()) as racing:
        racing.pass_time(DELAY)
        assert racing.settled() == []
        assert racing.running == 1


def test_giving_up_tells_nobody_and_leaves_nothing() -> None:
    with (
        silent() as first,
        silent() as second,
        listening() as (_, third),
        Racing(first, second, third) as racing,
    ):
        racing.pass_time(DELAY)
        racing.race.disconnect()
        assert racing.settled() == []
        assert racing.running == 0
        assert racing.turner.reactor.getDelayedCalls() == []
        racing.race.disconnect()


def test_stopping_is_an_error_unless_connecting() -> None:
    with silent() as first, listening() as (_, second), Racing(first, second) as racing:
        racing.race.stopConnecting()
        assert racing.settled() == [UserError]
        with pytest.raises(UserError):
            racing.race.stopConnecting()


def test_options_that_the_kernel_refuses_fail_every_address() -> None:
    bad = Option("congestion", socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"no such")
    turner, factory = Turner(), Hearing()
    targets = [Target(socket.AF_INET, closed(), (bad,)) for _ in range(2)]
    Race(turner.pump, targets, factory).connect()
    assert len(factory.told) == 1
    assert turner.reactor.getDelayedCalls() == []


def test_its_destination_is_the_first_address() -> None:
    with silent() as first, listening() as (_, second), Racing(first, second) as racing:
        destination: Any = racing.race.getDestination()
        assert destination.port == first[1]


@pytest.mark.parametrize(
    ("seconds", "targets", "delay"),
    [(3.0, 2, DELAY), (0.2, 2, 0.1), (0.2, 1, 0.2), (3.0, 0, DELAY), (0.5, 4, 0.125)],
)
def test_each_address_has_its_time_within_a_deadline(
    seconds: float, targets: int, delay: float
) -> None:
    assert delay_within(seconds, targets) == delay
