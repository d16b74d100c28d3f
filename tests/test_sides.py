"""Where each side meets its network, of networks that are made up."""

import pytest

from bridge.doctor.report import Severity
from bridge.doctor.sides import farms, findings, fronts
from bridge.net.routes import Route
from tests.examined import ALL_ON, config, ways


@pytest.mark.parametrize(
    ("front", "interfaces"),
    [
        ('listen: "[2001:db8::80]:443"', ["eth0"]),
        ('listen: "[::]:443"', ["eth0"]),
        ('listen: "[::]:443", dual_stack: true', ["eth0", "eth1"]),
        ('listen: "0.0.0.0:443"', ["eth0", "eth1"]),
        ('listen: ["192.0.2.80:80", "[2001:db8::80]:80", "[::1]:80"]', ["eth0", "lo"]),
        ('listen: "[fe80::1%eth1]:443"', ["eth1"]),
        ('listen: "[2001:db8:64::/96]:443"', ["eth0"]),
        ('listen: "[2001:db8::99]:443", transparent: true', []),
        ("listen: unix:/run/x.sock", []),
        ('listen: "[::]:443", profile: mine', ["eth1"]),
    ],
)
def test_a_front_is_met_where_its_addresses_are(
    front: str, interfaces: list[str]
) -> None:
    found = fronts(config(front, profiles="mine: {interface: eth1}"), ways())
    assert [side.interface for side in found] == interfaces


def test_ways_that_are_alike_are_told_once() -> None:
    routes: dict[str, Route | OSError] = {
        "198.18.0.12": Route("eth1", 1500),
        "198.18.0.13": OSError(101, "none"),
    }
    hosts = [("web", f"198.18.0.{number}") for number in (10, 11, 12, 13)]
    found = list(farms(config(), ways(routes), hosts))
    assert [(s.interface, s.mtu, s.servers) for s in found] == [
        ("eth1", 9000, 2),
        ("eth1", 1500, 1),
        ("", 0, 1),
    ]
    assert found[2].why == "no way there: none"
    (finding,) = findings(found)
    assert finding.severity is Severity.FAIL
    assert found[0].plain["offloads"] == ALL_ON


def test_a_link_below_the_profile_is_to_be_raised() -> None:
    made = config(
        profiles="mine: {mtu: 9000}", farm="servers: [198.18.0.10:80], profile: mine"
    )
    (side,) = farms(made, ways({"h": Route("eth0")}), [("web", "h")])
    (finding,) = findings([side])
    assert finding.severity is Severity.WARN
    assert finding.cure == "ip link set dev eth0 mtu 9000"
    (side,) = farms(made, ways({"h": Route("eth1", 1400)}), [("web", "h")])
    (finding,) = findings([side])
    assert "the route says 1400" in finding.cause


def test_offloads_that_are_off_are_to_be_switched_on() -> None:
    off = {"gro": False, "gso": True, "tso": None}
    (side,) = fronts(config(), ways(offloads=off))
    (finding,) = findings([side])
    assert finding.cure == "ethtool -K eth0 gro on"
    (side,) = fronts(config('listen: "[::1]:80"'), ways(offloads=off))
    assert list(findings([side])) == []  # loopback's do not matter
