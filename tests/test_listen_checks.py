"""Listeners that stand in each other's way, asked of plain values."""

import socket
from typing import Any

import pytest

from bridge.config.problems import Path
from bridge.config.profile import BUILT_IN
from bridge.net.address import Address
from bridge.net.listener import listen_tcp
from tests.flawed import flaws, paths

HOSTS = ("0.0.0.0", "127.0.0.1", "::", "::1", "dual")


def listens(*fronts: dict[str, Any], **profiles: Any) -> list[Path]:
    named = dict(zip("abc", fronts, strict=False))
    return paths(fronts=named, profiles=profiles)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[::]:80", "[::]:81"),
        ("[::]:80", "0.0.0.0:80"),
        ("[::1]:0", "[::1]:0"),
        ("unix:/a", "unix:/b"),
        ("[::]:70-79", "[::]:80-89"),
        ("[fe80::1%eth0]:80", "[fe80::1%eth1]:80"),
    ],
)
def test_two_addresses_are_two(one: str, other: str) -> None:
    assert listens({"listen": one}, {"listen": other}) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[::]:80", "[0:0::]:80"),
        ("[::]:70-80", "[::]:80-90"),
        ("unix:/a", "unix:/a"),
        ("unix:/a/b", "unix:/a/./c/../b"),
        ("unix:/a", "unix://a"),
        ("systemd:a", "systemd:a"),
    ],
)
def test_one_address_is_taken_once(one: str, other: str) -> None:
    assert listens({"listen": one}, {"listen": [other]}) == [
        ("fronts", "b", "listen", 0)
    ]


def test_a_dual_stack_listener_takes_ipv4_as_well() -> None:
    four = {"listen": "0.0.0.0:80"}
    assert listens({"listen": "[::]:80", "dual_stack": True}, four) == [
        ("fronts", "b", "listen")
    ]
    assert listens(four, {"listen": "[::1]:80", "dual_stack": True}) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0.0.0.0:80", "192.0.2.1:80"),
        ("192.0.2.1:80", "0.0.0.0:80"),
        ("[::]:80", "[2001:db8::1]:80"),
        ("[2001:db8::1]:80", "[::]:70-90"),
        ("[::]:80", "[fe80::1%eth0]:80"),
    ],
)
def test_a_wildcard_takes_every_address_of_its_port(one: str, other: str) -> None:
    (flaw,) = flaws(fronts={"a": {"listen": one}, "b": {"listen": [other]}})
    assert flaw.path == ("fronts", "b", "listen", 0)
    assert "takes every address of its port" in flaw.message


def test_a_dual_stack_wildcard_takes_every_address_of_ipv4_too() -> None:
    wide = {"listen": "[::]:80", "dual_stack": True}
    assert listens(wide, {"listen": "192.0.2.1:80"}) == [("fronts", "b", "listen")]
    assert listens({"listen": "192.0.2.1:80"}, wide) == [("fronts", "b", "listen")]
    assert listens(wide, {"listen": "192.0.2.1:81"}) == []


@pytest.mark.parametrize("one", HOSTS)
@pytest.mark.parametrize("other", HOSTS)
def test_what_is_refused_is_what_the_kernel_refuses(one: str, other: str) -> None:
    port, both = _bound(one, other)
    fronts = {
        name: {
            "listen": str(Address(host.replace("dual", "::"), port)),
            "dual_stack": host == "dual",
        }
        for name, host in (("a", one), ("b", other))
    }
    assert (flaws(fronts=fronts) == []) == both


def _bound(one: str, other: str) -> tuple[int, bool]:
    """A port on which the first listens, and whether the second may as well."""
    with socket.socket() as spare:
        spare.bind(("0.0.0.0", 0))
        port = spare.getsockname()[1]
    with _listening(one, port):
        try:
            with _listening(other, port):
                return port, True
        except OSError:
            return port, False


def _listening(host: str, port: int) -> socket.socket:
    address = Address(host.replace("dual", "::"), port)
    dual = host == "dual"
    made = listen_tcp(address, BUILT_IN["lan"], dual_stack=dual, transparent=False)
    try:
        made.socket.listen()
    except OSError:
        made.socket.close()
        raise
    return made.socket


def test_one_front_may_stand_in_its_own_way() -> None:
    both = {"listen": ["192.0.2.1:80", "0.0.0.0:80"]}
    assert listens(both) == [("fronts", "a", "listen", 1)]


def test_two_interfaces_may_have_one_address_and_one_with_all_may_not() -> None:
    here, there, everywhere = (
        {"listen": "[::]:80", "profile": name} for name in ("x", "y", "wan")
    )
    profiles = {"x": {"interface": "eth0"}, "y": {"base": "z"}, "z": {"interface": "e"}}
    assert listens(here, there, **profiles) == []
    assert listens(here, everywhere, **profiles) == [("fronts", "b", "listen")]


def test_an_interface_is_looked_for_in_a_circle_of_bases_once() -> None:
    circle = {"x": {"base": "y"}, "y": {"base": "x"}}
    assert ("fronts", "b", "listen") in listens(
        *[{"listen": "[::]:80", "profile": "x"}] * 2, **circle
    )


PREFIX, OTHER = "[2001:db8:64::/96]", "[2001:db8:65::/96]"
SECOND: Path = ("fronts", "b", "listen")


def test_a_prefix_takes_its_port_from_all_that_take_every_address() -> None:
    prefix = {"listen": f"{PREFIX}:443"}
    for other in ("[::]:443", f"{OTHER}:443", f"{PREFIX}:443"):
        assert listens(prefix, {"listen": other}) == [SECOND]
        assert listens({"listen": other}, prefix) == [SECOND]


@pytest.mark.parametrize(
    "other",
    ["[2001:db8::80]:443", "0.0.0.0:443", f"{OTHER}:80", "[::]:80", "[fe80::1%a]:443"],
)
def test_a_prefix_stands_beside_sockets_of_single_addresses(other: str) -> None:
    assert listens({"listen": f"{PREFIX}:443"}, {"listen": other}) == []


def test_prefixes_of_one_front_share_a_socket() -> None:
    assert listens({"listen": [f"{PREFIX}:443", f"{OTHER}:443"]}) == []
    assert listens({"listen": [f"{PREFIX}:*", f"{OTHER}:*"]}) == []


def test_all_ports_take_one_of_loopback() -> None:
    every = {"listen": f"{PREFIX}:*"}
    for other in ("[::1]:6052", "[::]:6052", f"{OTHER}:*"):
        assert listens(every, {"listen": other}) == [SECOND]
        assert listens({"listen": other}, every) == [SECOND]
    assert listens(every, {"listen": f"{OTHER}:*", "tproxy_port": 6053}) == []
    assert listens(every, {"listen": "[::1]:443"}) == []
