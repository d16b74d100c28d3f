"""A PROXY header is taken off a connection, whole, and nothing beyond it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.net import tlv
from bridge.net.address import Address, Networks
from bridge.net.door import Door
from bridge.session.attempt import Attempt
from bridge.session.destination import Destination, SendProxy
from bridge.session.flow import State
from bridge.session.identifying import Identifying
from bridge.session.opening import Opening
from bridge.session.peeking import Peeking
from bridge.session.terms import Terms
from bridge.wire.proxy_header import read_header, write_header
from bridge.wire.proxy_tlv import Tlv
from bridge.wire.proxy_value import ProxyHeader, UnixName
from tests.proxied import HAPROXY, INET, LINE, LINE_READ, binary, pieces
from tests.proxied import tlv as field
from tests.sessions import TIMEOUTS, Running, reset, server
from tests.uncollected import uncollected

LOOPBACK = Networks([ip_network("127.0.0.0/8")])
CLIENT = ("192.168.0.1", 56324)
V2 = write_header(LINE_READ, 2)
HEADERS = [*HAPROXY.values(), LINE, V2]
FIELDS = replace(LINE_READ, tlvs=((tlv.UNIQUE_ID, b"seven"), (0xE0, b"ours")))


def believing(
    senders: Networks = LOOPBACK, how: SendProxy | None = None
) -> Callable[[Terms], Terms]:
    """Terms of a front that believes *senders*; its servers are told *how*."""

    def settle(terms: Terms) -> Terms:
        assert terms.destination is not None
        destination = replace(terms.destination, send_proxy=how)
        terms.admission.believe(senders)
        return replace(terms, destination=destination)

    return settle


@contextmanager
def running(**options: object) -> Iterator[tuple[Running, socket.socket]]:
    """A front that believes its clients, and its server."""
    with server() as listening:
        options.setdefault("settle", believing())
        made = Running(listening.getsockname(), **options)  # type: ignore[arg-type]
        try:
            yield made, listening
        finally:
            made.close()


@pytest.fixture
def made() -> Iterator[tuple[Running, socket.socket]]:
    with running() as pair:
        yield pair


def heard(front: Running, listening: socket.socket) -> bytes:
    """What the server gets first."""
    accepted = front.accept(listening)
    front.turner.settle()
    return accepted.recv(100)


@pytest.mark.parametrize("header", [LINE, V2], ids=["v1", "v2"])
def test_the_client_is_the_one_it_names(
    made: tuple[Running, socket.socket], header: bytes
) -> None:
    front, listening = made
    client = front.connect()
    client.sendall(header + b"hello")
    accepted = front.accept(listening)
    front.turner.settle()
    assert accepted.recv(100) == b"hello"
    sender = client.getsockname()
    client.close()
    accepted.close()
    record = front.record()
    assert (record.client, record.via) == (CLIENT, sender)
    assert record.sides is not None and record.sides.listen == ("192.168.0.11", 443)
    assert record.up == 5


@pytest.mark.parametrize("name", HAPROXY)
def test_haproxys_headers_are_read_byte_by_byte_and_their_tail_goes_on(
    made: tuple[Running, socket.socket], name: str
) -> None:
    front, listening = made
    client = front.connect()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in HAPROXY[name]:
        assert front.farm.active == 0
        client.send(bytes((byte,)))
        front.turner.turn()
    client.sendall(b"hello")
    assert heard(front, listening) == b"hello"


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([*HAPROXY.values(), LINE, V2]), st.binary(max_size=99), st.data()
)
def test_split_anywhere_no_byte_is_lost_and_none_beyond_is_read(
    header: bytes, tail: bytes, data: st.DataObject
) -> None:
    whole = header + tail
    cuts = data.draw(st.lists(st.integers(1, len(whole)), max_size=4))
    with running() as (front, listening):
        client = front.connect()
        for piece in pieces(whole, cuts):
            client.sendall(piece)
            front.turner.turn()
        client.shutdown(socket.SHUT_WR)
        accepted = front.accept(listening)
        front.turner.settle()
        got = b""
        while more := accepted.recv(1000):
            got += more
        assert got == tail


def test_one_that_is_longer_than_the_receive_buffer_has_room_for(
    made: tuple[Running, socket.socket],
) -> None:
    """As ``receive_buffer: 4KiB`` makes it; it holds less than it is told to."""
    front, listening = made
    listener = front.port._listener.socket
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client = front.connect()
    client.setblocking(False)
    left = binary(INET + field(tlv.NOOP, bytes(8000))) + b"hello"
    while left:
        with suppress(BlockingIOError):
            left = left[client.send(left) :]
        front.turner.turn()
    accepted = front.accept(listening)
    front.turner.settle()
    assert accepted.recv(100) == b"hello"
    client.close()
    accepted.close()
    assert front.record().client == CLIENT


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([LINE, V2]), st.data())
def test_urgent_data_within_it_or_behind_it_stays_in_line(
    header: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(header)))
    with running() as (front, listening):
        client = front.connect()
        client.sendall(header[:at])
        client.send((header + b"!")[at : at + 1], socket.MSG_OOB)
        front.turner.turn()
        client.sendall((header + b"!hello")[at + 1 :])
        client.shutdown(socket.SHUT_WR)
        accepted = front.accept(listening)
        front.turner.settle()
        got = b""
        while more := accepted.recv(1000):
            got += more
        assert got == b"!hello"


@pytest.mark.parametrize("header", [b"", LINE[:1], LINE[:-1], V2[:-1]])
def test_a_fin_within_it_ends_the_session(
    made: tuple[Running, socket.socket], header: bytes
) -> None:
    front, _ = made
    client = front.connect()
    client.sendall(header)
    front.turner.settle()
    client.shutdown(socket.SHUT_WR)
    record = front.record()
    why = "PROXY header: the connection ended before its PROXY header did"
    assert (record.ending, record.reason) == ("bad_header", why)


def test_a_fin_right_behind_it_is_a_half_close(
    made: tuple[Running, socket.socket],
) -> None:
    front, listening = made
    client = front.connect()
    client.sendall(V2)
    client.shutdown(socket.SHUT_WR)
    accepted = front.accept(listening)
    front.turner.settle()
    assert accepted.recv(10) == b""
    accepted.sendall(b"answer")
    front.turner.settle()
    assert client.recv(10) == b"answer"


def test_a_reset_within_it_is_the_fronts(made: tuple[Running, socket.socket]) -> None:
    front, _ = made
    client = front.connect()
    client.sendall(LINE[:9])
    front.turner.settle()
    reset(client)
    assert front.record().ending == "front_reset"


def test_a_reset_before_anybody_looked_is_the_fronts_too(
    made: tuple[Running, socket.socket],
) -> None:
    """Whoever looks is told of it, and nobody is after that."""
    front, _ = made
    reset(front.connect())
    record = front.record()
    why = "Connection reset by peer"
    assert (record.ending, record.reason) == ("front_reset", why)


def test_parser_dos_what_is_no_header_ends_at_once(
    made: tuple[Running, socket.socket],
) -> None:
    front, _ = made
    client = front.connect()
    client.sendall(b"\x1b[31mGET / HTTP/1.1\r\n\r\n")
    record = front.record()
    assert record.ending == "bad_header" and record.letters == "PR"
    assert record.reason == (
        "PROXY header: it begins as no PROXY header does: byte 0x1b"
    )
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_slowloris_a_header_in_drops_is_ended_by_open(
    made: tuple[Running, socket.socket],
) -> None:
    front, _ = made
    client = front.connect()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in LINE[:3]:
        client.send(bytes((byte,)))
        front.advance(TIMEOUTS.open / 4)
        assert not front.records
    front.advance(TIMEOUTS.open / 3)
    assert front.record().ending == "bad_header"
    assert front.record().reason == "open deadline"


def test_proxy_spoofing_an_unlisted_sender_is_not_believed() -> None:
    elsewhere = Networks([ip_network("192.0.2.0/24")])
    with running(settle=believing(elsewhere)) as (front, listening):
        client = front.connect()
        client.sendall(LINE)
        assert heard(front, listening) == LINE
        assert front.session().client == client.getsockname()
        assert front.session().identity is None


def test_a_listed_sender_has_to_send_one(made: tuple[Running, socket.socket]) -> None:
    front, _ = made
    client = front.connect()
    client.sendall(b"hello")
    assert front.record().ending == "bad_header"


def test_a_sender_may_come_in_whatever_allow_says_and_the_client_may_not() -> None:
    """The lists are of clients: they do not have to name balancers."""
    others = Networks([ip_network("192.168.0.0/24")])
    with running(door=Door(others, Networks())) as (front, listening):
        client = front.connect()
        client.sendall(LINE + b"hello")
        assert heard(front, listening) == b"hello"
    with running(door=Door(Networks(), others)) as (front, _):
        client = front.connect()
        client.sendall(LINE)
        record = front.record()
        assert (record.ending, record.client) == ("denied", CLIENT)


def test_local_speaks_for_the_sender_who_may_come_in() -> None:
    local = write_header(ProxyHeader(local=True), 2)
    others = Networks([ip_network("192.168.0.0/24")])
    with running(door=Door(others, Networks())) as (front, listening):
        client = front.connect()
        client.sendall(local + b"check")
        assert heard(front, listening) == b"check"
        assert front.session().client == client.getsockname()
        sender = client.getsockname()
        client.close()
        front.turner.settle()
        front.session().crashed()
        assert (front.record().client, front.record().via) == (sender, None)


def test_unknown_is_judged_as_the_sender() -> None:
    others = Networks([ip_network("192.168.0.0/24")])
    with running(door=Door(others, Networks())) as (front, _):
        client = front.connect()
        client.sendall(b"PROXY UNKNOWN\r\n")
        assert front.record().ending == "denied"


def test_a_client_of_a_unix_socket_has_no_address(
    made: tuple[Running, socket.socket],
) -> None:
    front, listening = made
    client = front.connect()
    unix = ProxyHeader(UnixName(b""), UnixName(b"/run/web"))
    client.sendall(write_header(unix, 2) + b"hello")
    accepted = front.accept(listening)
    front.turner.settle()
    assert accepted.recv(100) == b"hello"
    client.close()
    accepted.close()
    record = front.record()
    assert record.client == ("unix", 0)
    assert record.sides is not None and record.sides.listen == ("unix:/run/web", 0)


def test_the_limit_of_connections_is_exact_though_it_is_asked_twice() -> None:
    with running(connections=1) as (front, listening):
        first, second = front.connect(), front.connect()
        front.turner.until(lambda: front.records)
        assert front.record().ending == "limited"
        for client in (first, second):
            try:
                client.sendall(LINE + b"hello")
            except OSError:
                continue
        assert heard(front, listening) == b"hello"


@pytest.mark.parametrize(
    ("how", "kept"),
    [(None, ()), (SendProxy(2), ()), (SendProxy(2, (0xE0,)), ((0xE0, b"ours"),))],
)
def test_fields_that_nobody_is_told_again_are_not_kept(
    how: SendProxy | None, kept: tuple[Tlv, ...]
) -> None:
    with running(settle=believing(how=how)) as (front, _):
        front.connect().sendall(write_header(FIELDS, 2))
        session = front.session()
        front.turner.until(lambda: session.identity)
        assert session.identity is not None and session.identity.tlvs == kept


def test_a_second_header_is_the_clients_own(
    made: tuple[Running, socket.socket],
) -> None:
    front, listening = made
    client = front.connect()
    client.sendall(V2 + LINE)
    assert heard(front, listening) == LINE


def test_one_of_the_greatest_length_leaves_what_follows(
    made: tuple[Running, socket.socket],
) -> None:
    front, listening = made
    rest = V2[16:] + field(tlv.NOOP, bytes(8192 - 16 - 12 - 3))
    client = front.connect()
    client.sendall(binary(rest) + b"hello")
    assert heard(front, listening) == b"hello"


def test_the_key_of_source_hash_is_the_clients() -> None:
    with running() as (front, listening):
        front.farm.hashes = True
        asked: list[str] = []
        key = front.farm.key

        def noted(host: str) -> int:
            asked.append(host)
            return key(host)

        front.farm.key = noted  # type: ignore[method-assign]
        front.connect().sendall(LINE)
        front.accept(listening)
        assert asked == ["192.168.0.1"]


def test_it_belongs_to_destinations_whether_fields_are_kept() -> None:
    with running() as (front, _):
        two = Destination(front.farm, 3.0, send_proxy=SendProxy(2, (5, 0xE1)))
        assert replace(front.terms, destination=two).passed == {5, 0xE1}
        assert front.terms.passed == frozenset()


def test_nothing_of_it_is_left_once_there_is_a_server(
    made: tuple[Running, socket.socket],
) -> None:
    """Nor anything for the collector to find."""
    front, listening = made
    with uncollected(Opening, Identifying, Attempt) as left:
        front.connect().sendall(LINE)
        front.accept(listening)
        session = front.session()
        front.turner.until(lambda: session.state is State.OPEN)
        assert left() == []


@pytest.mark.parametrize("header", [LINE, V2], ids=["v1", "v2"])
def test_one_that_is_there_already_is_read_at_once(
    made: tuple[Running, socket.socket],
    monkeypatch: pytest.MonkeyPatch,
    header: bytes,
) -> None:
    """As it is on a busy gateway: no event has to tell of it."""
    monkeypatch.delattr(Identifying, "ready")
    monkeypatch.delattr(Peeking, "ready")
    front, listening = made
    front.connect().sendall(header + b"hello")
    assert heard(front, listening) == b"hello"


USUAL = {name: HAPROXY[name] for name in ("v2 tcp4", "v2 tcp6 mixed")}


@pytest.mark.parametrize("name", USUAL)
@pytest.mark.parametrize("late", [False, True], ids=["at once", "later"])
def test_one_of_addresses_alone_is_read_when_that_is_asked(
    made: tuple[Running, socket.socket], name: str, late: bool
) -> None:
    """The record asks for no more than the client, which it finds without."""
    front, listening = made
    client = front.connect()
    if late:
        front.turner.settle()
    client.sendall(USUAL[name] + b"hello")
    accepted = front.accept(listening)
    said = front.session().rare
    assert (said.ends, said.header) == (USUAL[name], None)
    read = read_header(USUAL[name])
    assert read is not None and isinstance(read.source, Address)
    named = front.session().client
    assert said.identity == read and named == (read.source.host, read.source.port)
    said.header = None
    client.close()
    accepted.close()
    assert front.record().client == named


def test_ipv4_in_the_clothes_of_ipv6_is_ipv4_as_ever(
    made: tuple[Running, socket.socket],
) -> None:
    front, listening = made
    client = front.connect()
    client.sendall(HAPROXY["v2 tcp6 mapped"] + b"hello")
    assert heard(front, listening) == b"hello"
    assert front.session().client == ("127.0.0.1", 41544)
