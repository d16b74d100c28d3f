"""What a socket is known by over reloads, and whose clients two would both take."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import product

import pytest

from bridge.config import parse
from bridge.config.bindings import Binding, Neighbours, bindings, bound_anew
from bridge.config.model import Config
from bridge.service.groups import bound


def config(front: str, profile: str = "base: wan") -> Config:
    return parse(
        f"profiles: {{own: {{{profile}}}}}\n"
        f"fronts: {{web: {{{front}, to: inner, profile: own}}}}\n"
        "farms: {inner: {servers: [192.0.2.1:80]}}"
    ).config


def keys(front: str, profile: str = "base: wan") -> list[str]:
    return list(bindings(config(front, profile)))


@pytest.mark.parametrize(
    ("listen", "key"),
    [
        ("127.0.0.1:80", "tcp 127.0.0.1:80"),
        ("[2001:DB8:0::1]:80", "tcp [2001:db8::1]:80"),
        ("[fe80::1%eth0]:25", "tcp [fe80::1%eth0]:25"),
        ("unix:/run//x.sock", "unix /run/x.sock"),
        ("systemd:web", "systemd web"),
    ],
)
def test_a_key_says_what_is_bound_in_one_spelling(listen: str, key: str) -> None:
    assert keys(f'listen: "{listen}"') == [key]


def test_what_a_bound_socket_cannot_become_is_in_its_key() -> None:
    assert keys('listen: "[::]:80", dual_stack: true', "mptcp: true") == [
        "tcp [::]:80 dual mptcp"
    ]
    assert keys('listen: "[::]:80"', "interface: eth0") == ["tcp [::]:80 on eth0"]


def test_several_of_port_0_are_told_apart_by_their_order() -> None:
    assert keys('listen: ["[::1]:0", "[::1]:0"]') == [
        "tcp [::1]:0",
        "tcp [::1]:0 #2",
    ]


def test_a_binding_says_whose_it_is_and_what_it_was_called() -> None:
    front = 'listen: ["[::1]:8000-8001", "unix:/run/x"]'
    made = bindings(config(front)).values()
    assert {binding.front for binding in made} == {"web"}
    assert [str(binding.asked) for binding in made] == [
        "[::1]:8000",
        "[::1]:8001",
        "unix:/run/x",
    ]


PREFIXES = """
fronts: {old: {listen: [LISTEN], to: mapped, tproxy_port: 7000}}
farms: {mapped: {map: {prefix: "2001:db8::/96", to: [192.0.2.0/24]}}}
"""


def test_prefixes_of_one_port_are_one_binding() -> None:
    listen = (
        '"[2001:db8::/98]:443", "[2001:db8::/98]:80", '
        '"[2001:db8::4000:0/98]:443", "[2001:db8::8000:0/98]:*"'
    )
    made = bindings(parse(PREFIXES.replace("LISTEN", listen)).config)
    assert list(made) == ["any [::]:443", "any [::]:80", "diverted [::1]:7000"]
    assert made["diverted [::1]:7000"].asked == "[2001:db8::8000:0/98]:*"
    assert len(made["any [::]:443"].networks) == 2


SHAPES = {
    "one IPv4": ('listen: "127.0.0.1:{}"', "base: wan"),
    "another IPv4": ('listen: "127.0.0.2:{}"', "base: wan"),
    "every IPv4": ('listen: "0.0.0.0:{}"', "base: wan"),
    "one IPv6": ('listen: "[::1]:{}"', "base: wan"),
    "every IPv6": ('listen: "[::]:{}"', "base: wan"),
    "dual": ('listen: "[::]:{}", dual_stack: true', "base: wan"),
    "lo": ('listen: "[::]:{}"', "interface: lo"),
    "dual at lo": ('listen: "[::]:{}", dual_stack: true', "interface: lo"),
    "mptcp": ('listen: "[::1]:{}"', "mptcp: true"),
}


def shaped(shape: str, port: int) -> Binding:
    front, profile = SHAPES[shape]
    (made,) = bindings(config(front.format(port), profile)).values()
    return made


@pytest.fixture
def free() -> Iterator[int]:
    with socket.create_server(("::", 0), family=socket.AF_INET6) as sock:
        port = sock.getsockname()[1]
    yield port


@pytest.mark.parametrize(("one", "other"), list(product(SHAPES, repeat=2)))
def test_two_overlap_where_the_kernel_says_so(free: int, one: str, other: str) -> None:
    first, second = shaped(one, free), shaped(other, free)
    refused = False
    with ExitStack() as stack:
        there = stack.enter_context(bound(first, beside=False).socket)
        there.listen()
        try:
            stack.enter_context(bound(second, beside=False).socket)
        except OSError:
            refused = True
    assert first.overlaps(second) == refused
    assert second.overlaps(first) == refused
    near = Neighbours()
    near.add(first)
    assert near.of(second) == ([first] if refused else [])


def test_other_ports_interfaces_and_paths_do_not_overlap() -> None:
    assert not shaped("every IPv6", 80).overlaps(shaped("every IPv6", 81))
    (eth0,) = bindings(config('listen: "[::]:80"', "interface: eth0")).values()
    (eth1,) = bindings(config('listen: "[::]:80"', "interface: eth1")).values()
    assert not eth0.overlaps(eth1) and eth0.overlaps(shaped("one IPv6", 80))
    zones = ('listen: ["[fe80::1%a]:80", "[fe80::1%b]:80", "unix:/x"]', "base: wan")
    near = Neighbours()
    for binding in bindings(config(*zones)).values():
        assert near.of(binding) == []
        near.add(binding)


@pytest.mark.parametrize("shape", ["dual", "lo", "dual at lo"])
def test_what_gets_another_socket_is_told(shape: str) -> None:
    def of(which: str) -> Config:
        front, profile = SHAPES[which]
        return config(front.format(80), profile)

    words = {"dual": "dual", "lo": "on lo", "dual at lo": "dual on lo"}[shape]
    plain = "fronts.web: [::]:80 gets another socket, "
    assert list(bound_anew(of("every IPv6"), of(shape))) == [f"{plain}plain → {words}"]
    assert list(bound_anew(of(shape), of("every IPv6"))) == [f"{plain}{words} → plain"]
    assert list(bound_anew(of(shape), of(shape))) == []
