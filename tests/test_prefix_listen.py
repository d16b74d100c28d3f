"""Listening on a prefix: how it is written, and what it can be taken for."""

from ipaddress import IPv6Network

import pytest

from bridge.net.address import Address, parse_listen
from bridge.net.prefix_listen import PrefixListen

NETWORK = IPv6Network("2001:db8:64::/96")


@pytest.mark.parametrize(
    ("text", "port"), [("[2001:db8:64::/96]:443", 443), ("[2001:db8:64::/96]:*", None)]
)
def test_a_prefix_has_one_port_or_all(text: str, port: int | None) -> None:
    assert parse_listen(text) == (PrefixListen(NETWORK, port),)
    assert str(PrefixListen(NETWORK, port)) == text


def test_spellings_of_one_prefix_are_one() -> None:
    assert parse_listen("[2001:DB8:64:0::0/96]:443") == (PrefixListen(NETWORK, 443),)


def test_a_prefix_may_have_a_range_of_ports() -> None:
    assert [str(each) for each in parse_listen("[2001:db8:64::/96]:80-81")] == [
        *["[2001:db8:64::/96]:80", "[2001:db8:64::/96]:81"]
    ]
    with pytest.raises(ValueError, match=r"port 69999 is not in 1\.\.65535"):
        parse_listen("[2001:db8:64::/96]:69999-70000")


@pytest.mark.parametrize("text", ["[2001:db8::1]:443", "192.0.2.1:80", "[fe80::1%a]:1"])
def test_an_address_is_no_prefix(text: str) -> None:
    assert PrefixListen.parse(text) is None
    assert parse_listen(text) == (Address.parse(text),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[2001:db8:64::1/96]:443",
            r"beyond its prefix: write \[2001:db8:64::/96\]:443",
        ),
        ("[2001:db8:64::1/96]:*", r"write \[2001:db8:64::/96\]:\*"),
        ("[2001:db8:64::/96]", "is no prefix with a port"),
        ("2001:db8:64::/96", r"write \[2001:db8:64::/96\]:443"),
        ("::/96:443", "is no prefix with a port"),
        ("[2001:db8:64::/96]:", "is no prefix with a port"),
        ("[2001:db8:64::/96]:0", "port 0 is not in"),
        ("[2001:db8:64::/129]:1", "is no IPv6 network"),
        ("[192.0.2.0/24]:1", "is no IPv6 network"),
        ("[/96]:1", "is no IPv6 network"),
        ("[::/0]:1", "is no prefix for a farm"),
        ("[::ffff:192.0.2.0/120]:1", "IPv4-mapped"),
        ("[fe80::/64]:1", "is link-local"),
        ("[ff02::/16]:1", "is multicast"),
    ],
)
def test_what_can_be_no_prefix_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PrefixListen.parse(text)
