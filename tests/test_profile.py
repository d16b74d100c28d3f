"""Profiles: what is built in, what overrides what, and every key."""

from typing import Any

import pytest

from bridge.config.profile import BUILT_IN, Keepalive, Profile
from tests.configured import config


def profile(keys: str) -> Profile:
    return config(f"profiles: {{mine: {{{keys}}}}}").profile("mine")


def test_wan_probes_and_lan_does_not() -> None:
    wan, lan = BUILT_IN["wan"], BUILT_IN["lan"]
    assert wan.keepalive == Keepalive(idle=60.0, interval=10.0, probes=6)
    assert lan.keepalive is None
    assert (wan.user_timeout, lan.user_timeout) == (120.0, 30.0)
    assert wan.nodelay and lan.nodelay
    assert wan.unsent_low_water is lan.unsent_low_water is None


def test_jumbo_is_lan_at_mtu_9000() -> None:
    changes = (
        BUILT_IN["jumbo"].model_dump().items() - BUILT_IN["lan"].model_dump().items()
    )
    assert dict(changes) == {"mtu": 9000, "base": "lan"}


def test_a_profile_overrides_only_what_it_sets() -> None:
    text = """
profiles:
  a: {base: wan, mtu: 1500, mss: 1400}
  b: {base: a, mss: auto, keepalive: off}
"""
    resolved = config(text).profile("b")
    assert (resolved.mtu, resolved.mss, resolved.keepalive) == (1500, "auto", None)
    assert resolved.user_timeout == 120.0
    assert config(text).profile("a").keepalive == Keepalive()


def test_a_profile_without_base_is_the_kernels_own() -> None:
    plain = profile("mark: 5")
    assert plain == Profile(mark=5)
    assert (plain.user_timeout, plain.keepalive, plain.mss) == (None, None, "auto")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("interface: eth0", {"interface": "eth0"}),
        ("mss: safe", {"mss": "safe"}),
        ("mss: 1220", {"mss": 1220}),
        ("congestion: bbr", {"congestion": "bbr"}),
        ("send_buffer: 1MiB", {"send_buffer": 1 << 20}),
        ("send_buffer: auto", {"send_buffer": None}),
        ("window_clamp: off", {"window_clamp": None}),
        ("unsent_low_water: 128KiB", {"unsent_low_water": 131072}),
        ("user_timeout: off", {"user_timeout": None}),
        ("user_timeout: 1500ms", {"user_timeout": 1.5}),
        ("keepalive: off", {"keepalive": None}),
        ("keepalive: {idle: 2m}", {"keepalive": Keepalive(idle=120.0)}),
        ("defer_accept: 5s", {"defer_accept": 5.0}),
        ("dscp: AF21", {"dscp": 18}),
        ("mark: 0xff", {"mark": 255}),
        ("nodelay: false", {"nodelay": False}),
        (
            "quickack: true, fast_open: true, mptcp: true",
            {"quickack": True, "fast_open": True, "mptcp": True},
        ),
    ],
)
def test_every_key_of_a_profile_is_read(keys: str, expected: dict[str, Any]) -> None:
    read = profile(keys)
    assert {key: getattr(read, key) for key in expected} == expected


def test_an_unknown_profile_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        config().profile("nobody")
