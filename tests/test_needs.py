"""What a configuration asks of the kernel beyond sockets."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

import pytest

from bridge.config import Config, parse
from bridge.doctor.needs import EveryPort, Needs, needs

PREFIX = IPv6Network("2001:db8:64::/96")
OTHER = IPv6Network("2001:db8:65::/96")
EXPLICIT = IPv6Network("2001:db8:1::/120")
POOL = IPv4Network("100.64.0.0/10")
MAP = "map: {prefix: '2001:db8:64::/96', to: [192.0.2.0/24]}"


def config(farm: str, *fronts: str, more: str = "") -> Config:
    """A farm ``web``, and a front for each of *fronts*, which are keys of them."""
    each = (f"f{n}: {{to: web, {front}}}" for n, front in enumerate(fronts))
    text = f"fronts: {{{', '.join(each)}}}\nfarms: {{web: {{{farm}}}}}\n{more}"
    return parse(text, name="f").config


def spoofed(source: str, servers: str, *fronts: str) -> frozenset[int]:
    return needs(config(f"source: {source}, servers: {servers}", *fronts)).spoofed


def test_an_ordinary_configuration_needs_nothing() -> None:
    plain = config("servers: [192.0.2.1:80], source: 192.0.2.9", "listen: '[::]:80'")
    assert needs(plain) == Needs()


def test_a_front_of_a_prefix_needs_its_addresses() -> None:
    fronts = [f"listen: '[{PREFIX}]:{port}'" for port in (80, 443)]
    assert needs(config(MAP, *fronts)) == Needs(prefixes=(PREFIX,))


def test_a_front_of_all_ports_needs_them_diverted() -> None:
    fronts = [
        f"listen: '[{PREFIX}]:*'",
        f"listen: '[{OTHER}]:*', tproxy_port: 7000",
    ]
    farm = MAP.replace("to:", f"eam: [{{front: '{OTHER}', back: 0.0.0.0/0}}], to:")
    every = (EveryPort(PREFIX, 6052), EveryPort(OTHER, 7000))
    assert needs(config(farm, *fronts)) == Needs(every_port=every)


def test_what_a_farm_stands_for_arrives_at_a_front_for_every_address() -> None:
    eam = f"map: {{eam: [{{front: '{EXPLICIT}', back: 192.0.2.0/24}}], to: 192.0.2.0/24"
    both = f"{eam}, prefix: '{PREFIX}'}}"
    assert needs(config(both, "listen: '[::]:80'")).prefixes == (EXPLICIT, PREFIX)
    within = both.replace(str(EXPLICIT), "2001:db8:64::c000:200/120")
    assert needs(config(within, "listen: '[::]:80'")).prefixes == (PREFIX,)
    one = needs(config(both, f"listen: '[{PREFIX}]:80'"))
    assert one.prefixes == (PREFIX,)


def test_nothing_is_to_arrive_of_what_headers_say_is_wanted() -> None:
    senders = "accept_proxy: ['2001:db8:1b::/64']"
    assert needs(config(MAP, f"listen: '[::]:80', {senders}")) == Needs()
    prefix = needs(config(MAP, f"listen: '[{PREFIX}]:80', {senders}"))
    assert prefix == Needs(prefixes=(PREFIX,))


@pytest.mark.parametrize(
    "source",
    [
        "{pool: 100.64.0.0/10}",
        "{client: true, otherwise: {pool: 100.64.0.0/10}}",
    ],
)
def test_a_pool_is_needed_wherever_it_stands(source: str) -> None:
    farm = f"source: {source}, servers: [192.0.2.1:80]"
    assert needs(config(farm, "listen: '[::]:80'")).pools == (POOL,)


def test_clients_are_seen_where_both_sides_are_of_one_family() -> None:
    six, four = "listen: '[::]:80'", "listen: 0.0.0.0:81"
    assert spoofed("client", "['[2001:db8::1]:80']", six) == {6}
    assert spoofed("client", "[192.0.2.1:80]", four) == {4}
    or_auto = "{client: true, otherwise: auto}"
    assert spoofed(or_auto, "[192.0.2.1:80]", six) == set()
    assert spoofed(or_auto, "[192.0.2.1:80]", six, four) == {4}
    assert spoofed(or_auto, "[192.0.2.1:80]", f"{six}, dual_stack: true") == {4}
    assert spoofed(or_auto, "['web.example:80']", six, four) == {4, 6}
    assert spoofed(or_auto, "[192.0.2.1:80]", "listen: 'systemd:web'") == {4}
    assert spoofed(or_auto, "[192.0.2.1:80]", "listen: 'unix:/run/x/y'") == set()
    by_header = f"{six}, accept_proxy: ['2001:db8::/32']"
    assert spoofed(or_auto, "[192.0.2.1:80]", by_header) == {4}
    mapped = config(f"{MAP}, source: {or_auto}", f"listen: '[{PREFIX}]:80'")
    assert needs(mapped).spoofed == set()
