"""What a farm's values are once its configuration is right."""

from typing import Any

import pytest

from bridge.config import parse, summary
from bridge.config.check import Check
from bridge.config.farm import Queue, Server
from bridge.config.keys import find
from tests.configured import TEXT, farm


def server(keys: str, farms: str = "") -> Server:
    return farm(farms, f'{{address: "192.0.2.10:80", {keys}}}').servers[0]


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


def test_a_name_counts_as_one_server() -> None:
    document = parse(TEXT % ("192.0.2.1:80, a.b:80, 'srv:_x._tcp.a'", ""))
    assert summary(document) == "1 front, 1 farm, 3 servers"


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
