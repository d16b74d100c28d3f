"""RFC 6052 and RFC 7757 by their own tables, and what holds for all addresses."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.net.translation import LENGTHS, Explicit, ExplicitTable, Prefix


def four(text: str) -> int:
    return int(IPv4Address(text))


def six(text: str) -> int:
    return int(IPv6Address(text))


def eam(front: str, back: str) -> Explicit:
    return Explicit(IPv6Network(front), IPv4Network(back))


# RFC 6052, section 2.4, tables 1 and 3: all of 192.0.2.33.
RFC6052 = {
    "2001:db8::/32": "2001:db8:c000:221::",
    "2001:db8:100::/40": "2001:db8:1c0:2:21::",
    "2001:db8:122::/48": "2001:db8:122:c000:2:2100::",
    "2001:db8:122:300::/56": "2001:db8:122:3c0:0:221::",
    "2001:db8:122:344::/64": "2001:db8:122:344:c0:2:2100::",
    "2001:db8:122:344::/96": "2001:db8:122:344::192.0.2.33",
    "64:ff9b::/96": "64:ff9b::192.0.2.33",
}


@pytest.mark.parametrize(("network", "address"), RFC6052.items())
def test_rfc_6052s_own_examples(network: str, address: str) -> None:
    prefix = Prefix(IPv6Network(network))
    assert prefix.embed(four("192.0.2.33")) == six(address)
    assert prefix.extract(six(address)) == four("192.0.2.33")


def prefixes() -> st.SearchStrategy[Prefix]:
    upper = st.integers(0x2000_0000, 0x3FFF_FFFF)
    return st.builds(
        lambda first, length: Prefix(IPv6Network((first << 96, length))),
        upper,
        st.sampled_from(LENGTHS),
    )


@given(prefixes(), st.integers(0, 2**32 - 1))
def test_what_is_embedded_is_extracted(prefix: Prefix, ipv4: int) -> None:
    ipv6 = prefix.embed(ipv4)
    assert prefix.covers(ipv6)
    assert IPv6Address(ipv6) in prefix.network
    assert prefix.extract(ipv6) == ipv4


@given(prefixes(), st.integers(0, 2**32 - 1))
def test_bits_64_to_71_are_zero(prefix: Prefix, ipv4: int) -> None:
    assert prefix.embed(ipv4) >> 56 & 0xFF == 0


@given(prefixes(), st.integers(0, 2**32 - 1), st.integers(0, 127))
def test_every_bit_counts(prefix: Prefix, ipv4: int, bit: int) -> None:
    changed = prefix.embed(ipv4) ^ 1 << bit
    other = prefix.extract(changed)
    assert other != ipv4
    assert other is None or prefix.embed(other) == changed


def test_reserved_bits_and_a_suffix_are_no_address() -> None:
    prefix = Prefix(IPv6Network("2001:db8:122::/48"))
    assert prefix.extract(six("2001:db8:122:c000:2:2100::")) is not None
    assert prefix.extract(six("2001:db8:122:c000:102:2100::")) is None
    assert prefix.extract(six("2001:db8:122:c000:2:2100::1")) is None


def test_an_address_outside_the_prefix_is_not_covered() -> None:
    prefix = Prefix(IPv6Network("2001:db8::/96"))
    assert not prefix.covers(six("2001:db8:0:0:0:1::"))
    assert prefix.extract(six("2001:db9::c000:221")) is None


@pytest.mark.parametrize("length", set(range(8, 129)) - set(LENGTHS))
def test_other_lengths_are_refused(length: int) -> None:
    with pytest.raises(ValueError, match=r"/32, /40, /48, /56, /64, /96"):
        Prefix(IPv6Network(("2000::", length)))


def test_a_96_with_reserved_bits_set_is_refused() -> None:
    with pytest.raises(ValueError, match="bits 64 to 71"):
        Prefix(IPv6Network("2001:db8:0:0:100::/96"))


@pytest.mark.parametrize(
    "network", ["::/96", "::ffff:0:0/96", "fe80::/64", "ff0e::/96", "::/32"]
)
def test_a_prefix_of_addresses_that_no_host_has_is_refused(network: str) -> None:
    with pytest.raises(ValueError, match="no prefix for a farm"):
        Prefix(IPv6Network(network))


# RFC 7757, section 3.1, figure 1.
FIGURE_1 = (
    eam("2001:db8:aaaa::", "192.0.2.1"),
    eam("2001:db8:bbbb::b/128", "192.0.2.2/32"),
    eam("2001:db8:cccc::/124", "192.0.2.16/28"),
    eam("2001:db8:dddd::/64", "192.0.2.128/26"),
    eam("2001:db8:eeee:8::/62", "192.0.2.192/29"),
    eam("64:ff9b::/127", "192.0.2.224/31"),
)


@pytest.mark.parametrize(
    ("back", "front"),
    [
        ("192.0.2.1", "2001:db8:aaaa::"),
        ("192.0.2.2", "2001:db8:bbbb::b"),
        ("192.0.2.16", "2001:db8:cccc::"),
        ("192.0.2.24", "2001:db8:cccc::8"),
        ("192.0.2.31", "2001:db8:cccc::f"),
        ("192.0.2.128", "2001:db8:dddd::"),
        ("192.0.2.152", "2001:db8:dddd:0:6000::"),
        ("192.0.2.183", "2001:db8:dddd:0:dc00::"),
        ("192.0.2.192", "2001:db8:eeee:8::"),
        ("192.0.2.195", "2001:db8:eeee:9:8000::"),
        ("192.0.2.199", "2001:db8:eeee:b:8000::"),
        ("192.0.2.224", "64:ff9b::"),
        ("192.0.2.225", "64:ff9b::1"),
    ],
)
def test_rfc_7757s_own_table(back: str, front: str) -> None:
    table = ExplicitTable(FIGURE_1)
    assert table.front(four(back)) == six(front)
    assert table.back(six(front)) == four(back)


def test_what_no_entry_has_is_not_mapped() -> None:
    table = ExplicitTable(FIGURE_1)
    assert table.back(six("2001:db8:cccc::10")) is None
    assert table.front(four("192.0.2.3")) is None
    assert ExplicitTable().back(1) is ExplicitTable().front(1) is None


def test_surplus_bits_of_the_ipv6_suffix_are_ignored() -> None:
    table = ExplicitTable(FIGURE_1)
    assert table.back(six("2001:db8:dddd:0:63ff:ffff::1")) == four("192.0.2.152")


def test_the_longest_match_wins_in_either_direction() -> None:
    table = ExplicitTable(
        [
            eam("2001:db8:1::/120", "203.0.113.0/24"),
            eam("2001:db8:1::40/122", "198.51.100.0/26"),
            eam("2001:db8:2::7/128", "203.0.113.7/32"),
        ]
    )
    assert table.back(six("2001:db8:1::3f")) == four("203.0.113.63")
    assert table.back(six("2001:db8:1::40")) == four("198.51.100.0")
    assert table.front(four("203.0.113.6")) == six("2001:db8:1::6")
    assert table.front(four("203.0.113.7")) == six("2001:db8:2::7")


def test_overlaps_of_either_side_are_found_once() -> None:
    wide, part, host, apart = entries = (
        eam("2001:db8:1::/120", "203.0.113.0/24"),
        eam("2001:db8:1::40/122", "198.51.100.0/26"),
        eam("2001:db8:1::41/128", "203.0.113.65/32"),
        eam("2001:db8:9::/120", "192.0.2.0/24"),
    )
    found = list(ExplicitTable(entries).overlaps())
    assert found == [(wide, part), (part, host), (wide, host)]
    assert list(ExplicitTable(reversed(entries)).overlaps()) == found
    assert list(ExplicitTable([wide, apart]).overlaps()) == []


@pytest.mark.parametrize(
    "twice",
    [
        (eam("2001:db8::/120", "192.0.2.0/24"), eam("2001:db8::/120", "10.0.0.0/24")),
        (eam("2001:db8::/120", "192.0.2.0/24"), eam("2001:db9::/96", "192.0.2.0/24")),
    ],
)
def test_a_network_mapped_twice_is_refused(twice: tuple[Explicit, Explicit]) -> None:
    with pytest.raises(ValueError, match="mapped twice"):
        ExplicitTable(twice)


def test_an_ipv6_suffix_shorter_than_the_ipv4_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 120 bits"):
        ExplicitTable([eam("2001:db8::/121", "192.0.2.0/24")])
    ExplicitTable([eam("2001:db8::/120", "192.0.2.0/24")])


@given(st.integers(0, 32), st.integers(0, 64), st.integers(0, 2**32 - 1), st.data())
def test_an_explicit_mapping_leads_there_and_back(
    length: int, surplus: int, ipv4: int, data: st.DataObject
) -> None:
    front = max(8, 96 + length - surplus)
    base = data.draw(st.integers(0x20, 0x3F)) << 120
    back = IPv4Network((ipv4, length), strict=False)
    table = ExplicitTable([Explicit(IPv6Network((base, front)), back)])
    ipv6 = table.front(ipv4)
    assert ipv6 is not None
    assert table.back(ipv6) == ipv4
