"""Zone files of a farm behind a prefix."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network

import pytest

from bridge.control.zone import Pair, absolute, zone
from bridge.net.mapping import Map
from bridge.net.translation import Explicit

FARM = Map(IPv6Network("2001:db8:64::/96"), (), [IPv4Network("192.0.2.0/24")])
ADDRESS = IPv4Address("192.0.2.33")
NIBBLES = "1.2.2.0.0.0.0.c.0.0.0.0.0.0.0.0.0.0.0.0.4.6.0.0.8.b.d.0.1.0.0.2.ip6.arpa."


def explicit(front: str, back: str) -> Explicit:
    return Explicit(IPv6Network(front), IPv4Network(back))


def test_an_address_has_a_line_in_each_zone() -> None:
    assert list(zone(FARM, [ADDRESS], "farm.example")) == [
        Pair(
            "192-0-2-33.farm.example. IN AAAA 2001:db8:64::c000:221",
            f"{NIBBLES} IN PTR 192-0-2-33.farm.example.",
        )
    ]


def test_a_name_may_be_given_in_full_or_within_the_domain() -> None:
    names = {ADDRESS: "www", IPv4Address("192.0.2.34"): "db.example.net."}
    pairs = list(zone(FARM, names, "farm.example.", names))
    assert [pair.forward.split()[0] for pair in pairs] == [
        "www.farm.example.",
        "db.example.net.",
    ]
    assert pairs[1].reverse.endswith(" IN PTR db.example.net.")


def test_an_address_named_twice_has_one_line() -> None:
    assert len(list(zone(FARM, [ADDRESS, ADDRESS], "farm.example"))) == 1


def test_explicit_mappings_beat_the_prefix() -> None:
    entry = explicit("2001:db8:1::/120", "203.0.113.0/24")
    farm = Map(FARM.fronts[0], [entry], [IPv4Network("203.0.113.0/24")])
    (pair,) = zone(farm, [IPv4Address("203.0.113.5")], "farm.example")
    assert pair.forward.endswith(" AAAA 2001:db8:1::5")


def test_what_nobody_can_reach_is_not_promised() -> None:
    with pytest.raises(ValueError, match=r"198\.51\.100\.1: .* not in the list"):
        list(zone(FARM, [IPv4Address("198.51.100.1")], "farm.example"))
    only = Map(None, [explicit("2001:db8::1", "192.0.2.1")], FARM.to)
    with pytest.raises(ValueError, match="no prefix and no explicit mapping"):
        list(zone(only, [ADDRESS], "farm.example"))


def test_a_front_that_leads_to_another_server_is_not_promised() -> None:
    taken = explicit("2001:db8:64::c000:221", "192.0.2.99")
    farm = Map(FARM.fronts[0], [taken], FARM.to)
    with pytest.raises(ValueError, match=r"leads to 192\.0\.2\.99"):
        list(zone(farm, [ADDRESS], "farm.example"))


@pytest.mark.parametrize(
    "name",
    [
        *(
            "a b",
            "a\n$INCLUDE /etc/passwd",
            "a;",
            "",
            "-a",
            "a-",
            "é",
            "a..b",
            "(",
            '"',
        ),
        *("x" * 64, ".".join(["x" * 60] * 5), "@", "*"),
    ],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a host"):
        absolute(name, "farm.example")


def test_a_domain_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no name of a host"):
        absolute("www", "")
