"""A header that servers are to get as it came stays in front of the client's bytes."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.farm.server import Server
from bridge.net import tlv
from bridge.net.address import Address, Networks
from bridge.net.dial import Target
from bridge.net.door import Door
from bridge.net.paced import Pace
from bridge.net.sockopt import TCP_FASTOPEN_CONNECT, Option
from bridge.session.destination import SendProxy
from bridge.session.terms import Terms
from bridge.wire.proxy_header import (
    as_written,
    client_of,
    read_header,
    usual,
    write_header,
)
from bridge.wire.proxy_value import ProxyHeader
from tests.proxied import HAPROXY, INET, LINE, LINE_READ, binary, pieces
from tests.proxied import tlv as field
from tests.secured import accepting
from tests.sessions import Running, closed_address, reset, server
from tests.test_identifying import CLIENT, LOOPBACK
from tests.test_proxy_header import ends

V2 = write_header(LINE_READ, 2)
BOTH = [(LINE, SendProxy(1)), (V2, SendProxy(2))]
either = pytest.mark.parametrize(("header", "how"), BOTH, ids=["v1", "v2"])


def settled(terms: Terms, how: SendProxy) -> Terms:
    assert terms.destination is not None
    destination = replace(terms.destination, send_proxy=how, clear=True)
    terms.admission.believe(LOOPBACK)
    return replace(terms, destination=destination)


@contextmanager
def running(
    how: SendProxy, *servers: object, **options: object
) -> Iterator[tuple[Running, socket.socket]]:
    """A front that believes its clients, and a server, the last of *servers*."""
    with server() as listening:
        front = Running(
            *servers,
            listening.getsockname(),
            settle=lambda terms: settled(terms, how),
            **options,  # type: ignore[arg-type]
        )
        try:
            yield front, listening
        finally:
            front.close()


def all_of(accepted: socket.socket) -> bytes:
    got = b""
    while more := accepted.recv(1000):
        got += more
    return got


@either
def test_it_stays_and_is_none_of_the_clients_bytes(
    header: bytes, how: SendProxy
) -> None:
    with running(how) as (front, listening):
        client = front.connect()
        client.sendall(header + b"hello")
        accepted = front.accept(listening)
        front.turner.settle()
        assert accepted.recv(100) == header + b"hello", "in one segment"
        assert front.session().ahead == len(header)
        assert front.place().preface is None
        accepted.sendall(b"answer")
        client.close()
        accepted.close()
        record = front.record()
        assert (record.client, record.up, record.lost) == (CLIENT, 5, 0)
        assert record.sides is not None
        assert record.sides.listen == ("192.168.0.11", 443)
        assert front.live.counters.up == 5


@either
def test_it_waits_for_nothing_of_the_clients(header: bytes, how: SendProxy) -> None:
    with running(how) as (front, listening):
        client = front.connect()
        client.sendall(header)
        accepted = front.accept(listening)
        accepted.settimeout(0.1)
        front.turner.settle()
        assert accepted.recv(100) == header
        client.sendall(b"hello")
        front.turner.settle()
        assert accepted.recv(100) == b"hello"


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(BOTH), st.binary(max_size=99), st.data())
def test_split_anywhere_all_of_it_comes_first(
    one: tuple[bytes, SendProxy], tail: bytes, data: st.DataObject
) -> None:
    header, how = one
    whole = header + tail
    cuts = data.draw(st.lists(st.integers(1, len(whole)), max_size=4))
    with running(how) as (front, listening):
        client = front.connect()
        for piece in pieces(whole, cuts):
            client.sendall(piece)
            front.turner.turn()
        client.shutdown(socket.SHUT_WR)
        accepted = front.accept(listening)
        front.turner.settle()
        assert all_of(accepted) == whole


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(BOTH), st.data())
def test_urgent_data_within_it_or_behind_it_changes_nothing(
    one: tuple[bytes, SendProxy], data: st.DataObject
) -> None:
    header, how = one
    at = data.draw(st.integers(0, len(header)))
    with running(how) as (front, listening):
        client = front.connect()
        client.sendall(header[:at])
        client.send((header + b"!")[at : at + 1], socket.MSG_OOB)
        front.turner.turn()
        client.sendall((header + b"!hello")[at + 1 :])
        client.shutdown(socket.SHUT_WR)
        accepted = front.accept(listening)
        front.turner.settle()
        assert all_of(accepted) == header + b"!hello"


@either
def test_every_server_that_is_tried_gets_it(header: bytes, how: SendProxy) -> None:
    with running(how, closed_address()) as (front, listening):
        front.connect().sendall(header + b"hello")
        accepted = front.accept(listening)
        front.turner.settle()
        assert accepted.recv(100) == header + b"hello"
        assert front.place().attempts == 2


def test_a_race_brings_it_to_the_winner() -> None:
    with server() as listening, running(SendProxy(2)) as (front, _):
        targets = tuple(
            Target(socket.AF_INET, where, ())
            for where in (closed_address(), listening.getsockname())
        )
        front.farm.remove(front.farm.servers[0])
        front.farm.add(Server("two", targets[0], race=targets))
        front.connect().sendall(V2)
        accepted = front.accept(listening)
        front.turner.settle()
        assert accepted.recv(100) == V2


def test_with_fast_open_it_is_what_the_syn_was_waiting_for() -> None:
    fast = Option("fast_open", socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
    with server() as listening, running(SendProxy(2)) as (front, _):
        front.farm.remove(front.farm.servers[0])
        target = Target(socket.AF_INET, listening.getsockname(), (fast,))
        front.farm.add(Server("fast", target))
        front.connect().sendall(V2)
        accepted = front.accept(listening)
        front.turner.settle()
        assert accepted.recv(100) == V2


def test_what_a_reset_server_never_got_is_lost_without_it() -> None:
    with running(SendProxy(2)) as (front, listening):
        client = front.connect()
        client.sendall(V2)
        accepted = front.accept(listening)
        front.turner.settle()
        assert accepted.recv(100) == V2
        client.sendall(b"hello")
        front.turner.settle()
        reset(accepted)
        record = front.record()
        assert (record.ending, record.up, record.lost) == ("back_reset", 5, 0)


def test_who_may_not_come_in_is_reset_and_nothing_goes_on() -> None:
    denied = Door(Networks(), Networks(LOOPBACK.networks))
    with running(SendProxy(2), door=denied) as (front, _):
        client = front.connect()
        client.sendall(HAPROXY["v2 tcp4"])
        assert front.record().ending == "denied"
        with pytest.raises(ConnectionResetError):
            client.recv(1)


@pytest.mark.parametrize(
    "header",
    [
        LINE,
        HAPROXY["v2 unix"],
        HAPROXY["v2 tcp6 mapped"],
        HAPROXY["v2 tls"],
        write_header(LINE_READ, 2, checksum=True),
        binary(INET + field(0xE0, b"secret")),
        binary(INET + field(tlv.NOOP, bytes(21))),  # as long as one of IPv6
        b"PROXY UNKNOWN\r\n",
        write_header(ProxyHeader(local=True), 2),
    ],
)
def test_another_is_taken_off_and_told_as_servers_are_told(header: bytes) -> None:
    with running(SendProxy(2)) as (front, listening):
        front.connect().sendall(header + b"hello")
        accepted = front.accept(listening)
        front.turner.settle()
        got = accepted.recv(1000)
        told = read_header(got)
        assert front.session().ahead == 0
        assert told is not None and told.tlvs == () and not told.local
        assert told.length == 28 and got[told.length :] == b"hello"


def test_before_tls_and_under_a_limit_it_is_taken_off() -> None:
    limit = Pace(1e6, None)
    with running(SendProxy(2), pace=limit) as (front, listening):
        front.connect().sendall(V2 + b"hello")
        accepted = front.accept(listening)
        front.turner.settle()
        assert accepted.recv(100) == V2 + b"hello"
        assert front.session().ahead == 0
    with running(SendProxy(2), front=accepting()) as (front, _):
        assert front.terms.resent == 0


padding = st.sampled_from([b"", field(tlv.NOOP, bytes(21)), field(tlv.NOOP, b"")])


@given(st.builds(ProxyHeader, ends, ends), st.sampled_from([1, 2]), padding)
def test_as_written_is_byte_for_byte(
    header: ProxyHeader, version: int, more: bytes
) -> None:
    data = write_header(header, 1 if version == 1 else 2)
    if version == 2:
        size = int.from_bytes(data[14:16], "big") + len(more)
        data = data[:14] + size.to_bytes(2, "big") + data[16:] + more
    read = read_header(data)
    assert read is not None
    same = data == write_header(read, 1 if version == 1 else 2)
    assert as_written(read, data + b"hello") is same


@given(st.builds(ProxyHeader, ends, ends), padding, st.binary(max_size=20))
def test_what_is_usual_is_as_written_and_its_client_is_where_it_is_looked_for(
    header: ProxyHeader, more: bytes, tail: bytes
) -> None:
    data = write_header(header, 2)
    size = int.from_bytes(data[14:16], "big") + len(more)
    data = data[:14] + size.to_bytes(2, "big") + data[16:] + more + tail
    length = usual(data)
    if not length:
        return
    assert not usual(data[: length - 1])
    read = read_header(data)
    assert read is not None and read.length == length
    assert data[:length] == write_header(read, 2) and not more
    assert isinstance(read.source, Address)
    assert client_of(data[:length]) == (read.source.host, read.source.port)
