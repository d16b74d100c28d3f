"""Local routes, as the kernel tells them."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from bridge.doctor import local_networks as module
from bridge.doctor.local_networks import local_networks
from tests.netlab import Lab

TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     |-- 192.0.2.0
        /24 link UNICAST
Id 6052:
  |-- 0.0.0.0
     /0 host LOCAL
Local:
  +-- 96.0.0.0/3 2 0 2
     |-- 100.64.0.0
        /10 host LOCAL
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.0
           /8 host LOCAL
        |-- 127.255.255.255
           /32 link BROADCAST
"""
ZEROS = "0" * 32


def ipv6(network: str, flags: str) -> str:
    address, _, length = network.partition("/")
    digits = f"{int(ip_network(address).network_address):032x}"
    rest = f"{ZEROS} 00 {ZEROS} 00000400 00000001 00000000 {flags}"
    return f"{digits} {int(length):02x} {rest}       lo\n"


def root(folder: Path, trie: str | None, routes: str | None) -> Path:
    (folder / "proc/net").mkdir(parents=True)
    for name, text in (("fib_trie", trie), ("ipv6_route", routes)):
        if text is not None:
            (folder / "proc/net" / name).write_text(text)
    return folder


def found(folder: Path) -> set[str] | None:
    networks = local_networks(folder)
    return None if networks is None else set(map(str, networks))


def test_local_routes_of_both_families_are_read(tmp_path: Path) -> None:
    routes = ipv6("2001:db8:64::/96", "80000001") + ipv6("2001:db8::/64", "00000001")
    assert found(root(tmp_path, TRIE, routes)) == {
        *["0.0.0.0/0", "100.64.0.0/10", "127.0.0.0/8", "2001:db8:64::/96"]
    }


def test_a_family_that_the_kernel_lacks_has_none(tmp_path: Path) -> None:
    assert found(root(tmp_path, None, ipv6("::1/128", "80200001"))) == {"::1/128"}


@pytest.mark.parametrize("routes", ["short\n", "x " * 10 + "\n"])
def test_what_is_told_in_another_way_is_not_known(tmp_path: Path, routes: str) -> None:
    routes = routes.replace("short", "a b c d e f g h x lo")
    assert found(root(tmp_path, TRIE, routes)) is None


def test_a_router_with_too_many_routes_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_LINES", 5)
    assert found(root(tmp_path, TRIE, "")) is None


def test_this_kernel_tells_them_so(lab: Lab, tmp_path: Path) -> None:
    lab.gateway.ip(
        "route add local 100.64.0.0/10 dev lo",
        "route add local 2001:db8:64::/96 dev lo",
        "route add local ::/0 dev lo table 6052",
    )
    told = [
        lab.gateway.run(["cat", f"/proc/net/{name}"]).stdout
        for name in ("fib_trie", "ipv6_route")
    ]
    networks = found(root(tmp_path, *told))
    assert networks is not None
    assert networks >= {"100.64.0.0/10", "2001:db8:64::/96", "::/0", "127.0.0.0/8"}
    assert "0.0.0.0/0" not in networks
