"""Which address servers see: a pseudonym of the client's, or the client's own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import IPv4Network

import pytest

from bridge.net.pseudonym import Pseudonyms
from tests.e2e.conftest import Start
from tests.e2e.gateway import Configuration, relay
from tests.e2e.peers import ends_reset
from tests.e2e.prepared import prepared, transparent
from tests.netlab import Lab
from tests.netlab.fixtures import laboratory

POOL, KEY = "100.64.0.0/10", "0123456789abcdef"
NAMES = Pseudonyms(IPv4Network(POOL), KEY.encode())
NEIGHBOUR, OTHER = "2001:db8:1::3", "2001:db8:7::2"  # of one /64, and of another


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with laboratory(servers=2, routed=True) as made:
        made.client.ip(
            f"address add {NEIGHBOUR}/64 dev front nodad",
            f"address add {OTHER}/64 dev front nodad",
        )
        made.gateway.ip("route add 2001:db8:7::/64 dev front")
        yield transparent(made)


def configured(lab: Lab, source: object) -> Configuration:
    listens = [f"[{lab.front_address}]:80", "192.0.2.1:80"]
    farm = {"source": source, "retries": 0}
    return relay(f"{lab.server.address}:80", listen=listens, farm=farm)


def come(lab: Lab, source: str, to: str) -> socket.socket:
    """A client's connection from *source*."""
    client = lab.client.socket(socket.AF_INET6 if ":" in source else socket.AF_INET)
    client.settimeout(10)
    client.bind((source, 0))
    client.connect((to, 80))
    return client


def test_a_server_sees_each_clients_pseudonym(lab: Lab, start: Start) -> None:
    wanted = configured(lab, {"pool": POOL, "key": KEY})
    with (
        prepared(start(wanted, host=lab.gateway), lab.gateway) as gateway,
        lab.server.listen((lab.server.address, 80)) as listener,
    ):
        seen = []
        for source in (lab.client.address, NEIGHBOUR, OTHER):
            with come(lab, source, lab.front_address) as client:
                accepted, (peer, _) = listener.accept()
                with accepted:
                    client.sendall(b"hello")
                    assert accepted.recv(9) == b"hello"
                    gateway.state()
            assert peer == NAMES.pseudonym(source)
            seen.append(peer)
        assert seen[0] == seen[1] != seen[2]
        assert [record["source"] for record in gateway.records(3)] == seen
        assert "1 pseudonyms in use, 0 of them by several" in gateway.log


def test_a_pseudonym_without_ports_says_so_and_is_the_only_one(
    lab: Lab, start: Start
) -> None:
    before = lab.gateway.run(["sysctl", "-n", "net.ipv4.ip_local_port_range"]).stdout
    lab.gateway.sysctl(ipv4__ip_local_port_range="50000 50001")
    try:
        gateway = start(configured(lab, {"pool": POOL, "key": KEY}), host=lab.gateway)
    finally:
        lab.gateway.sysctl(ipv4__ip_local_port_range=before.strip())
    with (
        prepared(gateway, lab.gateway),
        lab.server.listen((lab.server.address, 80)) as listener,
        come(lab, lab.client.address, lab.front_address),
        come(lab, NEIGHBOUR, lab.front_address),
        listener.accept()[0],
        listener.accept()[0],
    ):
        with come(lab, NEIGHBOUR, lab.front_address) as third:
            assert ends_reset(third) == b""
        record = gateway.record()
        assert (record["ending"], record["reason"]) == (
            "dial_failed", "source ports exhausted",
        )  # fmt: skip
        with come(lab, OTHER, lab.front_address), listener.accept()[0]:
            pass


def test_a_server_sees_the_client_itself_where_it_can(lab: Lab, start: Start) -> None:
    wanted = configured(lab, {"client": True, "otherwise": "auto"})
    with (
        prepared(start(wanted, host=lab.gateway), lab.gateway) as gateway,
        lab.server.listen((lab.server.address, 80)) as listener,
    ):
        for source, to, seen in (
            ("192.0.2.2", "192.0.2.1", "192.0.2.2"),
            (OTHER, lab.front_address, lab.back_address),
        ):
            with come(lab, source, to) as client:
                accepted, (peer, _) = listener.accept()
                with accepted:
                    assert peer == seen
                    accepted.sendall(b"answer")
                    assert client.recv(9) == b"answer"
        assert [r["source"] for r in gateway.records(2)] == ["192.0.2.2", "198.18.0.1"]


def test_without_the_privilege_a_dial_says_so(lab: Lab, start: Start) -> None:
    wrapper = ["setpriv", "--bounding-set=-net_admin,-net_raw"]
    wanted = configured(lab, {"client": True, "otherwise": "auto"})
    gateway = start(wanted, host=lab.gateway, wrapper=wrapper)
    with come(lab, "192.0.2.2", "192.0.2.1") as client:
        assert ends_reset(client) == b""
    why = "cannot leave from a client's address: Operation not permitted"
    assert gateway.record()["reason"] == why
