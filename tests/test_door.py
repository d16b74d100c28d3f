"""Who may come in, by both lists."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from random import Random

import pytest
from hypothesis import given

from bridge.net.address import Networks, parse_network
from bridge.net.door import Door
from bridge.net.hosts import number
from bridge.net.prefixes import NOBODY, Network, number_of
from tests.test_prefixes import around, ips, several


def door(allow: str = "", deny: str = "") -> Door:
    allowed, denied = allow.split(), deny.split()
    return Door(
        Networks(map(parse_network, allowed)), Networks(map(parse_network, denied))
    )


@given(several, several, ips)
def test_the_door_is_what_both_lists_say_one_after_the_other(
    allow: list[Network], deny: list[Network], ip: IPv4Address | IPv6Address
) -> None:
    expected = not around(ip, deny) and (not allow or bool(around(ip, allow)))
    built = Door(Networks(allow), Networks(deny))
    assert built.admits(number_of(ip)) is expected
    assert built.everyone is (not allow and not deny)


def test_deny_wins_also_over_a_longer_allow() -> None:
    guarded = door(allow="10.0.0.0/8 10.1.1.1", deny="10.1.0.0/16")
    assert guarded.admits(number("10.2.0.1"))
    assert not guarded.admits(number("10.1.1.1"))
    assert str(guarded.denied_by(number("10.1.1.1"))) == "10.1.0.0/16"
    assert not guarded.admits(number("11.0.0.1"))
    assert guarded.denied_by(number("11.0.0.1")) is None


def test_an_empty_allow_is_everyone() -> None:
    assert door().everyone and door().admits(number("192.0.2.1"))
    assert not door(deny="::/0").everyone
    assert door(deny="::/0").admits(number("192.0.2.1"))


def test_who_has_no_address_is_shut_out_by_an_allow_and_by_no_deny() -> None:
    assert number("") == NOBODY
    assert door().admits(NOBODY)
    assert door(deny="0.0.0.0/0 ::/0").admits(NOBODY)
    assert not door(allow="0.0.0.0/0 ::/0").admits(NOBODY)


@pytest.mark.parametrize("host", ["10.1.2.3", "::ffff:10.1.2.3", "::FFFF:a01:203"])
def test_no_spelling_of_ipv4_passes_a_deny_list(host: str) -> None:
    assert not door(deny="10.0.0.0/8").admits(number(host))
    assert door(deny="::/0").admits(number(host))


def test_no_scope_id_passes_a_deny_list() -> None:
    assert not door(deny="fe80::/10").admits(number("fe80::1%eth0"))


def ten_thousand() -> list[Network]:
    """Networks of both families and of all usual lengths."""
    random = Random(1)
    lengths = [random.randint(8, 32) for _ in range(5000)]
    some: list[Network] = [
        IPv4Network((random.getrandbits(p) << 32 - p, p)) for p in lengths
    ]
    for _ in range(5000):
        p = random.randint(16, 128)
        some.append(IPv6Network((random.getrandbits(p) << 128 - p, p)))
    return some


def test_of_ten_thousand_networks_each_is_found() -> None:
    """How long that takes is the benchmark's row ``acl``."""
    networks = ten_thousand()
    built = Door(Networks(networks[::2]), Networks(networks[1::2]))
    random = Random(2)
    hosts = [network[0] for network in random.sample(networks, 200)]
    hosts += [IPv6Address(random.getrandbits(128)) for _ in range(100)]
    hosts += [IPv4Address(random.getrandbits(32)) for _ in range(100)]
    for host in hosts:
        expected = not around(host, networks[1::2]) and bool(
            around(host, networks[::2])
        )
        assert built.admits(number(str(host))) is expected
