"""What a host's kernel has not been told yet, with hosts made up for it."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from bridge.config import ConfigError, parse
from bridge.doctor import Host, verify, warnings
from tests.hosts import HOST

TEXT = "fronts: {web: {listen: '%s', to: web}}\nfarms: {web: {%s}}\n"
POOL = "servers: [192.0.2.1:80], source: {pool: 100.64.0.0/10, key: x}"
SERVERS = "servers: ['[2001:db8::1]:80']"
MAP = "map: {prefix: '2001:db8:64::/96', to: [192.0.2.0/24]}"
PREFIX = "[2001:db8:64::/96]"
NEXT = "via ADDRESS-OF-THIS-HOST"


def warned(listen: str, farm: str, *local: str, host: Host = HOST) -> list[str]:
    here = replace(host, local=frozenset(map(ip_network, local)))
    return warnings(parse(TEXT % (listen, farm), name="f"), here)


def test_a_pool_needs_a_local_route_and_one_on_the_servers() -> None:
    (line,) = warned("[::]:80", POOL)
    assert line.startswith("f:2:55: farms.web.source.pool: servers could not answer")
    assert "ip route add local 100.64.0.0/10 dev lo" in line
    assert f"servers need ip route add 100.64.0.0/10 {NEXT}" in line


def test_a_pool_beside_source_client_needs_it_too() -> None:
    source = "{client: true, otherwise: {pool: 100.64.0.0/10, key: x}}"
    farm = f"servers: [192.0.2.1:80], source: {source}"
    (line,) = warned("[::]:80", farm)
    assert "farms.web.source.otherwise.pool: " in line


@pytest.mark.parametrize("route", ["100.64.0.0/10", "100.0.0.0/8"])
def test_a_pool_that_is_this_hosts_is_right(route: str) -> None:
    assert warned("[::]:80", POOL, route) == []


@pytest.mark.parametrize("route", ["0.0.0.0/0", "100.64.0.0/11", "100.64.0.1/32"])
def test_what_is_diverted_or_a_part_is_not_enough(route: str) -> None:
    assert len(warned("[::]:80", POOL, route)) == 1


@pytest.mark.parametrize("listen", [f"{PREFIX}:443", "[::]:443"])
def test_a_prefix_needs_its_addresses(listen: str) -> None:
    (line,) = warned(listen, MAP, "::/0")
    assert "ip -6 route add local 2001:db8:64::/96 dev lo" in line
    assert f"router before it needs ip -6 route add 2001:db8:64::/96 {NEXT}" in line
    assert warned(listen, MAP, "2001:db8:64::/64") == []


def test_a_prefix_that_headers_name_need_not_arrive_here() -> None:
    senders = "[::]:443', accept_proxy: '2001:db8:1b::1"
    assert warned(senders, MAP, "::/0") == []


def test_all_ports_need_to_be_diverted() -> None:
    (line,) = warned(f"{PREFIX}:*", MAP, "2001:db8:64::/96", "0.0.0.0/0")
    assert "fronts.web.listen: nobody would come in: packets to all ports" in line
    assert "bridgectl setup" in line
    assert warned(f"{PREFIX}:*", MAP, "::/0") == []


def test_answers_to_clients_need_to_be_diverted() -> None:
    client = f"{SERVERS}, source: client"
    (line,) = warned("[::]:80", client, "0.0.0.0/0")
    assert "farms.web.source: no dial would work: answers to IPv6 clients" in line
    assert warned("[::]:80", client, "::/0") == []


def test_nothing_is_said_where_routes_are_not_known_or_nothing_is_needed() -> None:
    for listen, farm in (("[::]:80", POOL), (f"{PREFIX}:*", MAP)):
        assert warnings(parse(TEXT % (listen, farm), name="f"), HOST) == []
    assert warned("[::]:80", SERVERS) == []


def test_clients_addresses_need_a_privilege() -> None:
    without = replace(HOST, capabilities_later=0)
    client = f"{SERVERS}, source: client"
    (line,) = warned("[::]:80", client, "::/0", host=without)
    assert "farms.web.source: client needs CAP_NET_ADMIN or CAP_NET_RAW" in line


def test_all_ports_need_a_privilege_to_start() -> None:
    host = Host(looks=True, capabilities=0, now=0.0)
    with pytest.raises(ConfigError, match="all ports need a privilege: start as root"):
        verify(parse(TEXT % (f"{PREFIX}:*", MAP), name="f"), host)
    verify(parse(TEXT % (f"{PREFIX}:8443", MAP), name="f"), host)


def test_the_networks_of_this_host_are_looked_at_only_when_asked() -> None:
    assert Host.read().local is None
    assert ip_network("127.0.0.0/8") in (Host.read(looks=True).local or ())
