"""What a farm's values are once its configuration is right."""

from typing import Any

import pytest

from bridge.config import parse, summary
from bridge.config.check import Check
from bridge.config.farm import Farm, Queue, Server
from bridge.config.hostnames import HostName, ServiceName, is_meant
from bridge.config.keys import ROOT, find
from bridge.net.address import Address

TEXT = """
fronts: {web: {listen: "[::]:80", to: web}}
farms:
  web:
    servers: [%s]
    %s
"""


def farm(keys: str = "", servers: str = "192.0.2.10:80", **environment: str) -> Farm:
    document = parse(TEXT % (servers, keys), environment=environment)
    return document.config.farms["web"]


def server(keys: str, farms: str = "") -> Server:
    return farm(farms, f'{{address: "192.0.2.10:80", {keys}}}').servers[0]


def check(keys: str) -> Check:
    found = farm(f"check: {{{keys}}}").check
    assert found is not None
    return found


# Defaults


def test_a_farm_has_the_contracts_defaults() -> None:
    web = farm()
    assert (web.balance, web.connections, web.slow_start) == ("round_robin", None, None)
    assert (web.retries, web.connect_timeout, web.source) == (2, 3.0, ())
    assert web.queue == Queue(length=1000, timeout=10.0)
    assert web.eject is not None
    assert (web.eject.failures, web.eject.duration) == (5, 30.0)
    assert web.hash_key.get_secret_value() == "bridge"
    (one,) = web.servers
    assert (one.weight, one.connections) == (1, None)
    assert not one.backup and not one.disabled


def test_a_check_is_on_unless_it_is_switched_off() -> None:
    expected = Check(kind="tcp", interval=2.0, timeout=1.0, rise=2, fall=3)
    assert farm().check == farm("check: {}").check == expected
    assert farm("check: off").check is None
    assert farm("check: {kind: off, path: /kept}").check is None


@pytest.mark.parametrize("key", ["check", "queue", "eject"])
def test_the_reference_spells_the_defaults_that_hold(key: str) -> None:
    found = find(("farms", "web", key))
    assert found is not None
    written = farm(f"{key}: {found.default}")
    assert getattr(written, key) == getattr(farm(), key)


# Servers


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


def test_every_key_of_a_server_is_read() -> None:
    one = server("name: b, weight: 2, connections: 500, backup: false, disabled: true")
    assert (one.name, one.weight, one.connections) == ("b", 2, 500)
    assert (one.backup, one.disabled) == (False, True)


@pytest.mark.parametrize(
    ("own", "farms", "most"),
    [
        ("weight: 1", "", None),
        ("weight: 1", "connections: 7", 7),
        ("connections: 5", "connections: 7", 5),
        ("connections: off", "connections: 7", None),
        ("connections: 5", "connections: off", 5),
    ],
)
def test_a_server_has_its_own_limit_or_the_farms(
    own: str, farms: str, most: int | None
) -> None:
    assert server(own, farms).connections == most


def test_a_server_written_as_its_address_has_the_farms_limit() -> None:
    assert [one.connections for one in farm("connections: 7").servers] == [7]


def test_a_longest_name_of_dns_names_a_server() -> None:
    host = f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}"
    assert farm(servers=f"{host}:65535").servers[0].name == f"{host}:65535"


def test_a_name_counts_as_one_server() -> None:
    document = parse(TEXT % ("192.0.2.1:80, a.b:80, 'srv:_x._tcp.a'", ""))
    assert summary(document) == "1 front, 1 farm, 3 servers"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *[("localhost:80", True), ("a.b", True), ("a1.:80", True), ("x-y:http", True)],
        *[("192.0.2.1:80", False), ("192.0.2.1O:80", False), ("::1:80", False)],
        *[("fe80::a:80", False), ("[a.b]:80", False), ("a/b:80", False), ("", False)],
    ],
)
def test_a_name_is_told_from_an_address_with_a_slip(text: str, meant: bool) -> None:
    assert is_meant(text) is meant


# Choosing


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        *[
            (f"balance: {balance}", {"balance": balance})
            for balance in ("least_connections", "two_choices", "first", "source_hash")
        ],
        ("connections: 5", {"connections": 5}),
        ("queue: off", {"queue": None}),
        ("queue: {length: 5}", {"queue": Queue(length=5, timeout=10.0)}),
        ("queue: {timeout: 500ms}", {"queue": Queue(length=1000, timeout=0.5)}),
        ("eject: off", {"eject": None}),
        ("slow_start: 1m", {"slow_start": 60.0}),
        ("source: auto", {"source": ()}),
        ("source: 192.0.2.9", {"source": ("192.0.2.9",)}),
        (
            'source: [192.0.2.9, "2001:DB8:0::9"]',
            {"source": ("192.0.2.9", "2001:db8::9")},
        ),
    ],
)
def test_every_key_of_a_farm_is_read(keys: str, expected: dict[str, Any]) -> None:
    read = farm(keys)
    assert {key: getattr(read, key) for key in expected} == expected


def test_an_ejection_is_written_as_for() -> None:
    eject = farm("eject: {failures: 3, for: 1m}").eject
    assert eject is not None
    assert (eject.failures, eject.duration) == (3, 60.0)


def test_a_hash_key_comes_from_the_environment_and_is_not_shown() -> None:
    web = farm("hash_key: ${KEY}", KEY="wintergreen")
    assert web.hash_key.get_secret_value() == "wintergreen"
    assert "wintergreen" not in repr(web)


def test_sources_of_both_families_serve_servers_of_both() -> None:
    web = farm(
        'source: [192.0.2.9, "2001:db8::9"]', '192.0.2.1:80, "[2001:db8::1]:80", a.b:1'
    )
    assert len(web.source) == 2


# Checks


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("interval: 500ms", {"interval": 0.5, "timeout": 0.5}),
        ("interval: 10s", {"interval": 10.0, "timeout": 1.0}),
        ("interval: 1s, timeout: 1s", {"interval": 1.0, "timeout": 1.0}),
        ("rise: 1, fall: 1", {"rise": 1, "fall": 1}),
        ("kind: http", {"path": "/", "host": "", "status": (range(200, 400),)}),
        ("kind: http, path: '/ok?a=b'", {"path": "/ok?a=b"}),
        ("kind: http, host: web.example", {"host": "web.example"}),
        ("kind: http, status: 204", {"status": (range(204, 205),)}),
        (
            "kind: http, status: [200-299, '404', 405]",
            {"status": (range(200, 300), range(404, 405), range(405, 406))},
        ),
        (
            r'kind: exchange, send: "PING\r\n", expect: +PONG',
            {"send": b"PING\r\n", "expect": b"+PONG"},
        ),
        (
            r'kind: exchange, send: "\0\0\0\x08\x04\xd2\x16\x2f", expect: S',
            {"send": b"\x00\x00\x00\x08\x04\xd2\x16\x2f"},
        ),
        (r"kind: exchange, expect: '\r'", {"send": b"", "expect": rb"\r"}),
    ],
)
def test_every_key_of_a_check_is_read(keys: str, expected: dict[str, Any]) -> None:
    read = check(keys)
    assert {key: getattr(read, key) for key in expected} == expected


def test_a_check_of_no_kind_of_its_own_has_the_keys_of_every_kind() -> None:
    below = ROOT.below["farms"].below["NAME"].below["check"].below
    assert set(below) == {
        *["kind", "interval", "timeout", "rise", "fall"],
        *["path", "host", "status", "send", "expect"],
    }
