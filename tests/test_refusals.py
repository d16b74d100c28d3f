"""
Each way of not coming in: its ending, its counter, and one line of the own log that
counts what it stands for.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv6Network, ip_network
from typing import Any

import pytest

from bridge.net.address import Networks
from bridge.net.crowd import Arrivals, Crowd
from bridge.net.door import Door
from bridge.session.front import FrontFactory, PrefixFactory
from bridge.session.terms import Terms
from bridge.watch.repeated import QUIET, Repeated
from bridge.wire.proxy_header import write_header
from bridge.wire.proxy_value import ProxyHeader
from tests.logged import logged
from tests.sessions import Running, reset, server
from tests.test_identifying import LOOPBACK
from tests.test_session_mapped import Behind, naming

NOBODY = Networks()
ELSEWHERE = Networks([ip_network("192.0.2.0/24")])
TIMES = 4


@dataclass(frozen=True)
class Refusal:
    """A front's settings, and what becomes of those who come to it."""

    ending: str
    reason: str
    counted: str
    line: str
    """Of the own log, but for the front and how often."""
    settings: dict[str, Any]
    says: bytes = b""
    """What each client says."""
    is_map: bool = False
    is_prefix: bool = False
    stays: bool = False
    """One who is there first, and is not refused, makes it so for the others."""


def limited(key: str, **settings: Any) -> Refusal:
    reason = f"limits.{key}"
    line = f"limited, {reason}: client 127.0.0.1"
    return Refusal("limited", reason, reason, line, settings, stays=True)


def denied(reason: str, counted: str, client: str, **more: Any) -> Refusal:
    line = f"denied, {reason}: client {client}"
    return Refusal("denied", reason, counted, line, more.pop("settings", {}), **more)


NOT_MAPPED = "the address is not in the list of where the map leads"
NOT_OURS = "the front is not for this address of ours"
NO_HEADER = "PROXY header: it begins as no PROXY header does: byte 0x68"

REFUSALS = {
    "deny": Refusal(
        "denied",
        "deny 127.0.0.0/8",
        "deny",
        "denied: deny 127.0.0.0/8, client 127.0.0.1",
        {"door": Door(NOBODY, LOOPBACK)},
    ),
    "allow": denied(
        "not in allow", "allow", "127.0.0.1", settings={"door": Door(ELSEWHERE, NOBODY)}
    ),
    "connections": limited("connections", connections=1),
    "per_source": limited("per_source", crowd=lambda: Crowd(1, None)),
    "new_per_source": limited(
        "new_per_source", crowd=lambda: Crowd(None, Arrivals(1, 3600.0))
    ),
    "map": denied(
        NOT_MAPPED,
        "map",
        "2001:db8:5::77",
        says=naming("2001:db8:64::c633:6401", 443),
        is_map=True,
    ),
    "listen": denied(NOT_OURS, "listen", "127.0.0.1", is_prefix=True),
    "bad_header": Refusal(
        "bad_header",
        NO_HEADER,
        "bad_header",
        f"bad_header: {NO_HEADER}, client 127.0.0.1",
        {"senders": LOOPBACK},
        says=b"hello",
    ),
}


def fronted(refusal: Refusal, listening: socket.socket) -> Running:
    settings = {
        key: value() if callable(value) else value
        for key, value in refusal.settings.items()
    }
    behind = Behind(listening) if refusal.is_map else None

    def settle(terms: Terms) -> Terms:
        told = Repeated(terms.house.pump.reactor)
        terms = replace(terms, house=replace(terms.house, failures=told))
        return terms if behind is None else behind.settle(terms)

    front = Running(listening.getsockname(), settle=settle, **settings)
    if refusal.is_prefix:
        network = IPv6Network("2001:db8:64::/96")
        made: FrontFactory = PrefixFactory(front.terms, front.live, [network])
        front.port._factory = made
    return front


def come(front: Running, says: bytes) -> None:
    """One more, whose session is over."""
    before = len(front.records)
    client = front.connect()
    if says:
        client.sendall(says)
    front.turner.until(partial(_more, front, before))


def _more(front: Running, before: int) -> bool:
    return len(front.records) > before


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_has_its_ending_its_counter_and_a_line_that_counts(
    refusal: Refusal,
) -> None:
    with server() as listening, logged() as log:
        front = fronted(refusal, listening)
        if refusal.stays:
            front.connect()
            front.accept(listening)
        for _ in range(TIMES):
            come(front, refusal.says)
        said = {(record.ending, record.reason) for record in front.records}
        assert said == {(refusal.ending, refusal.reason)}
        counters = front.live.counters
        assert counters.refused == {refusal.counted: TIMES}
        assert counters.endings == {refusal.ending: TIMES}
        begins = f"front front: session ended as {refusal.line}"
        assert log.lines == [begins]
        front.turner.reactor.advance(QUIET)
        what, _, detail = refusal.line.partition(": ")
        (more,) = [line for line in log.lines[1:] if "more in" in line]
        assert more == (
            f"front front: session ended as {what}: {TIMES - 1} more in 60 s, "
            f"the last: {detail}"
        )
        front.close()


def test_refusals_of_different_kinds_are_counted_apart() -> None:
    """So that those of one do not hide those of another for a minute."""
    refusal = REFUSALS["map"]
    with server() as listening, logged() as log:
        front = fronted(refusal, listening)
        come(front, naming("2001:db8:64::c633:6401", 443))
        come(front, naming("2001:db8:65::c000:24d", 443))
        come(front, b"hello")
        assert front.live.counters.refused == {"map": 2, "bad_header": 1}
        assert len(log.lines) == 3
        front.close()


def test_a_header_that_comes_too_late_is_counted_too() -> None:
    with server() as listening:
        front = fronted(REFUSALS["bad_header"], listening)
        front.connect()
        front.session()
        front.advance(11)
        assert front.record().reason == "open deadline"
        assert front.live.counters.refused == {"bad_header": 1}
        front.close()


def test_limits_by_source_are_the_named_clients_and_not_their_senders() -> None:
    """And LOCAL, by which a sender looks whether we are there, counts for nobody."""

    def of(host: str) -> bytes:
        return f"PROXY TCP4 {host} 192.0.2.80 4711 443\r\n".encode()

    local = write_header(ProxyHeader(local=True), 2)
    crowd = Crowd(1, None)
    with server() as listening:
        front = Running(listening.getsockname(), crowd=crowd, senders=LOOPBACK)
        come_in = [of("192.0.2.1"), of("192.0.2.2"), local, local]
        clients = [front.connect() for _ in come_in]
        for client, says in zip(clients, come_in, strict=True):
            client.sendall(says)
        front.turner.until(lambda: front.farm.active == len(come_in))
        assert len(crowd) == 2
        come(front, of("192.0.2.1"))
        record = front.record()
        assert (record.client[0], record.reason) == ("192.0.2.1", "limits.per_source")
        reset(clients[0])
        front.turner.until(lambda: len(front.records) == 2)
        front.connect().sendall(of("192.0.2.1"))
        front.turner.until(lambda: front.farm.active == len(come_in))
        front.close()
        assert len(crowd) == 0
