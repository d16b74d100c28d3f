"""Farms that lead back to a front of ours."""

import pytest

from tests.hosts import looping


@pytest.mark.parametrize(
    ("listen", "server", "dual_stack", "is_loop"),
    [
        ("[2001:db8::1]:80", "[2001:db8::1]:80", "false", True),
        ("[2001:db8::1]:80", "[2001:db8::1]:81", "false", False),
        ("[2001:db8::1]:80", "[2001:db8::2]:80", "false", False),
        ("[::]:80", "[::1]:80", "false", True),
        ("[::]:80", "127.0.0.1:80", "false", False),
        ("[::]:80", "127.0.0.1:80", "true", True),
        ("0.0.0.0:80-90", "127.0.0.1:85", "false", True),
    ],
)
def test_a_farm_that_is_its_own_front_is_a_loop(
    listen: str, server: str, dual_stack: str, is_loop: bool
) -> None:
    front = f'w: {{listen: "{listen}", dual_stack: {dual_stack}, to: w}}'
    found = looping(front, f'w: {{servers: ["192.0.2.1:9", "{server}"]}}')
    assert bool(found) == is_loop
    assert all("farms.w.servers[1]: is our own front" in line for line in found)


def test_a_loop_through_two_fronts_is_told_with_the_way() -> None:
    found = looping(
        'a: {listen: "[::1]:1", to: a}, b: {listen: "[::1]:2", to: b}',
        'a: {servers: ["[::1]:2"]}, b: {servers: ["[::1]:1"]}',
    )
    assert [line.rsplit(", ", 1)[1] for line in found] == ["b -> a -> b", "a -> b -> a"]


def test_a_chain_of_fronts_is_no_loop() -> None:
    fronts = 'a: {listen: "[::1]:1", to: a}, b: {listen: "[::1]:2", to: b}'
    assert looping(fronts, 'a: {servers: ["[::1]:2"]}, b: {servers: [1.2.3.4:5]}') == []


def test_a_name_is_no_front_of_ours_as_far_as_is_known() -> None:
    front = 'w: {listen: "[::]:80", to: w}'
    assert looping(front, 'w: {servers: ["localhost:80", "srv:_a._tcp.b"]}') == []


@pytest.mark.parametrize(
    ("to", "ports", "is_loop"),
    [
        ("192.0.2.0/24", "same", True),
        ("192.0.2.0/24", "{443: 8443}", False),
        ("192.0.2.0/24", "{443: 443}", True),
        ("198.51.100.0/24", "same", False),
    ],
)
def test_a_map_that_leads_to_our_own_front_is_a_loop(
    to: str, ports: str, is_loop: bool
) -> None:
    found = looping(
        'a: {listen: "[::]:443", to: m}, b: {listen: "192.0.2.5:443", to: w}',
        f'm: {{map: {{prefix: "2001:db8:64::/96", to: {to}, ports: {ports}}}}}, '
        'w: {servers: ["[::1]:443"]}',
    )
    told = [line.partition("farms.")[2] for line in found]
    what = "is our own front: sessions would run in a circle"
    loops = [f"m.map.to: {what}, b -> a -> b", f"w.servers[0]: {what}, a -> b -> a"]
    assert told == (loops if is_loop else [])
