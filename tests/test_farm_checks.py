"""What the keys of one farm owe each other, asked of plain values."""

from typing import Any

import pytest

from bridge.config.problems import Flaw
from tests.flawed import flaws


def farm(**keys: Any) -> list[Flaw]:
    return flaws(farms={"web": {"servers": ["192.0.2.1:80"], **keys}})


def test_of_many_servers_of_one_name_all_but_the_first_are_told() -> None:
    found = farm(servers=["192.0.2.1:80"] * 3)
    assert [flaw.path for flaw in found] == [
        *[("farms", "web", "servers", 1), ("farms", "web", "servers", 2)]
    ]


def test_ten_thousand_servers_are_compared_quickly() -> None:
    servers = [f"192.0.{n // 250}.{n % 250 + 1}:80" for n in range(10_000)]
    assert farm(servers=servers) == []


def test_one_name_may_be_used_in_two_farms() -> None:
    same = {"servers": [{"address": "192.0.2.1:80", "name": "a"}]}
    assert flaws(farms={"one": same, "two": same}) == []


@pytest.mark.parametrize("backup", [True, "true"])
def test_backups_stand_in_for_somebody(backup: object) -> None:
    spare = {"address": "192.0.2.1:80", "backup": backup}
    assert [flaw.path for flaw in farm(servers=[spare])] == [
        ("farms", "web", "servers")
    ]
    assert farm(servers=[spare, "192.0.2.2:80"]) == []


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        ({}, []),
        ({"kind": "http", "path": "/", "host": "a", "status": []}, []),
        ({"kind": "exchange", "send": "a", "expect": "b"}, []),
        ({"kind": "off", "path": "/", "expect": "b"}, []),
        ({"kind": "tls"}, ["kind"]),
        ({"kind": "tls", "path": "/"}, ["path", "kind"]),
        ({"kind": "redis", "rise": 1}, []),
        ({"kind": "mysql", "send": "a"}, ["send"]),
        ({"kind": "smtp", "expect": "220", "host": "x"}, ["host", "expect"]),
        ({"path": "/", "send": "a"}, ["path", "send"]),
        ({"kind": "http", "send": "a", "expect": "b"}, ["send", "expect"]),
        ({"kind": "exchange", "status": 200}, ["status", "expect"]),
        ({"interval": "500ms", "timeout": 0.5}, []),
        ({"interval": "500ms", "timeout": 0.6}, ["timeout"]),
        ({"timeout": "2001ms"}, ["timeout"]),
    ],
)
def test_a_check_has_the_keys_of_its_kind(
    check: dict[str, Any], wrong: list[str]
) -> None:
    assert [flaw.path for flaw in farm(check=check)] == [
        ("farms", "web", "check", key) for key in wrong
    ]


@pytest.mark.parametrize(
    ("source", "server", "fits"),
    [
        ("auto", "[2001:db8::1]:80", True),
        ("192.0.2.9", "192.0.2.1:80", True),
        ("192.0.2.9", "[2001:db8::1]:80", False),
        (["192.0.2.9", "2001:db8::9"], "[2001:db8::1]:80", True),
        (["192.0.2.9"], {"address": "[2001:db8::1]:80"}, False),
        ("192.0.2.9", "web.farm:80", True),
        ("192.0.2.9", "srv:_http._tcp.farm", True),
    ],
)
def test_a_source_is_of_the_servers_family(
    source: object, server: object, fits: bool
) -> None:
    assert (farm(source=source, servers=[server]) == []) is fits
