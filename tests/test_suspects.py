"""One line a network and hour, and memory with an end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twisted.internet.task import Clock

from bridge.watch.suspects import (
    HOUR,
    LONG,
    MOST,
    MOST_CARRY,
    MOST_SILENT,
    Suspects,
    network_of,
)
from tests.logged import Listening, logged
from tests.test_black_holes import STUCK

SOON = STUCK._replace(backoff=LONG - 1)


@pytest.fixture
def log() -> Iterator[Listening]:
    with logged() as listening:
        yield listening


@pytest.fixture
def clock() -> Clock:
    return Clock()


def made(clock: Clock) -> Suspects:
    clock.advance(10 * HOUR)
    return Suspects("front web", "mss: safe in profile p", clock.seconds)


def test_a_line_has_the_network_and_every_cure(log: Listening, clock: Clock) -> None:
    made(clock).suspect("2001:db8:5:1::7", STUCK)
    (line,) = log.lines
    for part in (
        "front web: segments of full size seem to vanish",
        "2001:db8:5::/48 (as to 2001:db8:5:1::7): 1428 bytes",
        "mss: safe in profile p, or net.ipv4.tcp_mtu_probing=1, or a route",
        "mtu lock 1280",
    ):
        assert part in line


def test_of_one_network_there_is_a_line_an_hour(log: Listening, clock: Clock) -> None:
    suspects = made(clock)
    for host in range(119):
        suspects.suspect(f"192.0.2.{host}", STUCK)
        clock.advance(60)
    assert len(log.lines) == 2
    assert suspects.sessions == 119
    (told,) = suspects.told()
    assert told["network"] == "192.0.2.0/24"
    assert told["host"] == "192.0.2.118"
    assert (told["sessions"], told["seconds"]) == (59, 60)


def test_an_hour_later_nothing_is_told_of_it(clock: Clock) -> None:
    suspects = made(clock)
    suspects.suspect("192.0.2.1", STUCK)
    clock.advance(HOUR)
    assert suspects.told() == []


def test_too_many_networks_are_one_line_more(log: Listening, clock: Clock) -> None:
    suspects = made(clock)
    for n in range(MOST + 50):
        suspects.suspect(f"10.{n // 256}.{n % 256}.1", STUCK)
    assert len(log.lines) == len(suspects.told()) + 1 == MOST + 1
    assert "more than 256 networks" in log.lines[-1]


def test_a_silent_one_has_to_be_tried_long(clock: Clock) -> None:
    suspects = made(clock)
    assert not suspects.may_be("192.0.2.1", 5.0, SOON)
    assert suspects.sessions == 0
    assert suspects.may_be("192.0.2.1", 5.0, STUCK)
    assert suspects.sessions == 1


def test_or_to_come_back_and_meet_the_same(clock: Clock) -> None:
    suspects = made(clock)
    first = clock.seconds()
    clock.advance(5)
    assert not suspects.may_be("192.0.2.1", first, SOON)
    clock.advance(5)
    assert not suspects.may_be("192.0.2.1", first, SOON)  # the same one again
    assert not suspects.may_be("192.0.2.1", first + 1, SOON)  # it came with that
    assert not suspects.may_be("192.0.2.2", clock.seconds(), SOON)  # another host
    assert suspects.may_be("192.0.2.1", clock.seconds(), SOON)


def test_not_where_segments_of_full_size_arrive_nearby(clock: Clock) -> None:
    suspects = made(clock)
    suspects.carries("2001:db8:5::1")
    assert not suspects.may_be("2001:db8:5:9::2", 5.0, STUCK)
    assert suspects.may_be("2001:db8:6::2", 5.0, STUCK)
    clock.advance(HOUR)
    assert suspects.may_be("2001:db8:5:9::2", 5.0, STUCK)


def test_no_memory_grows_with_the_number_of_clients(clock: Clock) -> None:
    suspects = made(clock)
    for n in range(2 * MOST_CARRY):
        suspects.may_be(f"2001:db8:{n:x}::1", 5.0, SOON)
        suspects.carries(f"2001:db9:{n:x}::1")
    assert len(suspects._silent) == MOST_SILENT
    assert len(suspects._carries) == MOST_CARRY


class Turns:
    """There is another process."""

    def __init__(self) -> None:
        self.others = True
        self.given: list[str] = []

    def take(self, network: str) -> bool:
        return not self.others

    def give(self, network: str) -> None:
        self.given.append(network)


def test_one_of_several_processes_tells(log: Listening, clock: Clock) -> None:
    turns = Turns()
    suspects = Suspects("front web", "mss: safe", clock.seconds, turns)
    suspects.suspect("192.0.2.1", STUCK)
    assert log.lines == []  # another has
    turns.others = False
    suspects.suspect("192.0.2.1", STUCK)
    suspects.suspect("192.0.2.1", STUCK)
    assert len(log.lines) == 1
    (told,) = suspects.told()
    assert told["sessions"] == 3
    clock.advance(HOUR)
    assert suspects.told() == []
    assert turns.given == ["192.0.2.0/24"]


def test_whatever_a_host_is_called_it_has_a_network() -> None:
    assert network_of("fe80::1%eth0") == "fe80::/48"
    assert network_of("unix") == "unix"
