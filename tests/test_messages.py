"""What a DNS server sends: as much of it as can be read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.names import dns

from bridge.farm.messages import Message, read
from tests.zones import a, srv

HOSTS = ("192.0.2.1", "192.0.2.2", "192.0.2.3")


def message(**settings: bool) -> bytes:
    made = dns.Message(7, answer=1, **settings)
    made.queries = [dns.Query("web.test", dns.A)]
    made.answers = [
        dns.RRHeader("web.test", dns.A, ttl=9, payload=a(host)) for host in HOSTS
    ]
    data: bytes = made.toStr()
    return data


def hosts(told: Message) -> list[str]:
    payloads: list[Any] = [each.payload for each in told.answers]
    return [payload.dottedQuad() for payload in payloads]


def test_a_whole_message_is_whole() -> None:
    told = read(message())
    assert (told.id, told.whole, hosts(told)) == (7, True, list(HOSTS))


def test_a_message_that_says_it_is_cut_off_is_not() -> None:
    assert not read(message(trunc=True)).whole


@pytest.mark.parametrize(("less", "left"), [(1, 2), (16, 2), (17, 1), (32, 1), (48, 0)])
def test_of_a_message_that_ends_too_soon_the_first_records_count(
    less: int, left: int
) -> None:
    told = read(message()[:-less])
    assert (told.whole, hosts(told)) == (False, list(HOSTS[:left]))


def test_a_record_that_cannot_be_read_is_left_out_and_not_those_behind_it() -> None:
    broken = message().replace(b"\0\4\xc0\0\2\2", b"\0\3\xc0\0\2")
    assert hosts(read(broken))[::2] == [HOSTS[0], HOSTS[2]]


def test_an_alias_is_no_address_and_its_ttl_counts() -> None:
    made = dns.Message(7, answer=1)
    alias = dns.Record_CNAME("b.test", ttl=3)
    made.answers = [
        dns.RRHeader("a.test", dns.CNAME, ttl=3, payload=alias),
        dns.RRHeader("_x._tcp.a.test", dns.SRV, ttl=9, payload=srv("h", 80)),
    ]
    told = read(made.toStr())
    assert [(each.type, each.ttl) for each in told.answers] == [
        *[(dns.CNAME, 3), (dns.SRV, 9)]
    ]


@given(st.binary(max_size=64))
def test_behind_a_message_anything_may_follow(tail: bytes) -> None:
    told = read(message() + tail)
    assert (told.whole, hosts(told)) == (True, list(HOSTS))
