"""Addresses as the model has them: listens, networks, servers, sources."""

from bridge.config import parse
from bridge.config.hostnames import HostName, ServiceName
from bridge.net.address import Address, SystemdName, UnixPath
from tests.configured import farm, front


def test_a_front_listens_in_every_form() -> None:
    text = """
fronts:
  web:
    listen: ["[::]:80", "0.0.0.0:8000-8001", "[fe80::1%eth0]:25", unix:/x, systemd:w]
    to: web
farms: {web: {servers: ["192.0.2.10:80"]}}
"""
    assert parse(text).config.fronts["web"].listen == (
        Address("::", 80),
        Address("0.0.0.0", 8000),
        Address("0.0.0.0", 8001),
        Address("fe80::1", 25, "eth0"),
        UnixPath("/x"),
        SystemdName("w"),
    )


def test_one_network_needs_no_list() -> None:
    web = front('allow: 192.0.2.0/24, deny: ["2001:db8::/32", 192.0.2.1]')
    assert web.allow.networks.contains("::ffff:192.0.2.7")
    assert web.deny.networks.contains("2001:db8::1") and web.deny.networks.contains(
        "192.0.2.1"
    )


def test_a_server_is_found_in_three_ways() -> None:
    servers = farm(
        servers='"[2001:DB8::1]:80", Web.Farm.internal.:8080, srv:_http._tcp.farm'
    ).servers
    assert [one.address for one in servers] == [
        Address("2001:db8::1", 80),
        HostName("web.farm.internal", 8080),
        ServiceName("_http._tcp.farm"),
    ]
    assert [one.name for one in servers] == [
        *["[2001:db8::1]:80", "web.farm.internal:8080", "srv:_http._tcp.farm"]
    ]


def test_sources_of_both_families_serve_servers_of_both() -> None:
    web = farm(
        'source: [192.0.2.9, "2001:db8::9"]', '192.0.2.1:80, "[2001:db8::1]:80", a.b:1'
    )
    assert len(web.own_sources) == 2
