"""What is odd about who clients are and who may come in."""

import pytest

from bridge.config import parse
from bridge.doctor import warnings
from tests.hosts import HOST


def warned(front: str, farm: str = "servers: [192.0.2.1:80]") -> list[str]:
    text = f"fronts: {{web: {{{front}, to: web}}}}\nfarms: {{web: {{{farm}}}}}\n"
    return warnings(parse(text, name="f"), HOST)


def sent(keys: str, front: str = "listen: '[::]:80'") -> list[str]:
    return warned(front, f"servers: [192.0.2.1:80], send_proxy: {{{keys}}}")


SIX = "listen: '[::]:80', accept_proxy: ['2001:db8::/32']"


def test_nothing_is_said_of_what_works() -> None:
    assert warned(SIX) == []
    assert warned(f"{SIX}, timeouts: {{open: 3s}}, dual_stack: true") == []
    by_source = "{per_source: 5, new_per_source: 5/s, source_prefix: {ipv6: 56}}"
    assert warned(f"{SIX}, limits: {by_source}") == []


@pytest.mark.parametrize(
    ("front", "told"),
    [
        (f"{SIX}, timeouts: {{open: 2s}}", "timeouts.open: 2s is short for a PROXY"),
        (f"{SIX}, timeouts: {{open: 2999ms}}", "write 3s or more"),
        (
            "listen: '[::]:80', accept_proxy: '::/0'",
            "accept_proxy: ::/0 lets everybody say who he is",
        ),
        (
            "listen: '[::]:80', accept_proxy: 192.0.2.0/24",
            "192.0.2.0/24 does nothing: nobody comes by IPv4",
        ),
        (
            "listen: 0.0.0.0:80, accept_proxy: '2001:db8::/32'",
            "nobody comes by IPv6",
        ),
        (
            "listen: 'unix:/run/x', accept_proxy: '::1'",
            "does nothing: who comes by a UNIX socket is in no network",
        ),
    ],
)
def test_headers_that_are_accepted_in_vain_or_of_all(front: str, told: str) -> None:
    (line,) = warned(front)
    assert told in line


def test_of_systemds_sockets_the_family_is_not_known() -> None:
    assert warned("listen: 'systemd:x', accept_proxy: 192.0.2.0/24") == []


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ("source_prefix: {ipv6: 56}", "source_prefix: does nothing without per_source"),
        ("per_source: 50, connections: 50", "front has 50 connections"),
        (
            "bandwidth: {session: 1Gbit/s, front: 100Mbit/s}",
            "bandwidth.session: does nothing: the whole front has 100Mbit/s",
        ),
    ],
)
def test_limits_that_limit_nothing(limits: str, told: str) -> None:
    (line,) = warned(f"listen: '[::]:80', limits: {{{limits}}}")
    assert line.startswith("f:1:") and told in line


TLS = "listen: '[::]:80', tls: {certificates: [{certificate: x.pem}], alpn: [h2]}"


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("pass: [alpn]", "send_proxy.pass: does nothing: no front that leads here has"),
        ("add: [ssl]", "ssl does nothing: no front that leads here has tls"),
        ("add: [alpn]", "alpn does nothing: no front that leads here has alpn in its"),
        ("add: [authority]", "no front that leads here has tls or mode sni"),
    ],
)
def test_fields_that_nobody_has(keys: str, told: str) -> None:
    (line,) = sent(keys)
    assert told in line


def test_fields_that_somebody_has() -> None:
    assert sent("add: [unique_id, crc32c]") == []
    assert sent("pass: [alpn]", SIX) == []
    assert sent("add: [ssl, alpn, authority]", TLS) == []
    text = (
        "fronts: {a: {listen: '[::]:80', mode: sni, to: {default: web}}}\n"
        "farms: {web: {servers: [a.b:1], send_proxy: {add: [authority]}}}"
    )
    assert warnings(parse(text), HOST) == []


def test_a_farm_without_front_is_told_just_that() -> None:
    text = (
        "fronts: {a: {listen: '[::]:80', to: a}}\nfarms: {a: {servers: [a.b:1]}, "
        "b: {servers: [a.b:1], send_proxy: {pass: [alpn], add: [ssl]}}}"
    )
    (line,) = warnings(parse(text), HOST)
    assert "no front leads to it" in line


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{pool: 100.64.0.0/10}", "source.key: without a key of your own everybody"),
        ("{pool: 100.64.0.0/10, key: bridge}", "source.key: without a key of your own"),
        (
            "{client: true, otherwise: {pool: 100.64.0.0/10}}",
            "source.otherwise.key: without a key",
        ),
        (
            "{pool: 100.64.0.0/10, key: x, per: 128}",
            "source.per: a host that has a /64",
        ),
    ],
)
def test_pseudonyms_that_clients_can_choose(source: str, told: str) -> None:
    (line,) = warned("listen: '[::]:80'", f"servers: [192.0.2.1:80], source: {source}")
    assert line.startswith("f:2:") and told in line


def test_a_key_of_ones_own_is_not_warned_of() -> None:
    source = "{pool: 100.64.0.0/10, key: x, per: 48}"
    assert warned("listen: '[::]:80'", f"servers: ['a.b:1'], source: {source}") == []


PREFIX = "prefix: '2001:db8:64::/96'"
WIDE = "{front: '2001:db8:1::/120', back: 192.0.2.0/24}"
NARROW = "{front: '2001:db8:1::80/124', back: 198.51.100.0/28}"


def mapped(keys: str, front: str = "listen: '[::]:80'") -> list[str]:
    return warned(front, f"map: {{{keys}}}")


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (
            f"{PREFIX}, eam: [{NARROW}, {WIDE}], to: [192.0.2.0/24, 198.51.100.0/24]",
            "map.eam[0]: 2001:db8:1::80/124 -> 198.51.100.0/28 has addresses of "
            "2001:db8:1::/120 -> 192.0.2.0/24",
        ),
        (
            f"{PREFIX}, eam: [{WIDE}], to: 198.51.100.0/24",
            "map.eam[0]: leads to 192.0.2.0/24, of which `to` has nothing",
        ),
        (
            f"eam: [{WIDE}], to: [192.0.2.0/24, 203.0.113.0/24]",
            "map.to[1]: no address of eam leads to 203.0.113.0/24",
        ),
        (
            "prefix: '64:ff9b::/96', to: 0.0.0.0/2",
            "64:ff9b::/96 carries global addresses only",
        ),
        (
            f"{PREFIX}, to: 0.0.0.0/0",
            "map.to: leads nearly everywhere, and everybody may come in: an open proxy",
        ),
    ],
)
def test_maps_that_lead_elsewhere_than_it_seems(keys: str, told: str) -> None:
    (line,) = mapped(keys)
    assert told in line


def test_maps_that_lead_where_it_seems() -> None:
    assert mapped(f"{PREFIX}, to: [192.0.2.0/24, 10.0.0.0/8]") == []
    assert mapped(f"eam: [{WIDE}], to: 192.0.2.0/25") == []
    assert mapped("prefix: '64:ff9b:1::/48', to: 10.0.0.0/8") == []
    assert mapped("prefix: '64:ff9b::/96', to: 8.8.8.0/24") == []
    ours = "listen: '[::]:80', allow: '2001:db8::/32'"
    assert mapped(f"{PREFIX}, to: 0.0.0.0/0", ours) == []


@pytest.mark.parametrize("listen", ["[::]:80", "[2001:db8:64::/96]:80"])
def test_a_port_that_the_map_has_not(listen: str) -> None:
    ports = f"{PREFIX}, to: 192.0.2.0/24, ports: {{443: 8443}}"
    (line,) = mapped(ports, f"listen: ['{listen}', '{listen[:-2]}443']")
    assert "fronts.web.listen: port 80 is not among the ports of the map of" in line
    assert mapped(ports, "listen: '[2001:db8:64::/96]:*'") == []


def test_ipv4_clients_of_a_map() -> None:
    (line,) = mapped(
        f"{PREFIX}, to: 192.0.2.0/24", "listen: '[::]:80', dual_stack: true"
    )
    assert "dual_stack: the map of farm web leads IPv4 clients nowhere" in line


def test_headers_may_name_a_port_and_an_address_that_the_front_has_not() -> None:
    ports = f"{PREFIX}, to: 192.0.2.0/24, ports: {{443: 8443}}"
    senders = "accept_proxy: ['2001:db8:1b::/64', 192.0.2.9]"
    assert mapped(ports, f"listen: '[::]:80', dual_stack: true, {senders}") == []


def test_a_queue_of_a_map_has_those_who_wait_for_its_servers() -> None:
    keys = f"map: {{{PREFIX}, to: 192.0.2.0/24}}, queue: {{length: 5}}"
    (line,) = warned("listen: '[::]:80'", keys)
    assert "nobody waits in it" in line
    assert warned("listen: '[::]:80'", f"{keys}, connections: 5") == []
