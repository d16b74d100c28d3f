"""Asking by a SYN with data: on loopback, of ports open and closed."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bridge.doctor.size_search import Reached, TooBig
from bridge.doctor.syn_probe import SynProbe, checksum
from bridge.net.address import Address
from tests.paths import EACH_FAMILY, closed, first, listening


@contextmanager
def probing(address: Address) -> Iterator[SynProbe]:
    try:
        probe = SynProbe(address, (), address.host)
    except PermissionError:
        pytest.skip("needs CAP_NET_RAW")
    try:
        yield probe
    finally:
        probe.close()


@EACH_FAMILY
def test_an_open_port_answers_and_nobody_is_connected(host: str) -> None:
    with listening(host) as address, probing(address) as probe:
        for size in (9000, 1281, 576):
            assert probe.send(size) is None
            assert first(probe.hear) == Reached(size)


@EACH_FAMILY
def test_a_closed_port_answers_as_well(host: str) -> None:
    with probing(closed(host)) as probe:
        assert probe.send(4321) is None
        assert first(probe.hear) == Reached(4321)


@EACH_FAMILY
def test_more_than_the_link_carries_is_refused_by_this_host(host: str) -> None:
    with probing(closed(host)) as probe:
        told = probe.send(70_000)
        assert isinstance(told, TooBig)
        assert told.by == ""


def test_the_checksum_is_that_of_the_rfc() -> None:
    """With it in its place, the sum over all of it is 0 (RFC 1071, section 1)."""
    for data in (b"", b"odd", b"even", bytes(9000)):
        whole = bytes(range(20)) + data
        cleared = whole[:16] + b"\0\0" + whole[18:]
        value = checksum("192.0.2.1", "198.51.100.7", cleared)
        filled = cleared[:16] + value.to_bytes(2) + cleared[18:]
        assert checksum("192.0.2.1", "198.51.100.7", filled) == 0


@EACH_FAMILY
def test_packets_that_make_no_sense_answer_nothing(host: str) -> None:
    with probing(closed(host)) as probe:
        probe.send(1000)
        dice = random.Random(7)
        for length in (*range(64), 128):
            for _ in range(20):
                assert probe._size_of(dice.randbytes(length)) == 0
