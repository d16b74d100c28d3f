"""Asking by UDP: on loopback, where ports are closed and 65,536 bytes are carried."""

import socket
from collections.abc import Iterator

import pytest

from bridge.doctor.size_search import Answer, Reached, Refused, TooBig
from bridge.doctor.udp_probe import FIRST_PORT, UdpProbe
from bridge.net.address import Address
from tests.paths import EACH_FAMILY, first


def reached(probe: UdpProbe, size: int) -> None:
    """Wait until that one is answered."""

    def wanted() -> Iterator[Answer]:
        return (answer for answer in probe.hear() if answer == Reached(size))

    first(wanted)


@EACH_FAMILY
def test_a_closed_port_answers_for_the_size_that_was_sent(host: str) -> None:
    probe = UdpProbe(Address(host, 80), ())
    try:
        for size in (9000, 576, 1):
            for _ in range(3):  # another test may have one of these ports
                assert probe.send(size) is None
            reached(probe, size)
    finally:
        probe.close()


@EACH_FAMILY
def test_more_than_the_link_carries_is_refused_by_this_host(host: str) -> None:
    probe = UdpProbe(Address(host, 80), ())
    try:
        told = probe.send(70_000)
        assert isinstance(told, TooBig)
        assert told.by == ""
    finally:
        probe.close()


def test_where_there_is_no_way_it_says_so() -> None:
    probe = UdpProbe(Address("255.255.255.255", 80), ())
    try:
        told = probe.send(100)  # broadcast, which nobody may by default
        assert isinstance(told, Refused)
        assert told.by == ""
    finally:
        probe.close()


def test_an_open_port_costs_one_probe_only() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        try:
            taken.bind(("127.0.0.1", FIRST_PORT))
        except OSError:
            pytest.skip("somebody has that port")
        probe = UdpProbe(Address("127.0.0.1", 80), ())
        try:
            probe.send(1000)
            probe.send(900)
            assert first(probe.hear) == Reached(900)
        finally:
            probe.close()
