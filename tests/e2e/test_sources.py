"""Which address servers see: a pseudonym of the client's, or the client's own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import IPv4Network

import pytest

from bridge.net.pseudonym import Pseudonyms
from tests.e2e.conftest import Start
from tests.e2e.gateway import Configuration, relay
from tests.e2e.operating import bridgectl, operated
from tests.e2e.peers import refused
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
    try:
        client.settimeout(10)
        client.bind((source, 0))
        client.connect((to, 80))
    except BaseException:
        client.close()
        raise
    return client


def test_a_server_sees_each_clients_pseudonym(lab: Lab, start: Start) -> None:
    wanted = configured(lab, {"pool": POOL, "key": KEY})
    with (
        prepared(start(operated(wanted), host=lab.gateway), lab.gateway) as gateway,
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
                    told = bridgectl(gateway, "who", peer)
            assert peer == NAMES.pseudonym(source)
            assert told.startswith(f"{peer} is ") and f": {source}; 1 session" in told
            assert f"is seen as {peer}" in bridgectl(gateway, "who", source)
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
        refused(lambda: come(lab, NEIGHBOUR, lab.front_address))
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


GATEWAY6, SERVER6 = "2001:db8:2::1", "2001:db8:2::2"


@pytest.fixture
def six_behind(lab: Lab) -> Iterator[None]:
    """The link behind has IPv6 too, and the server answers by way of the gateway."""
    for host, address in ((lab.gateway, GATEWAY6), (lab.server, SERVER6)):
        host.sysctl(ipv6__conf__back__disable_ipv6=0)
        host.ip(f"address add {address}/64 dev back nodad")
    lab.server.ip(f"route add default via {GATEWAY6}")
    yield
    for host in (lab.gateway, lab.server):
        host.sysctl(ipv6__conf__back__disable_ipv6=1)


@pytest.mark.usefixtures("six_behind")
def test_an_ipv6_server_sees_ipv6_clients_themselves(lab: Lab, start: Start) -> None:
    """Each as it is; and its checks come from the gateway's own address."""
    wanted = configured(lab, "client")
    wanted["fronts"]["web"]["listen"] = [f"[{lab.front_address}]:80"]
    check = {"kind": "exchange", "expect": "hello", "interval": "200ms"}
    wanted["farms"]["web"] |= {"servers": [f"[{SERVER6}]:80"], "check": check}
    with (
        prepared(start(wanted, host=lab.gateway), lab.gateway) as gateway,
        lab.server.listen((SERVER6, 80)) as listener,
    ):
        seen = []
        for source in (lab.client.address, NEIGHBOUR, OTHER):
            with come(lab, source, lab.front_address) as client:
                client.sendall(b"question" * 5000)
                client.shutdown(socket.SHUT_WR)
                accepted, peer = _accepted(listener, checks_from=GATEWAY6)
                seen.append(peer)
                with accepted, accepted.makefile("rb") as reader:
                    assert reader.read() == b"question" * 5000
                    accepted.sendall(b"answer")
                with client.makefile("rb") as reader:
                    assert reader.read() == b"answer"
        assert seen == [lab.client.address, NEIGHBOUR, OTHER]
        records = gateway.records(3)
        assert [record["source"] for record in records] == seen
        assert {record["ending"] for record in records} == {"done"}


def _accepted(listener: socket.socket, checks_from: str) -> tuple[socket.socket, str]:
    """The next session, and who it is of; checks meanwhile are answered."""
    while True:
        accepted, peer = listener.accept()
        if peer[0] != checks_from:
            return accepted, peer[0]
        with accepted:
            accepted.sendall(b"hello")


@pytest.mark.usefixtures("six_behind")
@pytest.mark.parametrize(
    "source",
    [{"client": True, "otherwise": "auto"}, {"pool": POOL, "key": KEY}],
    ids=["client", "pool"],
)
def test_the_client_is_the_one_that_a_header_names(
    lab: Lab, start: Start, source: dict[str, object]
) -> None:
    """Who is somewhere else altogether; the sender is not seen."""
    named, own = "2001:db8:9::9", "client" in source
    server = SERVER6 if own else lab.server.address
    wanted = configured(lab, source)
    wanted["fronts"]["web"] |= {
        "listen": f"[{lab.front_address}]:80",
        "accept_proxy": lab.client.address,
    }
    wanted["farms"]["web"]["servers"] = [f"[{server}]:80" if own else f"{server}:80"]
    with (
        prepared(start(wanted, host=lab.gateway), lab.gateway) as gateway,
        lab.server.listen((server, 80)) as listener,
        come(lab, lab.client.address, lab.front_address) as client,
    ):
        client.sendall(f"PROXY TCP6 {named} 2001:db8::80 4711 443\r\n".encode())
        accepted, peer = listener.accept()
        with accepted:
            accepted.sendall(b"answer")
            assert client.recv(9) == b"answer"
        assert peer[0] == (named if own else NAMES.pseudonym(named))
        client.close()
        record = gateway.record()
        assert record["client"] == named
        assert record["via"].startswith(f"[{lab.client.address}]:")


@pytest.mark.usefixtures("six_behind")
def test_a_dead_ipv6_server_is_told_of_as_any_other(lab: Lab, start: Start) -> None:
    wanted = configured(lab, "client")
    wanted["fronts"]["web"]["listen"] = [f"[{lab.front_address}]:80"]
    wanted["farms"]["web"]["servers"] = [f"[{SERVER6}]:81"]
    with prepared(start(wanted, host=lab.gateway), lab.gateway) as gateway:
        refused(lambda: come(lab, OTHER, lab.front_address))
        record = gateway.record()
        assert (record["ending"], record["reason"]) == (
            "dial_failed", "Connection refused",
        )  # fmt: skip


def test_without_the_privilege_a_dial_says_so(lab: Lab, start: Start) -> None:
    wrapper = ["setpriv", "--bounding-set=-net_admin,-net_raw"]
    wanted = configured(lab, {"client": True, "otherwise": "auto"})
    gateway = start(wanted, host=lab.gateway, wrapper=wrapper)
    refused(lambda: come(lab, "192.0.2.2", "192.0.2.1"))
    why = "cannot leave from a client's address: Operation not permitted"
    assert gateway.record()["reason"] == why
