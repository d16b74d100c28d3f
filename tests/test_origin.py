"""Where dials leave from: addresses of ours, pseudonyms, the client's own."""

from __future__ import annotations

import socket
from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from bridge.farm.origin import ClientOrigin, NoWayError, Origin, PoolOrigin, Way
from bridge.farm.server import Server
from bridge.farm.sources import Sources
from bridge.net.dial import NO_PORT, Target
from bridge.net.pseudonym import Pseudonyms
from tests.servers import server

POOL = IPv4Network("100.64.0.0/10")
ALICE, NEIGHBOUR, BOB = "2001:db8:1::1", "2001:db8:1::2", "192.0.2.77"
SIX = Target(socket.AF_INET6, ("2001:db8::80", 80, 0, 0), ())


def six() -> Server:
    return Server("six", SIX)


def both() -> Server:
    four = server("both").target
    return Server("both", SIX, race=(SIX, four))


def pool(ports: int = 10, network: IPv4Network = POOL) -> PoolOrigin:
    return PoolOrigin(Sources(ports), Pseudonyms(network, b"secret"))


def take(origin: Origin, client: str, to: Server) -> Way:
    way = origin.way(client, to)
    origin.took(way, to.counted)
    return way


def test_without_addresses_of_ours_it_is_the_kernels_choice() -> None:
    origin, to = Origin(Sources(1)), server("a")
    way = take(origin, ALICE, to)
    assert way == Way(to.target)
    assert take(origin, ALICE, to) == way, "and nothing is counted"


def test_of_ours_the_one_with_the_fewest_sessions() -> None:
    to = server("a")
    to.ways = {host: replace(to.target, source=(host, 0)) for host in ("x", "y")}
    origin = Origin(Sources(1))
    assert [take(origin, ALICE, to).source for _ in range(2)] == ["x", "y"]
    with pytest.raises(NoWayError, match=NO_PORT):
        origin.way(ALICE, to)


def test_a_client_has_one_pseudonym_towards_every_server() -> None:
    origin = pool()
    ways = [
        origin.way(client, to)
        for client in (ALICE, NEIGHBOUR)
        for to in (server("a"), server("b", "192.0.2.2"))
    ]
    (source,) = {way.source for way in ways}
    assert source in Pseudonyms(POOL)
    assert {way.bound for way in ways} == {(source, 0)}
    assert {way.whose for way in ways} == {"2001:db8:1::/64"}
    assert origin.way(BOB, server("a")).source != source


def test_a_pseudonym_without_a_port_left_says_so_and_for_that_server_only() -> None:
    origin, a, b = pool(ports=2), server("a"), server("b", "192.0.2.2")
    way = take(origin, ALICE, a)
    take(origin, NEIGHBOUR, a)
    with pytest.raises(NoWayError, match=NO_PORT):
        origin.way(ALICE, a)
    assert origin.way(ALICE, b) and origin.way(BOB, a)
    origin.gave_back(way.source, a.counted, way.whose)
    assert origin.way(ALICE, a) == way


def test_collisions_are_counted_while_they_last() -> None:
    origin, to = pool(network=IPv4Network("100.64.0.0/32")), server("a")
    first, second = take(origin, ALICE, to), take(origin, BOB, to)
    assert first.source == second.source == "100.64.0.0"
    sharing = origin.sharing
    assert (sharing.collisions, sharing.shared) == (1, 1)
    for way in (first, second):
        origin.gave_back(way.source, to.counted, way.whose)
    assert (sharing.collisions, sharing.shared, len(sharing)) == (1, 0, 0)


def test_a_pool_that_is_all_ours_has_nothing_to_give() -> None:
    names = Pseudonyms(POOL, left_out=lambda address: True)
    names.size = 8
    with pytest.raises(NoWayError, match="left out"):
        PoolOrigin(Sources(1), names).way(ALICE, server("a"))


def test_a_pool_takes_the_servers_ipv4_address() -> None:
    assert pool().way(ALICE, both()).target.family == socket.AF_INET
    with pytest.raises(NoWayError, match="family"):
        pool().way(ALICE, six())


def test_the_clients_own_address_where_both_are_of_one_family() -> None:
    origin = ClientOrigin(Sources(1), None)
    four, to = server("a"), six()
    way = take(origin, BOB, four)
    assert way == Way(four.target, BOB, (BOB, 0), transparent=True)
    assert origin.way(ALICE, to).bound == (ALICE, 0, 0, 0)
    assert origin.way(BOB, both()).target.family == socket.AF_INET
    assert origin.way(ALICE, both()).target.family == socket.AF_INET6
    with pytest.raises(NoWayError, match=NO_PORT):
        origin.way(BOB, four)


@pytest.mark.parametrize("client", [ALICE, "unix", "fe80::1%eth0"])
def test_for_others_what_is_said_of_them_or_nothing(client: str) -> None:
    to = server("a")
    with pytest.raises(NoWayError, match="family"):
        ClientOrigin(Sources(1), None).way(client, to)
    auto = ClientOrigin(Sources(1), Origin(Sources(1)))
    assert auto.way(client, to) == Way(to.target)
    pooled = ClientOrigin(Sources(1), pool())
    way = take(pooled, client, to)
    assert way.source in Pseudonyms(POOL) and not way.transparent
    assert len(pooled.sharing) == 1
    pooled.gave_back(way.source, to.counted, way.whose)
    assert not len(pooled.sharing)


STRANGE = "0.0.0.0 224.0.0.1 255.255.255.255 :: ff02::1 127.0.0.1 ::1"


@pytest.mark.parametrize("client", [*STRANGE.split(), "192.0.2.80", "2001:db8::80"])
def test_nobody_is_spoofed_to_whom_a_server_could_not_answer(client: str) -> None:
    """Not 127.0.0.1, which a header may name, nor a server that is a client as well."""
    four = Target(socket.AF_INET, ("192.0.2.80", 80), ())
    to = Server("both", SIX, race=(SIX, four))
    with pytest.raises(NoWayError, match="could answer"):
        ClientOrigin(Sources(1), None).way(client, to)
    auto = ClientOrigin(Sources(1), Origin(Sources(1)))
    assert auto.way(client, to) == Way(to.target)


def test_on_one_host_a_loopback_client_is_answered() -> None:
    local = Server("local", Target(socket.AF_INET, ("127.0.0.1", 80), ()))
    assert ClientOrigin(Sources(1), None).way("127.0.0.1", local).transparent


def test_a_link_local_client_is_not_spoofed() -> None:
    with pytest.raises(NoWayError):
        ClientOrigin(Sources(1), None).way("fe80::1%eth0", six())
