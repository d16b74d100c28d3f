"""The names of what is in the way, and how often each is met."""

from __future__ import annotations

import pytest

from bridge.net.path_info import PathSizes
from bridge.watch.path_kinds import (
    BELOW,
    JUMBO,
    OTHER,
    OWN,
    Clients,
    family_of,
    kind_of,
)


def kinds(
    *mss: int, family: int = 6, advertised: int = 1440, pmtu: int = 1500
) -> object:
    clients = Clients()
    for each in mss:
        clients.see(PathSizes(each, pmtu, advertised), family)
    return dict(clients.mss)


@pytest.mark.parametrize(
    ("family", "mss", "kind"),
    [
        (6, 1440, "Ethernet"),
        (4, 1460, "Ethernet"),
        (6, 1432, "PPPoE"),
        (4, 1452, "PPPoE"),
        (6, 1420, "6in4, 6rd, IP in IP"),
        (6, 1360, "WireGuard"),
        (6, 1220, "IPv6's least, 1280"),
        (4, 1240, "IPv6's least, 1280"),
        (4, 1220, BELOW),
        (6, 1301, OTHER),
    ],
)
def test_a_size_has_the_name_of_what_leaves_it(
    family: int, mss: int, kind: str
) -> None:
    own = 1500 - (60 if family == 6 else 40)
    assert kinds(mss, family=family, advertised=own) == {(family, kind): 1}


def test_jumbo_frames_are_seen_where_we_have_them() -> None:
    assert kinds(4000, advertised=8940, pmtu=9000) == {(6, JUMBO): 1}
    assert kind_of(9000) == JUMBO


def test_who_has_no_less_than_a_side_that_is_no_ethernet_is_not_named_after_it() -> (
    None
):
    assert kinds(1340, advertised=1340, pmtu=1400) == {(6, OWN): 1}
    assert kinds(1220, advertised=1220) == {(6, OWN): 1}  # mss: safe
    assert kinds(1300, advertised=1340, pmtu=1400) == {(6, OTHER): 1}


def test_a_path_that_is_known_to_be_narrower_is_counted_as_such() -> None:
    clients = Clients()
    clients.see(PathSizes(1220, 1280, 1440), 6)
    clients.see(PathSizes(1440, 1500, 1440), 6)
    assert clients.told() == {
        "sampled": 2,
        "mss": [
            {"family": 6, "kind": "IPv6's least, 1280", "mtu": 1280, "clients": 1},
            {"family": 6, "kind": "Ethernet", "mtu": 1500, "clients": 1},
        ],
        "pmtu": [
            {"family": 6, "kind": "IPv6's least, 1280", "mtu": 1280, "clients": 1}
        ],
    }


def test_a_family_is_the_packets_own() -> None:
    hosts = ("192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "fe80::1%eth0")
    assert [family_of(host) for host in hosts] == [4, 4, 6, 6]
