"""What DNS says, through JSON and in its bounds."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.farm.dns_values import (
    MOST,
    Addresses,
    Answer,
    Known,
    Reply,
    Service,
    learn,
)
from bridge.service.dns_replies import (
    ADDRESSES,
    aged,
    as_plain,
    bounded,
    lifetime,
    nothing,
    of_plain,
)

texts = st.text(max_size=5)
ports = st.integers(1, 65535)


def answers(records: st.SearchStrategy[object]) -> st.SearchStrategy[Answer[object]]:
    return st.builds(
        Answer,
        st.lists(records, max_size=3).map(tuple),
        st.floats(0, 1e6),
        texts,
        st.booleans(),
        st.booleans(),
    )


services = st.builds(Service, texts, ports, ports, ports)
addresses = st.builds(Addresses, answers(texts), answers(texts))
replies = st.builds(Reply, answers(services), st.dictionaries(texts, addresses))


@given(replies)
def test_it_goes_through_json_unchanged(reply: Reply) -> None:
    assert of_plain(json.loads(json.dumps(as_plain(reply)))) == reply


def host(four: Answer[str], six: Answer[str] | None = None) -> Reply:
    addresses = Addresses(six or Answer(why="no records"), four)
    return Reply(Answer((Service("web", 80),)), {"web": addresses})


@pytest.mark.parametrize(("ttl", "seconds"), [(0, 1), (20, 20), (86400, 300)])
def test_a_reply_lasts_as_long_as_its_shortest_record(ttl: int, seconds: float) -> None:
    assert lifetime(host(Answer(("192.0.2.1",), ttl))) == seconds
    both = host(Answer(("192.0.2.1",), ttl), Answer(("2001:db8::1",), 3600))
    assert lifetime(both) == seconds


def test_a_reply_that_lacks_something_lasts_until_it_is_asked_for_again() -> None:
    half = host(Answer(("192.0.2.1",), 60), Answer(why="failed", said=False))
    assert lifetime(half) == lifetime(nothing("no DNS server answers")) == 1


def test_what_is_old_has_less_time_left() -> None:
    reply = host(Answer(("192.0.2.1",), 60.0))
    assert aged(reply, 20).hosts["web"].four.ttl == 40
    assert aged(reply, 90).hosts["web"].four.ttl == 0
    assert aged(reply, 0) == reply


def some(count: int, network: str) -> Answer[str]:
    return Answer(tuple(f"{network}{n}" for n in range(count)))


@pytest.mark.parametrize(
    ("sixes", "fours", "kept"),
    [
        (10, 10, (10, 10)),
        (0, 9999, (0, ADDRESSES)),
        (9999, 0, (ADDRESSES, 0)),
        (9999, 9999, (MOST, MOST)),
        (9999, 10, (ADDRESSES - 10, 10)),
    ],
)
def test_a_reply_has_no_more_addresses_than_anybody_uses(
    sixes: int, fours: int, kept: tuple[int, int]
) -> None:
    reply = bounded(host(some(fours, "10.0.0."), some(sixes, "2001:db8::")))
    found = reply.hosts["web"]
    assert (len(found.six.records), len(found.four.records)) == kept


def test_hosts_beyond_that_count_as_left_out() -> None:
    names = [f"h{n:04}" for n in range(5000)]
    whole = Reply(
        Answer(tuple(Service(name, 80) for name in names)),
        {
            name: Addresses(Answer(), Answer((f"10.{n >> 8}.{n & 255}.1",)))
            for n, name in enumerate(names)
        },
    )
    told = bounded(whole)
    assert len(told.hosts) == ADDRESSES
    assert learn(Known(), told).servers == learn(Known(), whole).servers
    assert learn(Known(), told).left_out == learn(Known(), whole).left_out == 4000
