"""What a socket is known by over reloads, and whose clients two would both take."""

from __future__ import annotations

import pytest

from bridge.config import parse
from bridge.config.bindings import bindings


def keys(front: str, profile: str = "") -> list[str]:
    profiles = f"profiles: {{own: {{{profile}}}}}\n" if profile else ""
    farms = "farms: {inner: {servers: [192.0.2.1:80]}}"
    more = ", profile: own" if profile else ""
    text = f"{profiles}fronts: {{web: {{{front}, to: inner{more}}}}}\n{farms}"
    return list(bindings(parse(text).config))


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
