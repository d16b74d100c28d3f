"""A whole IPv4 network behind one prefix, between real hosts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import IPv4Address, IPv6Network

import pytest

from tests.e2e.conftest import Start
from tests.e2e.gateway import Configuration
from tests.e2e.peers import ends_reset
from tests.e2e.prepared import prepared, transparent
from tests.netlab import Lab
from tests.netlab.fixtures import laboratory

PREFIX = IPv6Network("2001:db8:64::/96")
PORTS = (80, 443, 2525)
SERVERS = 200
EVERY = [f"[{PREFIX}]:*"]
THREE = [f"[{PREFIX}]:{port}" for port in PORTS]
POOL = "100.64.0.0/10"


def called(ipv4: str) -> str:
    """What the server at *ipv4* is called in front."""
    return str(PREFIX[int(IPv4Address(ipv4))])


def configured(
    *listens: str, to: str = "198.18.0.0/24", **farm: object
) -> Configuration:
    mapped = {"prefix": str(PREFIX), "to": to}
    return {
        "fronts": {"web": {"listen": list(listens), "to": "legacy"}},
        "farms": {"legacy": {"map": mapped, **farm}},
    }


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with laboratory(servers=SERVERS) as made:
        made.client.ip(f"route add {PREFIX} via {made.front_address}")
        yield transparent(made)


def is_reset(lab: Lab, host: str, port: int) -> None:
    """Nobody is reached there: the connection is taken, and cut."""
    try:
        client = lab.client.connect((host, port))
    except ConnectionResetError:
        return
    with client:
        assert ends_reset(client) == b""


@pytest.mark.parametrize(
    ("listens", "count"), [(EVERY, SERVERS), (THREE, 9)], ids=["every port", "three"]
)
def test_each_address_and_port_is_a_server_of_its_own(
    lab: Lab, start: Start, listens: list[str], count: int
) -> None:
    addresses = lab.server.addresses[:count]
    with ExitStack() as stack:
        gateway = stack.enter_context(
            prepared(start(configured(*listens), host=lab.gateway), lab.gateway)
        )
        listeners = [
            stack.enter_context(lab.server.listen(("0.0.0.0", port))) for port in PORTS
        ]
        for server in addresses:
            for port, listener in zip(PORTS, listeners, strict=True):
                with lab.client.connect((called(server), port)) as client:
                    accepted, _ = listener.accept()
                    with accepted:
                        assert accepted.getsockname() == (server, port)
                        client.sendall(b"hello")
                        assert accepted.recv(9) == b"hello"
        records = gateway.records(count * len(PORTS))
        assert {record["ending"] for record in records} == {"done"}
        last, where = records[-1], addresses[-1]
        assert last["server"] == f"{where}:{PORTS[-1]}"
        assert last["listen"] == f"[{called(where)}]:{PORTS[-1]}"
        gateway.state()
        assert f"a map, {count * len(PORTS)} servers of it known" in gateway.log


REFUSED = {
    "0.1.2.3": "this_network",
    "127.0.0.1": "loopback",
    "169.254.169.254": "link_local",
    "224.0.0.1": "multicast",
    "240.0.0.1": "future",
    "255.255.255.255": "future",
    "198.18.0.1": "own",
    "198.18.9.9": "own",  # since a moment ago
    "100.64.1.1": "own",  # of a pool
    "192.0.2.1": "not_allowed",
}


def test_whatever_is_allowed_some_places_are_never_reached(
    lab: Lab, start: Start
) -> None:
    """Each refused range, once; the farm's list has all of them but the last."""
    to = "0.0.0.0/1", "128.0.0.0/2", "198.0.0.0/7", "224.0.0.0/3"
    wanted = configured(*EVERY, source={"pool": POOL})
    wanted["farms"]["legacy"]["map"]["to"] = list(to)
    with prepared(start(wanted, host=lab.gateway), lab.gateway) as gateway:
        lab.gateway.ip("address add 198.18.9.9/32 dev back")
        for place in REFUSED:
            is_reset(lab, called(place), 22)
        lab.gateway.ip("address del 198.18.9.9/32 dev back")
        records = gateway.records(len(REFUSED))
        assert {record["ending"] for record in records} == {"denied"}
        assert all(record["reason"] and not record["server"] for record in records)
        gateway.state()
        expected = {why: [*REFUSED.values()].count(why) for why in REFUSED.values()}
        assert f"0 servers of it known, 0 sessions, refused {expected}" in gateway.log


def test_private_addresses_are_not_reached_by_the_well_known_prefix(
    lab: Lab, start: Start
) -> None:
    wanted = configured("[64:ff9b::/96]:80", to="192.0.0.0/2")
    wanted["farms"]["legacy"]["map"]["prefix"] = "64:ff9b::/96"
    lab.client.ip(f"route add 64:ff9b::/96 via {lab.front_address}")
    with prepared(start(wanted, host=lab.gateway), lab.gateway) as gateway:
        for private in ("c0a8:101", "c612:2"):  # 192.168.1.1, 198.18.0.2
            is_reset(lab, f"64:ff9b::{private}", 80)
        reasons = {record["reason"] for record in gateway.records(2)}
        assert reasons == {"64:ff9b::/96 must not carry addresses that are not global"}


def test_other_addresses_of_ours_are_none_of_its_front(lab: Lab, start: Start) -> None:
    """The socket takes them all; and one of a single address keeps what is its own."""
    wanted = configured(f"[{PREFIX}]:80")
    wanted["fronts"]["own"] = {"listen": f"[{lab.front_address}]:80", "to": "plain"}
    wanted["farms"]["plain"] = {"servers": [f"{lab.server.address}:81"]}
    lab.gateway.ip("address add 2001:db8:1::9/64 dev front nodad")
    with (
        prepared(start(wanted, host=lab.gateway), lab.gateway) as gateway,
        lab.server.listen((lab.server.address, 80)) as mapped,
        lab.server.listen((lab.server.address, 81)) as plain,
    ):
        is_reset(lab, "2001:db8:1::9", 80)
        assert gateway.record()["reason"] == "the front is not for this address of ours"
        for host, listener in (
            (called(lab.server.address), mapped),
            (lab.front_address, plain),
        ):
            with lab.client.connect((host, 80)):
                listener.accept()[0].close()


def test_a_front_of_a_prefix_may_lead_to_ordinary_servers(
    lab: Lab, start: Start
) -> None:
    wanted = configured(*EVERY)
    wanted["farms"] = {"legacy": {"servers": [f"{lab.server.address}:80"]}}
    with (
        prepared(start(wanted, host=lab.gateway), lab.gateway) as gateway,
        lab.server.listen((lab.server.address, 80)) as listener,
    ):
        with lab.client.connect((str(PREFIX[7]), 4711)):
            listener.accept()[0].close()
        assert gateway.record()["listen"] == f"[{PREFIX[7]}]:4711"


EXPLICIT = [
    {"front": "2001:db8:70::100/120", "back": "198.18.0.0/24"},
    {"front": "2001:db8:70::1:2/128", "back": "198.18.0.7/32"},  # the longer one
    {"front": "2001:db8:71::/112", "back": "198.18.0.0/28"},  # a suffix to spare
    {"front": "2001:db8:70::2:0/120", "back": "203.0.113.0/24"},  # not in `to`
]


@pytest.mark.parametrize("port", ["80", "*"])
def test_explicit_addresses_lead_where_they_say(
    lab: Lab, start: Start, port: str
) -> None:
    """By one listener for a prefix that no prefix of the map's is."""
    fronts = ("2001:db8:70::/64", "2001:db8:71::/112")
    wanted = configured(*(f"[{front}]:{port}" for front in fronts))
    wanted["farms"]["legacy"]["map"] = {"eam": EXPLICIT, "to": "198.18.0.0/24"}
    reached = {
        "2001:db8:70::102": "198.18.0.2",
        "2001:db8:70::1c8": "198.18.0.200",
        "2001:db8:70::1:2": "198.18.0.7",
        "2001:db8:71::3000": "198.18.0.3",  # the first 4 bits of 16 are the address
    }
    unmapped = "no prefix and no explicit mapping has this address"
    refused = {
        "2001:db8:70::1": unmapped,
        "2001:db8:70::2:5": "the address is not in the list of where the map leads",
        "2001:db8:70::101": "the address is the gateway's own",
    }
    for front in fronts:
        lab.client.ip(f"route replace {front} via {lab.front_address}")
    with (
        prepared(start(wanted, host=lab.gateway), lab.gateway) as gateway,
        lab.server.listen(("0.0.0.0", 80)) as listener,
    ):
        for front, back in reached.items():
            with lab.client.connect((front, 80)) as client:
                accepted, _ = listener.accept()
                with accepted:
                    assert accepted.getsockname()[0] == back
                    accepted.sendall(b"answer")
                    assert client.recv(9) == b"answer"
        records = gateway.records(len(reached))
        assert [r["server"] for r in records] == [f"{b}:80" for b in reached.values()]
        assert [r["listen"] for r in records] == [f"[{front}]:80" for front in reached]
        for front in refused:
            is_reset(lab, front, 80)
        last = gateway.records(len(reached) + len(refused))[len(reached) :]
        assert [(r["ending"], r["reason"]) for r in last] == [
            ("denied", why) for why in refused.values()
        ]


def test_a_senders_header_says_which_server_is_meant(lab: Lab, start: Start) -> None:
    """By a front that no client of the map's could connect to."""
    wanted = configured(f"[{lab.front_address}]:80")
    wanted["fronts"]["web"]["accept_proxy"] = [lab.client.address]
    wanted["farms"]["legacy"]["map"]["ports"] = {443: 8443}
    wanted["farms"]["legacy"]["send_proxy"] = "v1"
    named = called(lab.server.address)
    header = f"PROXY TCP6 2001:db8:9::9 {named} 4711 443\r\n".encode()
    with (
        prepared(start(wanted, host=lab.gateway), lab.gateway) as gateway,
        lab.server.listen((lab.server.address, 8443)) as listener,
    ):
        with lab.client.connect((lab.front_address, 80)) as client:
            client.sendall(header + b"hello")
            accepted, _ = listener.accept()
            with accepted, accepted.makefile("rb") as reader:
                assert reader.read(len(header) + 5) == header + b"hello"
        record = gateway.record()
        assert (record["listen"], record["server"]) == (
            f"[{named}]:443", f"{lab.server.address}:8443",
        )  # fmt: skip
        with lab.client.connect((lab.front_address, 80)) as client:
            client.sendall(header.replace(b" 443", b" 80"))
            assert ends_reset(client) == b""
        assert gateway.records(2)[1]["reason"] == "the port is not mapped"


def test_a_dead_address_costs_one_dial_and_no_state(lab: Lab, start: Start) -> None:
    with prepared(start(configured(*EVERY), host=lab.gateway), lab.gateway) as gateway:
        is_reset(lab, called(lab.server.address), 9)
        record = gateway.record()
        assert (record["ending"], record["reason"]) == (
            "dial_failed", "Connection refused",
        )  # fmt: skip
        assert record.get("retries", 0) == 0


def test_without_the_privilege_it_does_not_start(lab: Lab, start: Start) -> None:
    """What TPROXY brings is only for a transparent socket: else nobody would come."""
    wrapper = ["setpriv", "--bounding-set=-net_admin,-net_raw"]
    with pytest.raises(AssertionError, match="Operation not permitted"):
        start(configured(*EVERY), host=lab.gateway, wrapper=wrapper)
