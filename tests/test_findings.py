"""Warnings of what cannot work on a host, with hosts made up for it."""

from dataclasses import replace
from pathlib import Path

import pytest

from bridge.config import load, parse
from bridge.doctor import Host, warnings
from tests.hosts import HOST, looping

TEXT = """\
profiles:
  mine: {%s}
fronts: {web: {listen: "[2001:db8::80]:80", profile: %s, to: web}}
farms: {web: {servers: [192.0.2.10:80], profile: %s}}
"""


def front_side(keys: str, host: Host = HOST) -> list[str]:
    """Warnings for a profile with *keys* on a front that listens on IPv6."""
    return warnings(parse(TEXT % (keys, "mine", "lan"), name="f"), host)


def farm_side(keys: str, host: Host = HOST) -> list[str]:
    """Warnings for a profile with *keys* on a farm of IPv4."""
    return warnings(parse(TEXT % (keys, "wan", "mine"), name="f"), host)


SILENCE = "keepalive: {idle: 60s, interval: 10s, probes: 6}"


@pytest.mark.parametrize(
    "keys", [f"user_timeout: 30s, {SILENCE}", "base: wan, user_timeout: 119s"]
)
def test_a_user_timeout_below_keepalives_own_time_is_warned_of(keys: str) -> None:
    for warned in (front_side, farm_side):
        (line,) = warned(keys)
        assert "profiles.mine.user_timeout: " in line
        assert "is below the 2m of keepalive (idle + interval * probes)" in line


@pytest.mark.parametrize(
    "keys",
    [
        f"user_timeout: 2m, {SILENCE}",
        f"user_timeout: off, {SILENCE}",
        "user_timeout: 30s, keepalive: off",
        "base: wan",
        "base: wan, keepalive: {idle: 5m}",
        "base: lan, user_timeout: 1s",
    ],
)
def test_times_that_agree_are_not(keys: str) -> None:
    assert front_side(keys) == farm_side(keys) == []


def test_nothing_is_said_of_what_works() -> None:
    assert front_side("interface: eth0, mtu: 1500, mss: 1440, congestion: cubic") == []
    assert farm_side("interface: eth1, mtu: 9000, mss: 8960, send_buffer: 208KiB") == []
    assert front_side("mss: safe, mtu: 1280, receive_buffer: 416KiB") == []


@pytest.mark.parametrize(
    ("keys", "warning"),
    [
        ("mtu: 1500, mss: 1441", "2:26: profiles.mine.mss: 1441 does not fit MTU 1500"),
        ("interface: eth0, mss: 1500", "IPv6: at most 1440, which is MTU - 60"),
        ("mtu: 1000, interface: eth0", "1000 is below IPv6's minimum, 1280"),
        (
            "interface: eth7",
            "2:21: profiles.mine.interface: this host has no interface",
        ),
        ("interface: eth7", "interface eth7, it has eth0, eth1, lo"),
        ("mtu: 9000, interface: eth0", "9000 is more than eth0 carries, 1500"),
        ("congestion: bbr", "the kernel has no bbr, it has cubic, reno: load it"),
        ("send_buffer: 1MiB", "1MiB is above net.core.wmem_max: the kernel caps it"),
        ("send_buffer: 1MiB", "at 208KiB, then doubles that"),
        ("receive_buffer: 1MiB", "above net.core.rmem_max"),
        ("unsent_low_water: 8MiB", "tcp_wmem, 4MiB: it changes nothing"),
        ("window_clamp: 8MiB", "the most of net.ipv4.tcp_rmem, 6MiB"),
        ("fast_open: true", "net.ipv4.tcp_fastopen is 1: set it to 3"),
        ("mptcp: true", "the kernel has no MPTCP"),
    ],
)
def test_a_front_is_warned_of(keys: str, warning: str) -> None:
    (line,) = front_side(keys)
    assert line.startswith("f:2:") and warning in line


@pytest.mark.parametrize(
    ("keys", "warning"),
    [
        ("mtu: 1500, mss: 1461", "at most 1460, which is MTU - 40"),
        ("mtu: 1270, mss: safe", "1240 does not fit MTU 1270 on IPv4"),
        ("mptcp: true", "does nothing for a farm"),
        ("defer_accept: 5s", "does nothing for a farm"),
    ],
)
def test_a_farm_is_warned_of(keys: str, warning: str) -> None:
    (line,) = farm_side(keys)
    assert warning in line


def test_a_farms_fast_open_needs_the_other_bit() -> None:
    assert farm_side("fast_open: true") == []
    (line,) = farm_side("fast_open: true", replace(HOST, fast_open=2))
    assert "is 2: set it to 3" in line


def test_nothing_is_said_of_what_is_not_known() -> None:
    keys = "interface: eth7, congestion: bbr, send_buffer: 1GiB, mss: 9000"
    assert front_side(keys, Host()) == []


def test_a_dual_stack_front_is_judged_for_both_families() -> None:
    text = TEXT.replace("to: web}}", "to: web, dual_stack: true}}", 1)
    text = text.replace("[2001:db8::80]", "[::]") % (
        "mtu: 1500, mss: 1461",
        "mine",
        "lan",
    )
    found = warnings(parse(text), HOST)
    assert ["IPv4" in found[0], "IPv6" in found[1], len(found)] == [True, True, 2]


def test_a_warning_stands_where_the_key_is_set_and_only_once() -> None:
    text = """\
profiles:
  a: {congestion: bbr}
  b: {base: a}
fronts:
  x: {listen: "[::]:1", profile: b, to: web}
  y: {listen: "[::]:2", profile: a, to: web}
farms: {web: {servers: [192.0.2.10:80]}}
"""
    (line,) = warnings(parse(text, name="f"), HOST)
    assert line.startswith("f:2:19: profiles.a.congestion: ")


def test_a_front_gains_nothing_where_its_mtu_is_not_below_its_farms() -> None:
    text = """\
profiles: {in: {mtu: %s}, out: {mtu: 1500}}
fronts: {web: {listen: "[::]:80", profile: out, to: web}}
farms: {web: {servers: [192.0.2.10:80], profile: in}}
"""
    (line,) = warnings(parse(text % 1500, name="f"), HOST)
    assert line.startswith("f:2:44: fronts.web.profile: its MTU, 1500, is not below")
    assert warnings(parse(text % 9000), HOST) == []


def test_a_scope_is_an_interface_of_this_host() -> None:
    (line,) = looping(
        'w: {listen: "[fe80::1%eth7]:80", to: w}', "w: {servers: [1.2.3.4:5]}"
    )
    assert "fronts.w.listen: this host has no interface eth7" in line
    (line,) = looping(
        'w: {listen: "[::]:80", to: w}', 'w: {servers: ["[fe80::1%x]:5"]}'
    )
    assert "farms.w.servers[0]: this host has no interface x" in line


def test_warnings_come_in_order_of_place(tmp_path: Path) -> None:
    main, more = tmp_path / "z.yaml", tmp_path / "a.yaml"
    shared = TEXT % ("congestion: bbr, mptcp: true", "mine", "more")
    main.write_text(f"{shared}include: a.yaml\n")
    more.write_text("profiles: {more: {interface: eth7}}")
    found = warnings(load(main, {}), HOST)
    assert [line.split(": ")[1] for line in found] == [
        *["profiles.mine.congestion", "profiles.mine.mptcp", "profiles.more.interface"]
    ]


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("mode: sni, timeouts: {open: 2s}, to: {default: web}", True),
        ("mode: sni, timeouts: {greeting: 10s}, to: {default: web}", True),
        ("mode: sni, timeouts: {greeting: 1s, open: 2s}, to: {default: web}", False),
        ("mode: sni, timeouts: {open: 2s}, to: {a.example: web}", False),
        ("timeouts: {open: 2s}, to: web", False),
    ],
)
def test_a_silent_client_that_is_reset_before_it_is_led_is_warned_of(
    keys: str, told: bool
) -> None:
    lines = looping(
        f'a: {{listen: "[::1]:8443", {keys}}}', "web: {servers: ['192.0.2.1:80']}"
    )
    assert [
        "fronts.a.timeouts.open: a client that says nothing" in x for x in lines
    ] == [True] * told
