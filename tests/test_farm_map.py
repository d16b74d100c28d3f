"""A farm that is a map: what is written, and what sessions then ask."""

from ipaddress import IPv4Network, IPv6Network

import pytest

from bridge.config import parse, summary
from bridge.config.farm import Farm
from bridge.net.hosts import number
from bridge.net.mapping import Refusal

TEXT = "fronts: {a: {listen: '[::]:80', to: web}}\nfarms: {web: {map: {%s}%s}}\n"
PREFIX = 'prefix: "2001:db8:64::/96"'


def farm(keys: str, more: str = "") -> Farm:
    return parse(TEXT % (keys, more)).config.farms["web"]


def test_a_map_has_no_servers_and_takes_their_place() -> None:
    web = farm(f"{PREFIX}, to: 192.0.2.0/24")
    assert web.servers == () and web.map is not None
    assert web.map.prefix == IPv6Network("2001:db8:64::/96")
    assert (web.map.to, web.map.eam) == ((IPv4Network("192.0.2.0/24"),), ())
    assert web.map.ports is None


@pytest.mark.parametrize(
    "more",
    [
        ", connections: 5, queue: off",
        ", check: {kind: http, path: /x}, eject: off, all_down: refuse",
        ", retries: 0, connect_timeout: 1s, profile: jumbo",
        ", send_proxy: v2, source: {pool: 100.64.0.0/10}",
        ", tls: {identity: web.farm}",
    ],
)
def test_beside_it_stands_what_each_of_its_addresses_is_dialed_by(more: str) -> None:
    assert farm(f"{PREFIX}, to: 192.0.2.0/24", more).map is not None


def test_sessions_ask_where_an_address_leads() -> None:
    web = farm(
        f'{PREFIX}, to: [192.0.2.0/24, 198.51.100.7], ports: {{443: 8443, "80": 80}}, '
        'eam: [{front: "2001:db8:1::/128", back: 198.51.100.7}]'
    )
    assert web.map is not None
    mapping = web.map.mapping()
    assert mapping.destination("2001:db8:64::192.0.2.33", 443) == ("192.0.2.33", 8443)
    assert mapping.destination("2001:db8:1::", 80) == ("198.51.100.7", 80)
    assert mapping.destination("2001:db8:1::", 25) is Refusal.PORT
    assert mapping.destination("2001:db8:64::10.0.0.1", 80) is Refusal.NOT_ALLOWED


def test_the_gateways_own_addresses_are_asked_for_as_they_are_then() -> None:
    own: set[int] = set()
    web = farm(f"{PREFIX}, to: 192.0.2.0/24")
    assert web.map is not None
    mapping = web.map.mapping(own.__contains__)
    assert mapping.destination("2001:db8:64::192.0.2.1", 80) == ("192.0.2.1", 80)
    own.add(0xC0000201)
    assert mapping.destination("2001:db8:64::192.0.2.1", 80) is Refusal.OWN
    assert number("192.0.2.1") == 0xC0000201 - (1 << 32)


@pytest.mark.parametrize("ports", ["same", "{443: 443}"])
def test_ports_are_the_same_or_some(ports: str) -> None:
    web = farm(f"{PREFIX}, to: 192.0.2.0/24, ports: {ports}")
    assert web.map is not None
    assert web.map.ports == (None if ports == "same" else {443: 443})


def test_a_map_that_is_off_is_none() -> None:
    text = TEXT.replace("map: {%s}%s", "map: off, servers: [192.0.2.1:80]")
    web = parse(text).config.farms["web"]
    assert web.map is None and len(web.servers) == 1


def test_maps_are_counted_beside_servers() -> None:
    document = parse(TEXT % (f"{PREFIX}, to: 192.0.2.0/24", ""))
    assert summary(document) == "1 front, 1 farm, 0 servers, 1 map"
