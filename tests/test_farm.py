"""Round robin, and what a retry does to it."""

import socket
from collections import Counter

import pytest

from bridge.farm import Farm, Server
from bridge.net.dial import Target


def server(name: str) -> Server:
    return Server(name, Target(socket.AF_INET, ("192.0.2.1", 80), ()))


def farm(names: str) -> Farm:
    return Farm("web", [server(name) for name in names], retries=2)


def test_servers_take_turns() -> None:
    web = farm("abc")
    assert "".join(web.choose().name for _ in range(7)) == "abcabca"


def test_a_retry_avoids_what_was_tried() -> None:
    web = farm("abc")
    first = web.choose()
    second = web.choose((first,))
    third = web.choose((first, second))
    assert {first.name, second.name, third.name} == set("abc")


def test_when_all_were_tried_the_turn_goes_on() -> None:
    web = farm("ab")
    tried = (web.choose(), web.choose())
    assert web.choose(tried).name == "a"
    assert farm("a").choose(farm("a").servers).name == "a"


def test_shares_stay_even_although_one_server_always_fails() -> None:
    web = farm("abcd")
    got: Counter[str] = Counter()
    for _ in range(4000):
        chosen = web.choose()
        if chosen.name == "a":
            chosen = web.choose((chosen,))
        got[chosen.name] += 1
    assert got["a"] == 0
    assert max(got.values()) - min(got[name] for name in "bcd") <= 1


def test_an_empty_farm_is_refused() -> None:
    with pytest.raises(ValueError, match="no servers"):
        farm("").choose()
