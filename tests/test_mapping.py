"""Where a prefix front leads, and where it never does."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.net.mapping import NEVER, NOT_GLOBAL, Map, Refusal
from bridge.net.translation import Explicit, Prefix

EVERYWHERE = (IPv4Network("0.0.0.0/0"),)
OWN_PREFIX = IPv6Network("2001:db8:64::/96")
WELL_KNOWN = IPv6Network("64:ff9b::/96")
LOCAL_USE = IPv6Network("64:ff9b:1::/48")


def at(ipv4: str | IPv4Address, prefix: IPv6Network = OWN_PREFIX) -> str:
    """The address in front of *ipv4*."""
    return str(IPv6Address(Prefix(prefix).embed(int(IPv4Address(ipv4)))))


def asked(ipv4: str | IPv4Address, prefix: IPv6Network = OWN_PREFIX) -> object:
    """What a map that allows everything says to *ipv4*, port 80."""
    return Map(prefix, (), EVERYWHERE).destination(at(ipv4, prefix), 80)


def test_an_address_of_the_prefix_leads_to_the_one_in_it() -> None:
    farm = Map(OWN_PREFIX, (), [IPv4Network("192.0.2.0/24")])
    assert farm.destination("2001:db8:64::c000:221", 443) == ("192.0.2.33", 443)
    assert farm.destination("2001:DB8:64::192.0.2.33", 25) == ("192.0.2.33", 25)


@pytest.mark.parametrize("prefix", [OWN_PREFIX, WELL_KNOWN, LOCAL_USE])
@pytest.mark.parametrize(("network", "why"), NEVER.items())
def test_a_place_that_is_never_reached(
    prefix: IPv6Network, network: IPv4Network, why: Refusal
) -> None:
    for ipv4 in (network[0], network[1], network[-1]):
        assert asked(ipv4, prefix) is why


def test_broadcast_is_never_reached() -> None:
    assert asked("255.255.255.255") is Refusal.FUTURE


def test_the_neighbours_of_such_places_are_reached() -> None:
    below = ("126.255.255.255", "169.253.255.255", "223.255.255.255")
    for ipv4 in ("1.0.0.0", "128.0.0.0", "169.255.0.0", *below):
        assert asked(ipv4) == (ipv4, 80)


def test_an_explicit_mapping_does_not_lead_there_either() -> None:
    entry = Explicit(IPv6Network("2001:db8:1::/120"), IPv4Network("127.0.0.0/24"))
    farm = Map(None, [entry], EVERYWHERE)
    assert farm.destination("2001:db8:1::1", 22) is Refusal.LOOPBACK


@pytest.mark.parametrize("network", NOT_GLOBAL)
def test_the_well_known_prefix_carries_nothing_private(network: IPv4Network) -> None:
    for ipv4 in (network[0], network[-1]):
        assert asked(ipv4, WELL_KNOWN) is Refusal.NOT_GLOBAL
        assert asked(ipv4, OWN_PREFIX) == (str(ipv4), 80)
        assert asked(ipv4, LOCAL_USE) == (str(ipv4), 80)  # RFC 8215


def test_the_well_known_prefix_carries_what_is_global() -> None:
    for ipv4 in ("9.9.9.9", "192.0.1.1", "172.32.0.1", "100.128.0.1"):
        assert asked(ipv4, WELL_KNOWN) == (ipv4, 80)


@given(st.ip_addresses(v=4))
def test_the_well_known_prefix_against_pythons_own_list(ipv4: IPv4Address) -> None:
    anycast = (IPv4Address("192.0.0.9"), IPv4Address("192.0.0.10"))
    if not ipv4.is_global and ipv4 not in anycast:
        assert isinstance(asked(ipv4, WELL_KNOWN), Refusal)


def test_the_gateways_own_addresses_are_asked_for_at_that_moment() -> None:
    own: set[int] = set()
    farm = Map(OWN_PREFIX, (), EVERYWHERE, is_own=own.__contains__)
    assert farm.destination(at("192.0.2.1"), 80) == ("192.0.2.1", 80)
    own.add(int(IPv4Address("192.0.2.1")))
    assert farm.destination(at("192.0.2.1"), 80) is Refusal.OWN


def test_what_the_list_lacks_is_refused() -> None:
    farm = Map(
        OWN_PREFIX, (), [IPv4Network("192.0.2.0/24"), IPv4Network("198.51.100.7/32")]
    )
    assert farm.destination(at("192.0.2.255"), 80) == ("192.0.2.255", 80)
    assert farm.destination(at("198.51.100.7"), 80) == ("198.51.100.7", 80)
    assert farm.destination(at("198.51.100.8"), 80) is Refusal.NOT_ALLOWED
    assert farm.destination(at("192.0.3.0"), 80) is Refusal.NOT_ALLOWED


@pytest.mark.parametrize("front", ["2001:db8:65::1", "192.0.2.1", "::ffff:192.0.2.1"])
def test_an_address_that_nothing_maps(front: str) -> None:
    assert Map(OWN_PREFIX, (), EVERYWHERE).destination(front, 80) is Refusal.UNMAPPED


def test_reserved_bits_are_not_overlooked() -> None:
    farm = Map(IPv6Network("2001:db8::/32"), (), EVERYWHERE)
    assert farm.destination("2001:db8:c000:221::", 80) == ("192.0.2.33", 80)
    assert farm.destination("2001:db8:c000:221::1", 80) is Refusal.RESERVED
    assert farm.destination("2001:db8:c000:221:100::", 80) is Refusal.RESERVED


def test_what_is_no_address_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="no IP address"):
        Map(OWN_PREFIX, (), EVERYWHERE).destination("unix", 80)


def test_an_explicit_mapping_beats_the_prefix() -> None:
    inside = Explicit(IPv6Network("2001:db8:64::/127"), IPv4Network("203.0.113.4/31"))
    farm = Map(OWN_PREFIX, [inside], EVERYWHERE)
    assert farm.destination("2001:db8:64::1", 80) == ("203.0.113.5", 80)
    assert farm.destination("2001:db8:64::102:304", 80) == ("1.2.3.4", 80)
    assert farm.front(int(IPv4Address("203.0.113.5"))) == int(
        IPv6Address("2001:db8:64::1")
    )
    assert farm.front(0x01020304) == int(IPv6Address("2001:db8:64::102:304"))


def test_within_the_well_known_prefix_an_explicit_mapping_may_be_private() -> None:
    """RFC 7757's figure 1 has one there."""
    entry = Explicit(IPv6Network("64:ff9b::/127"), IPv4Network("192.0.2.224/31"))
    farm = Map(WELL_KNOWN, [entry], EVERYWHERE)
    assert farm.destination("64:ff9b::1", 80) == ("192.0.2.225", 80)
    assert farm.destination("64:ff9b::c000:2e1", 80) is Refusal.NOT_GLOBAL


def test_with_ports_only_those_are_mapped() -> None:
    farm = Map(OWN_PREFIX, (), EVERYWHERE, {443: 8443, 80: 80})
    assert farm.destination(at("192.0.2.1"), 443) == ("192.0.2.1", 8443)
    assert farm.destination(at("192.0.2.1"), 80) == ("192.0.2.1", 80)
    assert farm.destination(at("192.0.2.1"), 8443) is Refusal.PORT


def test_200_addresses_and_3_ports_through_one_map() -> None:
    farm = Map(OWN_PREFIX, (), [IPv4Network("192.0.2.0/24")])
    for last in range(1, 201):
        for port in (22, 80, 443):
            ipv4 = f"192.0.2.{last}"
            assert farm.destination(at(ipv4), port) == (ipv4, port)


def test_a_map_knows_what_it_must_answer_for() -> None:
    entry = Explicit(IPv6Network("2001:db8:1::/120"), IPv4Network("203.0.113.0/24"))
    assert Map(OWN_PREFIX, [entry], EVERYWHERE).fronts == (OWN_PREFIX, entry.front)
    assert Map(None, [entry], EVERYWHERE).fronts == (entry.front,)


def test_without_a_prefix_only_explicit_mappings_lead_anywhere() -> None:
    entry = Explicit(IPv6Network("2001:db8:1::/120"), IPv4Network("203.0.113.0/24"))
    farm = Map(None, [entry], EVERYWHERE)
    assert farm.destination("2001:db8:1::9", 80) == ("203.0.113.9", 80)
    assert farm.destination(at("203.0.113.9"), 80) is Refusal.UNMAPPED
    assert farm.front(1) is None


def test_a_map_that_could_lead_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="prefix or explicit"):
        Map(None, (), EVERYWHERE)
    with pytest.raises(ValueError, match="open proxy"):
        Map(OWN_PREFIX, (), ())
    for network in ("127.0.0.1/32", "169.254.0.0/16", "239.0.0.0/8"):
        with pytest.raises(ValueError, match=f"'{network}' is never reached"):
            Map(OWN_PREFIX, (), [IPv4Network(network)])


@pytest.mark.parametrize("ports", [{0: 80}, {80: 0}, {80: 65536}, {-1: 80}])
def test_a_port_that_is_none_is_refused(ports: dict[int, int]) -> None:
    with pytest.raises(ValueError, match="is no port"):
        Map(OWN_PREFIX, (), EVERYWHERE, ports)


@given(st.integers(0, 2**128 - 1))
def test_no_address_whatever_leads_to_the_gateway_itself(ipv6: int) -> None:
    farm = Map(OWN_PREFIX, (), EVERYWHERE)
    for front in (ipv6, int(OWN_PREFIX[0]) | ipv6 & 0xFFFFFFFF):
        found = farm.destination(str(IPv6Address(front)), 80)
        if not isinstance(found, Refusal):
            host = IPv4Address(found[0])
            assert not any(host in network for network in NEVER)


def test_port_0_leads_nowhere_whatever_the_ports() -> None:
    """No socket has it, but a PROXY header may name it."""
    for ports in (None, {443: 8443}):
        farm = Map(OWN_PREFIX, (), EVERYWHERE, ports)
        assert farm.destination(at("192.0.2.33"), 0) is Refusal.PORT
