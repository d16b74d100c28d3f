"""What sources owe to servers and fronts, asked of plain values."""

from typing import Any

import pytest

from bridge.config.source_checks import is_client, leading_to, pools
from tests.flawed import flaws, paths

SOURCE = ("farms", "web", "source")
OTHERWISE = (*SOURCE, "otherwise")
SIX = {"listen": "[::]:80", "to": "web"}
FOUR = {"listen": "0.0.0.0:80", "to": "web"}
DUAL = SIX | {"dual_stack": True}
POOL = {"pool": "100.64.0.0/10"}


def sourced(source: Any, server: str, *fronts: dict[str, Any]) -> list[Any]:
    named = dict(zip("abc", fronts, strict=False))
    return paths(fronts=named, farms={"web": {"source": source, "servers": [server]}})


V4, V6, NAME = "192.0.2.1:80", "[2001:db8::1]:80", "web.farm:80"


@pytest.mark.parametrize(
    ("server", "front"),
    [(V6, SIX), (V4, FOUR), (NAME, SIX), (NAME, FOUR), (NAME, DUAL)],
)
def test_clients_are_seen_by_servers_of_their_family(
    server: str, front: dict[str, Any]
) -> None:
    assert sourced("client", server, front) == []


@pytest.mark.parametrize(
    ("server", "front"),
    [
        (V4, SIX),
        (V6, FOUR),
        (V4, DUAL),
        (V6, DUAL),
        (V6, {"listen": "[2001:db8:64::/96]:*", "to": "web"} | {"accept_proxy": "::1"}),
        (V4, FOUR | {"accept_proxy": ["::1"]}),
        (V4, FOUR | {"listen": ["0.0.0.0:80", "[::]:80"]}),
        (V4, FOUR | {"listen": "unix:/run/x"}),
        (V4, {"listen": "[2001:db8:64::/96]:80", "to": "web"}),
    ],
)
def test_clients_that_may_be_of_another_family_need_an_alternative(
    server: str, front: dict[str, Any]
) -> None:
    assert sourced("client", server, front) == [SOURCE]
    assert sourced({"client": True}, server, front) == [SOURCE]
    assert sourced({"client": True, "otherwise": "auto"}, server, front) == []


def test_one_front_of_several_is_enough() -> None:
    second = {"listen": "[::]:80", "mode": "sni", "to": {"x": "web"}}
    (flaw,) = flaws(
        fronts={"a": FOUR, "b": second},
        farms={"web": {"source": "client", "servers": [V4]}},
    )
    assert "front b may have clients that are not IPv4" in flaw.message


def test_what_systemd_passes_and_where_no_front_leads_is_not_known() -> None:
    assert sourced("client", V4, {"listen": "systemd:x", "to": "web"}) == []
    assert sourced("client", V4) == []


@pytest.mark.parametrize("otherwise", [POOL, "192.0.2.9", ["192.0.2.9"]])
def test_an_alternative_is_asked_for_families_where_it_is_used(otherwise: Any) -> None:
    source = {"client": True, "otherwise": otherwise}
    assert sourced(source, V4, SIX) == []
    assert sourced(source, V6, SIX) == []  # where clients are seen themselves
    assert sourced(source, V6, FOUR) == [OTHERWISE]


def test_a_pool_is_for_servers_of_ipv4() -> None:
    assert sourced(POOL, V4, SIX) == []
    assert sourced(POOL, V6, SIX) == [SOURCE]


@pytest.mark.parametrize("source", [POOL, {"client": True, "otherwise": POOL}])
def test_no_farm_has_servers_in_any_pool(source: Any) -> None:
    farms = {
        "web": {"source": source, "servers": [V4]},
        "other": {"servers": ["100.64.0.1:80", {"address": "100.128.0.0:80"}]},
    }
    assert paths(farms=farms) == [("farms", "other", "servers", 0)]


def test_no_farm_has_servers_in_a_prefix_that_is_listened_on() -> None:
    fronts = {"a": {"listen": ["[2001:db8::/64]:80"], "to": "web"}}
    servers = [V6, {"address": "[2001:db8::2]:1"}, "[2001:db8:0:1::1]:80"]
    assert paths(fronts=fronts, farms={"web": {"servers": servers}}) == [
        ("farms", "web", "servers", 0),
        ("farms", "web", "servers", 1, "address"),
    ]


def test_the_inner_of_two_networks_is_told() -> None:
    farms = {
        "a": {"source": {"pool": "10.0.0.0/8"}, "servers": [V4]},
        "b": {"source": {"pool": "10.1.0.0/16"}, "servers": ["10.1.0.1:80"]},
    }
    (flaw,) = flaws(farms=farms)
    assert "in the pool 10.1.0.0/16 of farm b" in flaw.message


def test_what_is_of_the_wrong_type_is_the_models() -> None:
    for source in (
        5,
        [5],
        {"pool": 5},
        {"client": 5},
        {"client": True, "otherwise": 5},
    ):
        assert sourced(source, V4, {"listen": 5, "to": "web"}) == []
    odd = {"listen": "x", "to": "web", "dual_stack": "maybe"}
    assert sourced({"client": True, "otherwise": "auto"}, "x", odd) == []
    assert is_client("client") and not is_client({"client": "no"})
    assert list(pools({"a": {"source": {"pool": "x"}}, "b": {}})) == []
    assert [name for name, _ in leading_to("web", {"a": SIX, "b": {"to": 5}})] == ["a"]
