"""IP literals as numbers and back."""

from ipaddress import IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.net.address import canonical
from bridge.net.literal import dotted, number, text6


@given(st.ip_addresses())
def test_it_reads_what_ipaddress_writes(address: object) -> None:
    host = canonical(str(address))
    assert number(str(address)) == (ip_address(host).version, int(ip_address(host)))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_survives_the_way_there_and_back(address: object) -> None:
    assert dotted(number(str(address))[1]) == str(address)


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_survives_the_way_there_and_back(address: IPv6Address) -> None:
    assert IPv6Address(text6(int(address))) == address


def test_a_mapped_address_is_an_ipv4_one() -> None:
    assert number("::FFFF:192.0.2.1") == (4, 0xC0000201)


def test_a_scope_id_does_not_count() -> None:
    assert number("fe80::1%eth0") == number("fe80::1") == (6, 0xFE80 << 112 | 1)


@pytest.mark.parametrize(
    "text",
    [
        *("", "unix", "1.2.3", "1.2.3.4.5", "010.0.0.1", "1.2.3.4%eth0", ":", "%"),
        *("::1::", "::1\0", "::1\udcff", "1.2.3.4\0", "g::1", "[::1]", "1.2.3.4:80"),
    ],
)
def test_what_is_no_literal_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="no IP address"):
        number(text)
