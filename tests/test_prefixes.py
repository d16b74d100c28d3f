"""The line of all addresses, and the longest prefix."""

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_network,
)

from hypothesis import given
from hypothesis import strategies as st

from bridge.net.hosts import number
from bridge.net.prefixes import NOBODY, Network, Prefixes, number_of


def few(bits: int) -> st.SearchStrategy[int]:
    """Addresses with little between them, so that networks meet and nest."""
    return st.tuples(st.integers(0, 15), st.integers(0, 15)).map(
        lambda ends: ends[0] << bits - 4 | ends[1]
    )


ips = st.one_of(few(32).map(IPv4Address), few(128).map(IPv6Address), st.ip_addresses())
fours = st.tuples(few(32), st.integers(0, 32)).map(
    lambda pair: IPv4Network((pair[0] >> 32 - pair[1] << 32 - pair[1], pair[1]))
)
sixes = st.tuples(few(128), st.integers(0, 128)).map(
    lambda pair: IPv6Network((pair[0] >> 128 - pair[1] << 128 - pair[1], pair[1]))
)
several = st.lists(st.one_of(fours, sixes), max_size=12)


def bare(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return mapped or ip


def around(ip: IPv4Address | IPv6Address, all_of: list[Network]) -> list[Network]:
    """Those that hold *ip*, as the standard library says it."""
    return [n for n in all_of if n.version == bare(ip).version and bare(ip) in n]


@given(several, ips)
def test_the_longest_network_is_found(
    all_of: list[Network], ip: IPv4Address | IPv6Address
) -> None:
    expected = max(around(ip, all_of), key=lambda n: n.prefixlen, default=None)
    assert Prefixes(all_of).longest(number_of(ip)) == expected


@given(several)
def test_every_edge_of_every_network_belongs_where_it_should(
    all_of: list[Network],
) -> None:
    prefixes = Prefixes(all_of)
    for network in all_of:
        for edge in (network.network_address, network.broadcast_address):
            if bare(edge) == edge:
                expected = max(around(edge, all_of), key=lambda n: n.prefixlen)
                assert prefixes.longest(number_of(edge)) == expected


def test_everything_of_one_family_is_nothing_of_the_other() -> None:
    all_four, all_six = ip_network("0.0.0.0/0"), ip_network("::/0")
    for text, expected in (("255.255.255.255", all_four), ("::", all_six)):
        assert Prefixes([all_four, all_six]).longest(number(text)) == expected
    assert Prefixes([all_six]).longest(number("255.255.255.255")) is None
    assert Prefixes([all_four]).longest(number("::")) is None
    assert Prefixes([all_four, all_six]).longest(NOBODY) is None
