"""Addresses as numbers and back."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.net.address import canonical
from bridge.net.hosts import dotted, host6, number, packed, text6
from bridge.net.prefixes import NOBODY, number_of


@given(st.ip_addresses())
def test_a_hosts_text_has_its_addresss_number(ip: IPv4Address | IPv6Address) -> None:
    for text in (str(ip), ip.exploded, str(ip).upper()):
        assert number(text) == number_of(ip)


@given(
    st.one_of(
        st.text(alphabet="0123456789abcdefF:.%x/_+ \0é٣\udc80", max_size=45),
        st.lists(st.sampled_from(["::", ":", "1", "ffff", "1.2.3.4", "%"])).map(
            "".join
        ),
    )
)
def test_any_text_has_the_number_that_ipaddress_says_or_none(text: str) -> None:
    try:
        expected = number_of(ip_address(text))
    except ValueError:
        expected = NOBODY
    assert number(text) == expected


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_has_its_text(address: IPv4Address) -> None:
    assert dotted(int(address)) == str(address)


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_has_its_text(address: IPv6Address) -> None:
    assert IPv6Address(text6(int(address))) == address


def test_a_scope_id_does_not_count() -> None:
    assert number("fe80::1%eth0") == number("fe80::1") == 0xFE80 << 112 | 1


@pytest.mark.parametrize(
    "text",
    [
        *("", "unix", "1.2.3", "1.2.3.4.5", "010.0.0.1", "1.2.3.4%eth0", ":", "%"),
        *("::1::", "::1\0", "::1\udcff", "1.2.3.4\0", "g::1", "[::1]", "1.2.3.4:80"),
        *("fe80::1%", "fe80::1%a%b"),
    ],
)
def test_what_is_no_literal_is_nobody(text: str) -> None:
    assert number(text) == NOBODY


@given(
    st.ip_addresses(v=6)
    | st.ip_addresses(v=6, network="::/96")
    | st.ip_addresses(v=6, network="::ffff:0:0/96")
)
def test_sixteen_bytes_are_a_host_in_its_one_spelling(ip: IPv6Address) -> None:
    assert host6(ip.packed) == canonical(str(ip))


@given(st.ip_addresses())
def test_a_host_has_its_bytes(ip: IPv4Address | IPv6Address) -> None:
    assert packed(str(ip)) == ip.packed
