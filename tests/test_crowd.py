"""How many come from where: sessions at a time, and new ones in a time."""

import tracemalloc
from collections import Counter
from ipaddress import ip_network
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.net.crowd import REMEMBERED, Arrivals, Crowd, Crowded
from bridge.net.hosts import number
from bridge.net.prefixes import NOBODY

NO_NETWORKS = ("fe8", "fe9", "fea", "feb", "::ffff:")  # link-local, and IPv4


def crowd(sessions: int | None = None, arrivals: Arrivals | None = None) -> Crowd:
    return Crowd(sessions, arrivals)


def taken(arrivals: Arrivals, source: int, *times: float) -> list[bool]:
    return [arrivals.take(source, now) for now in times]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2%eth0", False),
        ("fe80::1%eth0", "fe80::1%eth1", True),
        ("fe80::1%eth0", "::1", False),
    ],
)
def test_a_source_is_a_prefix(one: str, other: str, same: bool) -> None:
    here = crowd()
    sources = {here.source_of(number(host)) for host in (one, other)}
    assert (len(sources) == 1) is same


@given(
    st.lists(st.ip_addresses(), min_size=2, max_size=20),
    st.integers(1, 128),
    st.integers(1, 32),
)
def test_sources_are_as_many_as_there_are_networks(
    ips: list[object], ipv6: int, ipv4: int
) -> None:
    here = Crowd(None, None, ipv6, ipv4)
    hosts = [str(ip) for ip in ips if not str(ip).startswith(NO_NETWORKS)]
    networks = {
        ip_network(f"{host}/{ipv6 if ':' in host else ipv4}", strict=False)
        for host in hosts
    }
    assert len({here.source_of(number(host)) for host in hosts}) == len(networks)


def test_a_source_has_so_many_sessions_at_a_time_and_no_more() -> None:
    here = crowd(sessions=2)
    assert [here.enter(1, 0), here.enter(1, 0)] == [None, None]
    assert here.enter(1, 0) is Crowded.SESSIONS
    assert here.enter(2, 0) is None
    here.leave(1)
    assert here.enter(1, 0) is None
    assert (here.here(1), here.here(2), here.here(3), len(here)) == (2, 1, 0, 2)


def test_who_is_refused_counts_for_nothing() -> None:
    here = crowd(sessions=1, arrivals=Arrivals(2, 1.0))
    assert here.enter(1, 0.0) is None
    assert here.enter(1, 0.0) is Crowded.SESSIONS
    here.leave(1)
    assert here.enter(1, 0.0) is None  # the second of the two it had in hand
    here.leave(1)
    assert [here.enter(1, 0.0) for _ in range(9)] == [Crowded.ARRIVALS] * 9
    assert len(here) == 0
    assert here.enter(1, 0.51) is None


def test_a_leaving_that_nobody_entered_for_is_a_bug() -> None:
    with pytest.raises(KeyError):
        crowd(sessions=1).leave(1)


def test_who_has_no_address_is_not_limited() -> None:
    here = crowd(sessions=1, arrivals=Arrivals(1, 3600.0))
    source = here.source_of(NOBODY)
    assert [here.enter(source, 0.0) for _ in range(5)] == [None] * 5
    here.leave(source)
    assert len(here) == 0


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=200))
def test_counts_are_those_of_who_came_and_did_not_go(
    steps: list[tuple[bool, int]],
) -> None:
    here, expected = crowd(sessions=3), Counter[int]()
    for comes, source in steps:
        if comes:
            refused = here.enter(source, 0.0)
            assert (refused is not None) is (expected[source] == 3)
            expected[source] += refused is None
        elif expected[source]:
            here.leave(source)
            expected[source] -= 1
    assert [here.here(s) for s in range(4)] == [expected[s] for s in range(4)]
    assert len(here) == len(+expected)


def test_so_many_come_at_once_and_then_one_after_the_other() -> None:
    arrivals = Arrivals(10, 1.0)
    assert taken(arrivals, 1, *[5.0] * 11) == [True] * 10 + [False]
    assert taken(arrivals, 1, 5.05, 5.11, 5.12, 5.21) == [False, True, False, True]
    assert taken(arrivals, 1, *[50.0] * 11) == [True] * 10 + [False]
    assert taken(arrivals, 2, 50.0) == [True]


@pytest.mark.parametrize(
    ("count", "seconds"), [(1, 1.0), (3, 1.0), (1000, 1.0), (30, 60.0), (7, 3600.0)]
)
def test_in_the_long_run_it_is_the_rate_that_was_written(
    count: int, seconds: float
) -> None:
    arrivals, each = Arrivals(count, seconds), seconds / count
    came = sum(arrivals.take(1, 1e6 + tenth * each / 10) for tenth in range(100_000))
    assert 10_000 + count - 1 <= came <= 10_000 + count + 1


@given(st.lists(st.floats(0, 3), max_size=60), st.integers(1, 8))
def test_nobody_has_more_than_twice_so_many_in_the_time(
    pauses: list[float], count: int
) -> None:
    arrivals, now, passed = Arrivals(count, 1.0), 100.0, []
    for pause in pauses:
        now += pause / 10
        if arrivals.take(1, now):
            passed.append(now)
    for begin in passed:
        assert sum(begin <= at < begin + 1 for at in passed) <= 2 * count


@given(st.lists(st.tuples(st.integers(0, 30), st.floats(0, 0.4)), max_size=200))
def test_a_full_memory_refuses_nobody_whom_a_large_one_would_let_in(
    steps: list[tuple[int, float]],
) -> None:
    small, large, now = Arrivals(2, 1.0, remembered=4), Arrivals(2, 1.0), 0.0
    for source, pause in steps:
        now += pause
        expected = large.take(source, now)
        assert small.take(source, now) or not expected
        if not expected:
            break  # from here on the two have let in different ones
        assert len(small) <= 8


def test_who_tries_often_enough_is_remembered_through_a_flood() -> None:
    arrivals, random, let_in = Arrivals(5, 10.0, remembered=1000), Random(1), 0
    for step in range(200_000):  # 20,000 a second for ten seconds
        arrivals.take(random.getrandbits(64), step / 20_000)
        if step % 900 == 0:
            let_in += arrivals.take(-1, step / 20_000)
    assert let_in in (9, 10)  # five in hand, and one in two seconds
    assert arrivals.forgotten > 190_000


def test_a_flood_of_random_sources_keeps_memory_flat() -> None:
    here, random = crowd(sessions=10, arrivals=Arrivals(10, 60.0)), Random(1)

    def flood(sources: int) -> int:
        for _ in range(sources):
            source = here.source_of(random.getrandbits(125) | 1 << 125)
            assert here.enter(source, 1.0) is None
            here.leave(source)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        flood(2 * REMEMBERED)
        _, most = tracemalloc.get_traced_memory()
        flood(150_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 12 << 20
    assert peak <= most + (1 << 20)
    assert len(here) == 0


def test_after_a_flood_the_memory_is_given_back_without_a_timer() -> None:
    arrivals = Arrivals(10, 1.0)
    for source in range(50_000):
        arrivals.take(source, 1.0)
    assert len(arrivals) > REMEMBERED
    arrivals.take(1, 4.0)
    assert len(arrivals) == 1
