"""``bridgectl who``, both ways."""

from __future__ import annotations

from ipaddress import IPv4Network

from bridge.control.who import MOST_CLIENTS, MOST_PREFIXES, answer, behind
from bridge.net.pseudonym import Pseudonyms

NAMES = Pseudonyms(IPv4Network("100.64.0.0/10"), b"secret")
ONE = Pseudonyms(IPv4Network("198.18.0.1/32"), b"secret")
"""All clients have its only address."""


def told(names: Pseudonyms, address: str, clients: list[str]) -> list[str]:
    return list(answer(names, address, clients))


def test_a_clients_pseudonym_is_told() -> None:
    seen_as = NAMES.pseudonym("2001:db8::7")
    assert told(NAMES, "2001:db8::7", []) == [
        f"2001:db8::7 is seen as {seen_as}, like all of 2001:db8::/64"
    ]
    assert told(NAMES, "unix", []) == [f"unix is seen as {NAMES.pseudonym('unix')}"]


def test_a_pseudonyms_clients_are_told() -> None:
    pseudonym = NAMES.pseudonym("2001:db8::7")
    others = [f"2001:db8:0:{n:x}::1" for n in range(1, 50)]
    clients = ["2001:db8::7", *others, "2001:db8::9", "2001:db8::7"]
    assert told(NAMES, pseudonym, clients) == [
        f"{pseudonym} is 2001:db8::/64: 2001:db8::7, 2001:db8::9; 3 sessions"
    ]


def test_those_that_share_a_pseudonym_are_told_each() -> None:
    assert told(ONE, "198.18.0.1", ["2001:db8::7", "192.0.2.1"]) == [
        "198.18.0.1 is 2001:db8::/64: 2001:db8::7; 1 session",
        "198.18.0.1 is 192.0.2.1/32: 192.0.2.1; 1 session",
    ]


def test_that_nobody_was_seen_is_said() -> None:
    assert told(NAMES, "100.64.3.7", ["2001:db8::7"]) == [
        "100.64.3.7: no session of a client that it would stand for"
    ]


def test_a_prefix_with_many_hosts_is_told_in_short() -> None:
    clients = [f"2001:db8::{n:x}" for n in range(1, 100)]
    (seen,) = behind(ONE, "198.18.0.1", clients)
    assert (len(seen.clients), seen.sessions, seen.more) == (MOST_CLIENTS, 99, True)
    assert " and others; 99 sessions" in told(ONE, "198.18.0.1", clients)[0]


def test_the_answer_is_bounded_whoever_is_in_the_log() -> None:
    clients = [f"2001:db8:0:{n:x}::1" for n in range(MOST_PREFIXES + 50)]
    seen = behind(ONE, "198.18.0.1", [*clients, clients[0]])
    assert len(seen) == MOST_PREFIXES
    assert seen[0].sessions == 2
