"""``bridgectl who``, both ways."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network

from bridge.control.who import (
    MOST_CLIENTS,
    MOST_PREFIXES,
    Behind,
    Pool,
    answer,
    with_pseudonym,
)
from bridge.net.pseudonym import Pseudonyms
from bridge.watch.seen import Told

NAMES = Pool(Pseudonyms(IPv4Network("100.64.0.0/10"), b"secret"))
ONE = Pool(Pseudonyms(IPv4Network("198.18.0.1/32"), b"secret"))
"""All clients have its only address."""


def sessions(*clients: str) -> list[Told]:
    """As a log of text tells them."""
    return [Told(client, "web", None) for client in clients]


def told(pool: Pool, address: str, *clients: str) -> list[str]:
    return list(answer([pool], address, sessions(*clients)))


def behind(pool: Pool, pseudonym: str, seen: Iterable[Told]) -> Behind:
    found = Behind(pool, pseudonym)
    for each in seen:
        found.add(each)
    return found


def test_a_clients_pseudonym_is_told() -> None:
    seen_as = NAMES.names.pseudonym("2001:db8::7")
    assert told(NAMES, "2001:db8::7") == [
        f"2001:db8::7 is seen as {seen_as}, like all of 2001:db8::/64"
    ]
    for alone in ("unix", "192.0.2.1", "fe80::1"):
        seen_as = NAMES.names.pseudonym(alone)
        assert told(NAMES, alone) == [f"{alone} is seen as {seen_as}"]


def test_a_pseudonyms_clients_are_told() -> None:
    pseudonym = NAMES.names.pseudonym("2001:db8::7")
    others = [f"2001:db8:0:{n:x}::1" for n in range(1, 50)]
    clients = ["2001:db8::7", *others, "2001:db8::9", "2001:db8::7"]
    assert told(NAMES, pseudonym, *clients) == [
        f"{pseudonym} is 2001:db8::/64: 2001:db8::7, 2001:db8::9; 3 sessions"
    ]


def test_those_that_share_a_pseudonym_are_told_each() -> None:
    assert told(ONE, "198.18.0.1", "2001:db8::7", "192.0.2.1") == [
        "198.18.0.1 is 2001:db8::/64: 2001:db8::7; 1 session",
        "198.18.0.1 is 192.0.2.1/32: 192.0.2.1; 1 session",
    ]


def test_that_nobody_was_seen_is_said() -> None:
    assert told(NAMES, "100.64.3.7", "2001:db8::7") == [
        "100.64.3.7: no session of a client that it would stand for"
    ]


def test_a_line_that_tells_its_source_is_believed_whatever_the_key_says() -> None:
    elsewhere = "100.64.3.7"
    assert NAMES.names.pseudonym("2001:db8::7") != elsewhere
    moved = Told("2001:db8::7", "web", elsewhere)
    denied = Told("2001:db8::8", "web", "")
    found = behind(NAMES, elsewhere, [moved, denied])
    assert [seen.clients for seen in found.seen] == [["2001:db8::7"]]
    mine = NAMES.names.pseudonym("2001:db8::7")
    assert not behind(NAMES, mine, [moved, denied]).seen


def test_sessions_of_other_farms_are_not_meant() -> None:
    pool = Pool(ONE.names, ("web",))
    seen = [Told("2001:db8::7", farm, None) for farm in ("web", "mail", "")]
    assert behind(pool, "198.18.0.1", seen).seen[0].sessions == 1
    assert behind(ONE, "198.18.0.1", seen).seen[0].sessions == 3


def test_an_ipv4_client_that_servers_see_as_it_is_has_no_pseudonym() -> None:
    pool = Pool(ONE.names, only_ipv6=True)
    assert list(answer([pool], "192.0.2.1")) == ["192.0.2.1 is seen as it is"]
    seen = sessions("192.0.2.1", "2001:db8::7", "unix")
    found = behind(pool, "198.18.0.1", seen).seen
    assert [each.prefix for each in found] == ["2001:db8::/64", "unix"]


def test_of_several_pools_each_says_whose_answer_it_is() -> None:
    web = Pool(NAMES.names, ("web",))
    both = Pool(ONE.names, ("mail", "db"))
    lines = list(answer([web, both], "192.0.2.1"))
    assert [line.partition(": ")[0] for line in lines] == ["farm web", "farms mail, db"]
    only = list(answer([web, both], "198.18.0.1", [Told("::9", "db", None)]))
    assert only == ["farms mail, db: 198.18.0.1 is ::/64: ::9; 1 session"]
    assert with_pseudonym([web, both], "100.64.0.1") == (web,)


def test_a_pool_without_a_farm_is_called_by_its_network() -> None:
    assert str(ONE) == "pool 198.18.0.1/32"


def test_a_prefix_with_many_hosts_is_told_in_short() -> None:
    clients = [f"2001:db8::{n:x}" for n in range(1, 100)]
    (seen,) = behind(ONE, "198.18.0.1", sessions(*clients)).seen
    assert (len(seen.clients), seen.sessions, seen.more) == (MOST_CLIENTS, 99, True)
    assert " and others; 99 sessions" in told(ONE, "198.18.0.1", *clients)[0]


def test_the_answer_is_bounded_whoever_is_in_the_log() -> None:
    clients = [f"2001:db8:0:{n:x}::1" for n in range(MOST_PREFIXES + 50)]
    seen = behind(ONE, "198.18.0.1", sessions(*clients, clients[0])).seen
    assert len(seen) == MOST_PREFIXES
    assert seen[0].sessions == 2
