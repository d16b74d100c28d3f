"""What the keys of a map owe each other and to fronts, asked of plain values."""

from typing import Any

import pytest

from tests.flawed import flaws, paths

MAP = ("farms", "web", "map")
PREFIX = "2001:db8:64::/96"
EAM = {"front": "2001:db8:1::/120", "back": "203.0.113.0/24"}


def mapped(listen: Any = "[::]:80", beside: Any = None, **keys: Any) -> list[Any]:
    wanted = {"prefix": PREFIX, "to": ["192.0.2.0/24"]} | keys
    front = {"listen": listen, "to": "web"}
    return paths(fronts={"a": front}, farms={"web": {"map": wanted, **(beside or {})}})


@pytest.mark.parametrize(
    "listen",
    [
        *["[::]:80", f"[{PREFIX}]:80", f"[{PREFIX}]:*", "systemd:x"],
        *["[2001:db8:64::/64]:80", "[2001:db8:64::1:0/112]:80", "[2001:db8:64::5]:80"],
        "[2001:db8:1::5]:80",
    ],
)
def test_a_front_has_addresses_of_the_map(listen: str) -> None:
    assert mapped(listen, eam=[EAM]) == []


@pytest.mark.parametrize(
    "listen",
    ["0.0.0.0:80", "[2001:db8:65::/96]:80", "[2001:db8::1]:80", "unix:/x", "[::1]:80"],
)
def test_a_front_without_one_is_told(listen: str) -> None:
    assert mapped(listen) == [("fronts", "a", "listen")]
    assert mapped(["[::]:81", listen]) == [("fronts", "a", "listen", 1)]


def test_a_front_with_senders_needs_no_address_of_the_map() -> None:
    """They say whom their clients want; without them it would be told."""
    front = {"listen": "[2001:db8::1]:80", "to": "web"}
    farms = {"web": {"map": {"prefix": PREFIX, "to": "192.0.2.0/24"}}}
    believing = front | {"accept_proxy": ["2001:db8:1b::1"]}
    assert paths(fronts={"a": believing}, farms=farms) == []
    assert paths(fronts={"a": front}, farms=farms) == [("fronts", "a", "listen")]


def test_a_front_of_mode_sni_that_leads_there_is_asked_too() -> None:
    front = {"listen": "0.0.0.0:80", "mode": "sni", "to": {"default": "web"}}
    farms = {"web": {"map": {"prefix": PREFIX, "to": "192.0.2.0/24"}}}
    assert paths(fronts={"a": front}, farms=farms) == [("fronts", "a", "listen")]


def test_a_map_stands_instead_of_servers_and_of_what_chooses_one() -> None:
    beside = {"servers": [], "balance": "first", "hash_key": "x", "slow_start": "1m"}
    assert mapped(beside=beside) == [
        MAP,
        *[("farms", "web", key) for key in ("balance", "hash_key", "slow_start")],
    ]
    assert mapped(beside={"check": "off", "connections": 5, "queue": "off"}) == []


def test_explicit_mappings_are_each_told_where_they_are_wrong() -> None:
    few = {"front": "2001:db8:2::/120", "back": "10.0.0.0/8"}
    nested = {"front": "2001:db8:1::/124", "back": "198.51.100.0/28"}
    assert mapped(eam=[EAM, nested]) == []
    assert mapped(eam=[EAM, few, EAM]) == [
        *[(*MAP, "eam", 1), (*MAP, "eam", 2, "front"), (*MAP, "eam", 2, "back")]
    ]


@pytest.mark.parametrize(
    ("to", "wrong"),
    [
        ("8.8.8.0/24", False),
        ("0.0.0.0/0", False),  # of which something is reached
        ("10.1.0.0/16", True),
        ("192.0.2.77", True),
        ("203.0.113.9", False),  # an explicit mapping leads there
    ],
)
def test_the_well_known_prefix_carries_global_addresses(to: str, wrong: bool) -> None:
    found = mapped(prefix="64:ff9b::/96", to=to, eam=[EAM])
    assert found == ([(*MAP, "to")] if wrong else [])
    for own in ("64:ff9b:1::/48", "64:ff9b:1:fffe::/96", PREFIX):
        assert mapped(prefix=own, to=to) == []


def test_a_pool_has_no_servers_to_lead_to() -> None:
    source = {"source": {"pool": "100.64.0.0/10"}}
    assert mapped(beside=source, to=["100.64.1.0/24"]) == [(*MAP, "to", 0)]
    assert mapped(beside=source, to=["100.0.0.0/8"]) == []  # some of it is outside


def test_what_is_of_the_wrong_type_is_the_models() -> None:
    for keys in ({"eam": 5}, {"eam": [5, {"front": 5}]}, {"to": 5}, {"prefix": "x"}):
        assert mapped(**keys) == []
    assert flaws(farms={"web": {"map": 5}}) == []
    assert mapped(listen=[5, "x"]) == []
