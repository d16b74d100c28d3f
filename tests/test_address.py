"""Addresses, what one may listen on, and sets of networks."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.net.address import (
    Address,
    Networks,
    SystemdName,
    UnixPath,
    canonical,
    parse_listen,
    parse_network,
)

ports = st.integers(0, 65535)
scopes = st.text(alphabet="abz019.-_", min_size=1, max_size=15)
link_local = st.integers(0, 2**64 - 1).map(
    lambda n: str(IPv6Address((0xFE80 << 112) + n))
)


def networks(*texts: str) -> Networks:
    return Networks(map(parse_network, texts))


@pytest.mark.parametrize(
    ("text", "host", "port", "scope", "family"),
    [
        ("192.0.2.1:80", "192.0.2.1", 80, "", 4),
        ("[2001:DB8:0:0::1]:443", "2001:db8::1", 443, "", 6),
        ("[::]:0", "::", 0, "", 6),
        ("[fe80::1%eth0]:25", "fe80::1", 25, "eth0", 6),
        ("[fe80::1%eth0.100]:25", "fe80::1", 25, "eth0.100", 6),
        ("[::192.0.2.1]:1", "::c000:201", 1, "", 6),
    ],
)
def test_an_address_is_read(
    text: str, host: str, port: int, scope: str, family: int
) -> None:
    address = Address.parse(text)
    assert address == Address(host, port, scope)
    assert address.family == family


@given(st.ip_addresses(v=4).map(str), ports)
def test_what_is_written_reads_back_for_ipv4(host: str, port: int) -> None:
    address = Address(host, port)
    assert Address.parse(str(address)) == address


@given(st.ip_addresses(v=6), ports)
def test_what_is_written_reads_back_for_ipv6(ip: IPv6Address, port: int) -> None:
    if not ip.is_link_local and not ip.ipv4_mapped:
        address = Address(str(ip), port)
        assert Address.parse(str(address)) == address


@given(link_local, ports, scopes)
def test_what_is_written_reads_back_with_a_scope(h: str, p: int, scope: str) -> None:
    address = Address(h, p, scope)
    assert Address.parse(str(address)) == address


@given(st.text(alphabet="[]:.%-0123456789abcdef/xunit\0 é٣", max_size=60))
def test_any_text_is_listens_or_a_value_error(text: str) -> None:
    try:
        listens = parse_listen(text)
    except ValueError:
        return
    assert [parse_listen(str(listen)) for listen in listens] == [
        (listen,) for listen in listens
    ]


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "has no port"),
        ("192.0.2.1", "has no port"),
        ("[2001:db8::1]", "write '[2001:db8::1]:80'"),
        ("2001:db8::1:80", "in brackets: write [2001:db8::1]:80"),
        ("fe80::1", "in brackets"),
        ("a:b:c", "write 192.0.2.1:80 or [2001:db8::1]:80"),
        ("[192.0.2.1]:80", "brackets are for IPv6: write 192.0.2.1:80"),
        ("[::g]:80", "'::g' is no IPv6 address"),
        ("[::ffff:192.0.2.1]:80", "is IPv4: write 192.0.2.1:80"),
        ("192.0.02.1:80", "no IP address"),
        ("192.0.2.1:+80", "'+80' is no port"),
        ("192.0.2.1:\uff18\uff10", "is no port"),
        ("192.0.2.1:8_0", "is no port"),
        ("192.0.2.1:70000", "port 70000 is not in 1..65535"),
        ("[2001:db8::1%eth0]:80", "only a link-local address has a scope"),
        ("[fe80::1]:80", "write [fe80::1%eth0]:80"),
        ("[fe80::1%]:80", "needs its interface"),
        ("[fe80::1%sixteen-letters!]:80", "needs its interface"),
        ("[fe80::1%a/b]:80", "needs its interface"),
    ],
)
def test_a_wrong_address_is_quoted_with_what_would_be_right(
    text: str, advice: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(advice)) as caught:
        Address.parse(text)
    assert repr(text) in str(caught.value)


def test_a_range_stands_for_every_port_in_it() -> None:
    listens = parse_listen("[fe80::1%eth0]:8000-8002")
    assert listens == tuple(Address("fe80::1", p, "eth0") for p in (8000, 8001, 8002))
    assert parse_listen("0.0.0.0:25-25") == (Address("0.0.0.0", 25),)
    assert len(parse_listen("[::]:1-1024")) == 1024


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("[::]:8010-8000", "from low to high"),
        ("[::]:0-10", "from low to high"),
        ("[::]:1-1025", "at most 1024"),
        ("[::]:65000-65536", "port 65536"),
        ("[::]:80-", "is no port"),
        ("[::g]:80-90", "is no IPv6 address"),
    ],
)
def test_a_wrong_range_is_refused(text: str, advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        parse_listen(text)


def test_sockets_without_address_are_read_and_written() -> None:
    assert parse_listen("unix:/run/x.sock") == (UnixPath("/run/x.sock"),)
    assert parse_listen("systemd:web") == (SystemdName("web"),)
    assert str(UnixPath("/run/x.sock")) == "unix:/run/x.sock"
    assert str(SystemdName("web")) == "systemd:web"


@pytest.mark.parametrize(
    "text", ["unix:x", "unix:", "unix:/", "unix:/a/", "unix:/a\0b", "unix:@x"]
)
def test_a_unix_socket_has_an_absolute_path(text: str) -> None:
    with pytest.raises(ValueError, match="absolute path"):
        parse_listen(text)


def test_a_unix_sockets_path_is_measured_in_bytes() -> None:
    assert parse_listen("unix:/" + "é" * 53)
    with pytest.raises(ValueError, match="longer than 107 bytes"):
        parse_listen("unix:/" + "é" * 54)


@pytest.mark.parametrize(
    "text", ["systemd:", "systemd:a:b", "systemd:a b", "systemd:é"]
)
def test_a_systemd_socket_has_a_name(text: str) -> None:
    with pytest.raises(ValueError, match="FileDescriptorName"):
        parse_listen(text)


@given(st.ip_addresses(v=4))
def test_ipv4_in_ipv6_is_ipv4(ip: IPv4Address) -> None:
    for text in (f"::ffff:{ip}", f"::FFFF:{int(ip) >> 16:x}:{int(ip) & 0xFFFF:x}"):
        assert canonical(text) == canonical(str(ip)) == str(ip)


@given(st.ip_addresses(v=6))
def test_one_host_has_one_spelling(ip: IPv6Address) -> None:
    assert canonical(ip.exploded.upper()) == canonical(ip.compressed)


def test_canonical_keeps_a_scope_and_refuses_names() -> None:
    assert canonical("FE80::1%eth0") == "fe80::1%eth0"
    with pytest.raises(ValueError, match="localhost"):
        canonical("localhost")


@pytest.mark.parametrize("host", ["10.1.2.3", "::ffff:10.1.2.3", "::FFFF:a01:203"])
def test_a_deny_list_is_not_passed_in_disguise(host: str) -> None:
    assert networks("10.0.0.0/8").contains(host)
    assert not networks("::/0").contains(host)


def test_a_scope_does_not_hide_a_host() -> None:
    assert networks("fe80::/10").contains("fe80::1%eth0")


@pytest.mark.parametrize("host", ["", "localhost", "10.0.0.0/8", "unix:/x"])
def test_what_is_no_host_is_in_no_network(host: str) -> None:
    assert not networks("0.0.0.0/0", "::/0").contains(host)


@given(
    st.lists(
        st.tuples(st.ip_addresses(), st.integers(0, 32)).map(
            lambda pair: ip_network((pair[0], pair[1]), strict=False)
        )
    ),
    st.ip_addresses(),
)
def test_networks_agree_with_ipaddress(
    all_of: list[object], ip: IPv4Address | IPv6Address
) -> None:
    kept = [ip_network(str(n)) for n in all_of]
    bare = ip_address(canonical(str(ip)))
    expected = any(bare.version == n.version and bare in n for n in kept)
    assert Networks(kept).contains(str(ip)) == expected


def test_networks_are_values() -> None:
    one = networks("10.0.0.0/8", "2001:db8::/32", "192.0.2.1")
    assert one == networks("10.0.0.0/8", "2001:db8::/32", "192.0.2.1/32")
    assert hash(one) == hash(networks(*map(str, one)))
    assert one != networks() and one and len(one) == 3 and not networks()
    assert repr(networks("::/0")) == "Networks(::/0)"


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("all", "is no network"),
        ("10.0.0.0/33", "is no network"),
        ("10.0.0.1/8", "write 10.0.0.0/8, or 10.0.0.1 for the one host"),
        ("2001:db8::1/64", "write 2001:db8::/64"),
        ("::ffff:10.0.0.0/104", "write 10.0.0.0/8"),
        ("::ffff:192.0.2.1", "write 192.0.2.1/32"),
        ("fe80::%eth0/64", "no scope id"),
    ],
)
def test_a_network_that_would_not_match_is_refused(text: str, advice: str) -> None:
    with pytest.raises(ValueError, match=re.escape(advice)):
        parse_network(text)
