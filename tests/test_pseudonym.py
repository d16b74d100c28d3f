"""Pseudonyms: who gets which, who agrees, and who shares."""

from __future__ import annotations

import math
import tracemalloc
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.net.pseudonym import LONGEST_KEY, NoPseudonymError, Pseudonyms, Sharing

KEY = b"secret"


def made(pool: str = "100.64.0.0/10", **options: Any) -> Pseudonyms:
    return Pseudonyms(IPv4Network(pool), **({"key": KEY} | options))


def number(host: str) -> int:
    return int(IPv4Address(host))


def test_a_client_keeps_its_pseudonym() -> None:
    """The value itself: it must be the same on another gateway, and next year."""
    assert made().pseudonym("2001:db8::1") == "100.87.167.27"
    assert made().pseudonym("192.0.2.1") == "100.64.200.93"


@given(st.ip_addresses(v=6), st.ip_addresses(v=6))
def test_all_of_a_64_have_one_pseudonym(one: IPv6Address, other: IPv6Address) -> None:
    if one.is_link_local or one.ipv4_mapped:
        return
    same = IPv6Address(int(one) >> 64 << 64 | int(other) & (2**64 - 1))
    names = made()
    if not same.ipv4_mapped:
        assert names.pseudonym(str(one)) == names.pseudonym(str(same))
        assert names.prefix_of(str(one)) == names.prefix_of(str(same))


@given(st.ip_addresses())
def test_a_pseudonym_is_a_host_of_the_pool(client: object) -> None:
    for pool in ("100.64.0.0/10", "198.18.7.0/28", "198.18.7.8/30", "0.0.0.0/0"):
        address = IPv4Address(made(pool).pseudonym(str(client)))
        network = IPv4Network(pool)
        assert address in network
        assert address not in (network.network_address, network.broadcast_address)
        assert str(address) in made(pool)


def test_a_small_pool_is_used_whole() -> None:
    for pool in ("198.18.7.0/29", "198.18.7.0/31", "198.18.7.4/32"):
        names = made(pool)
        found = {names.pseudonym(f"2001:db8:0:{n:x}::1") for n in range(200)}
        assert found == {str(host) for host in IPv4Network(pool).hosts()}
        assert len(found) == names.size


def test_spelling_does_not_count() -> None:
    names = made()
    assert names.pseudonym("2001:DB8:0:0::1") == names.pseudonym("2001:db8::1")
    assert names.pseudonym("::ffff:192.0.2.1") == names.pseudonym("192.0.2.1")


def test_ipv4_clients_are_told_apart_each() -> None:
    names = made()
    assert names.pseudonym("192.0.2.1") != names.pseudonym("192.0.2.2")
    assert names.prefix_of("::ffff:192.0.2.1") == "192.0.2.1/32"


def test_how_much_of_an_address_counts_can_be_said() -> None:
    wide, narrow = made(per=48), made(per=128)
    assert wide.pseudonym("2001:db8::1") == wide.pseudonym("2001:db8:0:ffff::1")
    assert narrow.pseudonym("2001:db8::1") != narrow.pseudonym("2001:db8::2")
    assert wide.prefix_of("2001:db8:1:2::3") == "2001:db8:1::/48"
    assert narrow.prefix_of("2001:db8:1:2::3") == "2001:db8:1:2::3/128"


def test_link_local_clients_are_told_apart_whatever_their_interface() -> None:
    names = made()
    one, same, other = "fe80::1%eth0", "fe80::1%eth7", "fe80::2%eth0"
    assert names.pseudonym(one) == names.pseudonym(same) != names.pseudonym(other)
    assert names.prefix_of(one) == "fe80::1/128"


def test_a_client_without_an_address_has_a_pseudonym_too() -> None:
    names = made()
    assert names.pseudonym("unix") in names
    assert names.prefix_of("unix") == "unix"
    assert "unix" not in names and "2001:db8::1" not in names


def test_the_networks_own_addresses_are_no_pseudonyms() -> None:
    names = made("198.18.7.0/28")
    assert "198.18.7.0" not in names and "198.18.7.15" not in names
    assert "198.18.7.1" in names and "198.18.7.14" in names


def test_another_key_gives_others() -> None:
    clients = [f"2001:db8:0:{n:x}::1" for n in range(100)]
    one, other = made(), made(key=b"another")
    assert sum(one.pseudonym(c) == other.pseudonym(c) for c in clients) <= 1


@pytest.mark.parametrize(
    "options", [{"key": b""}, {"key": bytes(LONGEST_KEY + 1)}, {"per": 0}, {"per": 129}]
)
def test_what_cannot_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"write 1 to 128|1 to 64 bytes"):
        made(**options)


def test_gateways_differ_only_where_one_leaves_an_address_out() -> None:
    clients = [f"2001:db8:0:{n:x}::1" for n in range(3000)]
    free = made("198.18.0.0/24")
    taken = {number("198.18.0.7"), number("198.18.0.9")}
    less = made("198.18.0.0/24", left_out=taken.__contains__)
    for client in clients:
        before, after = free.pseudonym(client), less.pseudonym(client)
        assert number(after) not in taken
        assert before == after or number(before) in taken
    # Those that are moved are spread, and are not all the next address's.
    moved = {less.pseudonym(c) for c in clients if number(free.pseudonym(c)) in taken}
    assert len(moved) > 5


def test_what_is_left_out_is_asked_for_at_that_moment() -> None:
    taken: set[int] = set()
    names = made("198.18.0.0/24", left_out=taken.__contains__)
    before = names.pseudonym("2001:db8::1")
    taken.add(number(before))
    assert names.pseudonym("2001:db8::1") != before
    taken.clear()
    assert names.pseudonym("2001:db8::1") == before


def test_a_pool_of_which_one_address_is_left_gives_that() -> None:
    names = made("198.18.0.0/24", left_out=lambda n: n != number("198.18.0.77"))
    assert names.pseudonym("2001:db8::1") == "198.18.0.77"


def test_a_pool_of_which_none_is_left_says_so() -> None:
    with pytest.raises(NoPseudonymError, match=r"198\.18\.0\.0/29"):
        made("198.18.0.0/29", left_out=lambda n: True).pseudonym("2001:db8::1")


def test_collisions_are_as_many_as_the_birthday_bound_says() -> None:
    """
    100,000 clients, one in each /64, in a /10.

    Of n prefixes on m addresses n - m(1 - (1 - 1/m)^n) come to one that is taken; that
    is 1,183, and nearly Poisson's, so its root is the deviation.
    """
    names, n = made(), 100_000
    found = {
        names.pseudonym(f"2001:db8:{i >> 16:x}:{i & 0xFFFF:x}::1") for i in range(n)
    }
    m = names.size
    expected = n - m * (1 - (1 - 1 / m) ** n)
    assert abs(n - len(found) - expected) < 5 * math.sqrt(expected)


def test_the_pool_is_used_evenly() -> None:
    names, clients, slots = made("198.18.0.0/16"), 16_000, 16
    counts = [0] * slots
    for n in range(clients):
        address = number(names.pseudonym(f"2001:db8:{n:x}::1"))
        counts[address >> 12 & 15] += 1
    mean = clients / slots
    # Chi-square with 15 degrees of freedom is below 45 but once in 10,000 times.
    assert sum((count - mean) ** 2 / mean for count in counts) < 45


def test_many_clients_do_not_stay_in_memory() -> None:
    names = made()

    def flood(first: int) -> None:
        for n in range(first, first + 10_000):
            names.pseudonym(f"2001:db8:{n >> 16:x}:{n & 0xFFFF:x}::1")

    flood(0)
    tracemalloc.start()
    flood(10_000)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 2_000_000


def test_sharing_counts_prefixes_and_not_sessions() -> None:
    sharing = Sharing()
    sharing.took("100.64.0.1", "A")
    sharing.took("100.64.0.1", "A")
    sharing.took("100.64.0.2", "B")
    assert (sharing.shared, sharing.collisions, len(sharing)) == (0, 0, 2)
    sharing.took("100.64.0.1", "C")
    sharing.took("100.64.0.1", "D")
    assert (sharing.shared, sharing.collisions, len(sharing)) == (1, 2, 2)
    assert sharing.prefixes("100.64.0.1") == ("A", "C", "D")
    assert list(sharing) == [("100.64.0.1", ("A", "C", "D"))]


def test_sharing_ends_with_the_last_session_of_the_other_prefix() -> None:
    sharing = Sharing()
    for prefix in "AAB":
        sharing.took("100.64.0.1", prefix)
    sharing.gave_back("100.64.0.1", "A")
    assert sharing.shared == 1
    sharing.gave_back("100.64.0.1", "A")
    assert (sharing.shared, sharing.prefixes("100.64.0.1")) == (0, ("B",))
    sharing.gave_back("100.64.0.1", "B")
    assert (sharing.shared, len(sharing), sharing.collisions) == (0, 0, 1)
    assert sharing.prefixes("100.64.0.1") == ()
    with pytest.raises(KeyError):
        sharing.gave_back("100.64.0.1", "B")


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("ABC"))))
def test_sharing_says_what_a_plain_count_says(sessions: list[tuple[str, str]]) -> None:
    sharing = Sharing()
    open_now: list[tuple[str, str]] = []
    for session in sessions:
        if open_now.count(session) > 1:
            open_now.remove(session)
            sharing.gave_back(*session)
        else:
            open_now.append(session)
            sharing.took(*session)
        users = {p: {b for a, b in open_now if a == p} for p, _ in open_now}
        assert sharing.shared == sum(len(each) > 1 for each in users.values())
        assert dict(sharing).keys() == {p for p, u in users.items() if len(u) > 1}
