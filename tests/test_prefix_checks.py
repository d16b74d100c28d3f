"""Prefixes that leave nothing to others, asked of plain values."""

from typing import Any

import pytest

from bridge.config.problems import Path
from tests.flawed import flaws, paths


def listens(*fronts: Any, **keys: Any) -> list[Path]:
    named = (
        {"listen": each, "tproxy_port": 7000 + n} | keys
        for n, each in enumerate(fronts)
    )
    return paths(fronts=dict(zip("abcd", named, strict=False)))


EVERY, WIDER = "[2001:db8:64::/96]:*", "[2001:db8:64::/64]:*"
SECOND: list[Path] = [("fronts", "b", "listen")]


@pytest.mark.parametrize(
    "other",
    [
        *["[::]:443", "0.0.0.0:443", "[2001:db8:65::1]:443", "[2001:db8:65::/96]:443"],
        *["[2001:db8:65::/96]:*", "unix:/x", "systemd:x", "[fe80::1%eth0]:443"],
    ],
)
def test_prefixes_leave_others_their_addresses(other: str) -> None:
    assert listens(EVERY, other) == listens(other, EVERY) == []


@pytest.mark.parametrize(
    "other",
    [
        *[EVERY, WIDER, "[2001:db8:64::/96]:443", "[2001:db8:64::/64]:443"],
        *["[2001:db8:64::5]:443", "[2001:db8:64::/112]:443"],
    ],
)
def test_of_an_address_one_front_takes_all_ports(other: str) -> None:
    assert listens(EVERY, other) == listens(other, EVERY) == SECOND


def test_the_same_holds_within_one_front() -> None:
    assert listens([EVERY, "[2001:db8:64::5]:80"]) == [("fronts", "a", "listen", 1)]


def test_one_port_of_a_prefix_leaves_its_addresses_to_others() -> None:
    prefix = "[2001:db8:64::/96]:443"
    assert listens(prefix, "[2001:db8:64::5]:443", "[2001:db8:64::/64]:80") == []


def test_what_lies_in_several_is_told_once() -> None:
    assert listens(WIDER, EVERY, "[2001:db8:64::5]:80") == [
        *[("fronts", "b", "listen"), ("fronts", "c", "listen")]
    ]


def test_where_the_other_stands_is_told() -> None:
    fronts = {"a": {"listen": "[2001:db8:64::5]:80"}, "b": {"listen": EVERY}}
    (flaw,) = flaws(fronts=fronts)
    assert flaw.message.startswith(
        f"{EVERY} has addresses of [2001:db8:64::5]:80, at f"
    )


def test_ten_thousand_prefixes_are_compared_quickly() -> None:
    assert listens([f"[2001:db8:{n:x}::/64]:*" for n in range(10_000)]) == []
