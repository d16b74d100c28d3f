"""What the configuration's values are once they are right."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from bridge.config import Config, parse
from bridge.config.profile import BUILT_IN, Keepalive, Profile
from bridge.net.address import Address, SystemdName, UnixPath

SHORTEST = """
fronts: {web: {listen: "[::]:80", to: web}}
farms:  {web: {servers: [192.0.2.10:80]}}
"""


def config(text: str = "") -> Config:
    return parse(SHORTEST + text).config


def front(keys: str) -> Any:
    text = SHORTEST.replace("to: web", f"to: web, {keys}")
    return parse(text).config.fronts["web"]


def profile(keys: str) -> Profile:
    return config(f"profiles: {{mine: {{{keys}}}}}").profile("mine")


def test_the_shortest_configuration_has_the_contracts_defaults() -> None:
    whole = config()
    web, farm = whole.fronts["web"], whole.farms["web"]
    assert (web.profile, web.mode, web.dual_stack) == ("wan", "stream", False)
    assert (web.timeouts.open, web.timeouts.idle) == (10.0, 3600.0)
    assert (web.timeouts.half_closed, web.timeouts.close) == (300.0, 10.0)
    assert web.limits.connections == 10000
    assert not web.allow and not web.deny and not web.transparent
    assert (farm.profile, farm.balance) == ("lan", "round_robin")
    assert (farm.connect_timeout, farm.retries) == (3.0, 2)
    assert (whole.log.access, whole.log.access_format) == ("-", "text")
    assert (whole.log.level, whole.workers) == ("info", 1)
    assert whole.limits.connections is None
    assert whole.timeouts.drain_delay == 0.0
    assert whole.timeouts.drain_timeout == 30.0


def test_nothing_can_be_changed_afterwards() -> None:
    whole = config()
    values: list[tuple[BaseModel, str]] = [
        (whole, "workers"),
        (whole.fronts["web"], "to"),
        (whole.fronts["web"].timeouts, "idle"),
        (whole.profile("wan"), "mss"),
    ]
    for part, key in values:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(part, key, 1)


# Profiles


def test_wan_probes_and_lan_does_not() -> None:
    wan, lan = BUILT_IN["wan"], BUILT_IN["lan"]
    assert wan.keepalive == Keepalive(idle=60.0, interval=10.0, probes=6)
    assert lan.keepalive is None
    assert wan.user_timeout == lan.user_timeout == 30.0
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
    assert resolved.user_timeout == 30.0
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


# Fronts and farms


def test_a_front_listens_in_every_form() -> None:
    text = """
fronts:
  web:
    listen: ["[::]:80", "0.0.0.0:8000-8001", "[fe80::1%eth0]:25", unix:/x, systemd:w]
    to: web
farms: {web: {servers: ["192.0.2.10:80"]}}
"""
    assert parse(text).config.fronts["web"].listen == (
        Address("::", 80),
        Address("0.0.0.0", 8000),
        Address("0.0.0.0", 8001),
        Address("fe80::1", 25, "eth0"),
        UnixPath("/x"),
        SystemdName("w"),
    )


def test_one_network_needs_no_list() -> None:
    web = front('allow: 192.0.2.0/24, deny: ["2001:db8::/32", 192.0.2.1]')
    assert web.allow.contains("::ffff:192.0.2.7")
    assert web.deny.contains("2001:db8::1") and web.deny.contains("192.0.2.1")


def test_a_server_is_called_by_its_address_or_by_its_name() -> None:
    servers = '["[2001:DB8::1]:80", {address: "192.0.2.1:80"}, '
    servers += '{address: "1.2.3.4:5", name: b}]'
    farm = parse(SHORTEST.replace("[192.0.2.10:80]", servers)).config.farms["web"]
    assert [s.name for s in farm.servers] == ["[2001:db8::1]:80", "192.0.2.1:80", "b"]
    assert farm.servers[0].address == Address("2001:db8::1", 80)


def test_two_fronts_may_share_an_address_on_two_interfaces() -> None:
    text = """
profiles: {a: {interface: eth0}, b: {interface: eth1}, c: {base: a}}
fronts:
  a: {listen: "[::]:80", profile: a, to: web}
  b: {listen: "[::]:80", profile: b, to: web}
farms: {web: {servers: [192.0.2.10:80]}}
"""
    assert len(parse(text).config.fronts) == 2
    with pytest.raises(ValueError, match="taken already"):
        parse(text.replace("profile: b", "profile: c"))


def test_many_fronts_may_leave_the_port_to_the_kernel() -> None:
    text = SHORTEST.replace('"[::]:80"', '["[::1]:0", "[::1]:0"]')
    assert len(parse(text).config.fronts["web"].listen) == 2


@pytest.mark.parametrize(("access", "target"), [("off", None), ("/x/log", "/x/log")])
def test_the_access_log_may_go_elsewhere(access: str, target: str | None) -> None:
    assert config(f"log: {{access: {access}}}").log.access == target


# What is not built yet, and asked for in a way that means nothing


@pytest.mark.parametrize(
    "keys",
    [
        *["tls: off", "accept_proxy: []", "accept_proxy: off", "mode: stream"],
        "limits: {per_source: off, new_per_source: off, bandwidth: off}",
        "limits: {source_prefix: {ipv6: 64, ipv4: 32}}",
    ],
)
def test_a_front_may_say_that_it_wants_nothing_more(keys: str) -> None:
    assert front(keys) == front("mode: stream")


@pytest.mark.parametrize("keys", ["send_proxy: off", "tls: off", "map: off"])
def test_a_farm_may_say_that_it_wants_nothing_more(keys: str) -> None:
    text = SHORTEST.replace("servers:", f"{keys}, servers:")
    assert parse(text).config.farms == config().farms


def test_the_whole_may_say_that_it_wants_nothing_more() -> None:
    neutral = "admin: {socket: off, web: off, allow_changes: false}\nworkers: 1\n"
    assert config(neutral + "limits: {connections: auto}") == config()


@pytest.mark.parametrize("bits", ["64.0", "true", "'64'"])
def test_a_neutral_value_is_exactly_that(bits: str) -> None:
    with pytest.raises(ValueError, match="not built yet"):
        front(f"limits: {{source_prefix: {bits}}}")


@pytest.mark.parametrize("switch", ["0", "'false'"])
def test_a_neutral_switch_is_exactly_that(switch: str) -> None:
    with pytest.raises(ValueError, match="leave it out, or say false"):
        config(f"admin: {{allow_changes: {switch}}}")
