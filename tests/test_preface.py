"""What servers get before the first byte of a client, over real sockets."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from bridge.farm.server import Server
from bridge.net import tlv
from bridge.net.address import Networks
from bridge.net.dial import Dial, Target, is_ours
from bridge.net.sockopt import TCP_FASTOPEN_CONNECT, Option
from bridge.session.destination import SendProxy
from bridge.session.preface import OwnPreface, Preface
from bridge.session.terms import Terms
from bridge.wire.proxy_header import read_header, write_header
from bridge.wire.proxy_value import ProxyHeader
from tests.proxied import LINE_READ
from tests.pumping import PATIENCE, Turner, tcp_pairs
from tests.secured import NAME, Far, accepting, dialing
from tests.sessions import Running, closed_address, reset, server
from tests.test_dial import Hearing
from tests.test_identifying import LOOPBACK
from tests.uncollected import uncollected


def telling(
    how: SendProxy, senders: Networks | None = None, **more: object
) -> Callable[[Terms], Terms]:
    def settle(terms: Terms) -> Terms:
        assert terms.destination is not None
        terms.admission.believe(senders)
        told = replace(terms.destination, send_proxy=how)
        return replace(terms, destination=told, **more)  # type: ignore[arg-type]

    return settle


@contextmanager
def running(
    how: SendProxy, senders: Networks | None = None, **more: object
) -> Iterator[tuple[Running, socket.socket]]:
    with server() as listening:
        made = Running(listening.getsockname(), settle=telling(how, senders, **more))
        try:
            yield made, listening
        finally:
            made.close()


def heard(front: Running, listening: socket.socket) -> tuple[ProxyHeader, bytes]:
    """The header that the server gets, and what comes with it."""
    accepted = front.accept(listening)
    front.turner.settle()
    data = accepted.recv(10_000)
    header = read_header(data)
    assert header is not None
    return header, data[header.length :]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("said", [b"", b"hello"])
def test_the_server_hears_of_both_ends_in_front(version: int, said: bytes) -> None:
    how = SendProxy(1 if version == 1 else 2)
    with running(how) as (front, listening):
        client = front.connect()
        client.sendall(said)
        header, rest = heard(front, listening)
        ends = client.getsockname(), front.address
        assert (str(header.source), str(header.destination)) == tuple(
            f"{host}:{port}" for host, port in ends
        )
        assert (header.version, rest) == (version, said)
        client.sendall(b"more")


def test_what_follows_goes_both_ways_and_none_of_the_header_is_counted() -> None:
    with running(SendProxy(2)) as (front, listening):
        client = front.connect()
        accepted = front.accept(listening)
        front.turner.settle()
        assert len(accepted.recv(100)) == 28
        client.sendall(b"request")
        front.turner.settle()
        assert accepted.recv(100) == b"request"
        client.shutdown(socket.SHUT_WR)
        front.turner.settle()
        assert accepted.recv(100) == b""
        accepted.sendall(b"answer")
        accepted.close()
        record = front.record()
        assert client.recv(100) == b"answer"
        assert (record.ending, record.up, record.down) == ("done", 7, 6)
        assert record.lost == 0


def test_it_is_nothing_for_the_collector_to_find() -> None:
    with running(SendProxy(2)) as (front, listening), uncollected(Preface) as left:
        front.connect().close()
        front.accept(listening).close()
        front.record()
        assert left() == []


def test_a_client_that_only_ends_is_told_of_too() -> None:
    with running(SendProxy(2)) as (front, listening):
        client = front.connect()
        client.shutdown(socket.SHUT_WR)
        accepted = front.accept(listening)
        front.turner.settle()
        assert len(accepted.recv(100)) == 28
        assert accepted.recv(100) == b""


def test_it_does_not_wait_for_bytes_that_are_not_there_after_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Held back for what seemed to follow, it would leave 200 ms later."""
    over = Preface.over

    def misled(preface: Preface, sock: socket.socket) -> bytes:
        preface._introduced.front.readable = True
        return over(preface, sock)

    monkeypatch.setattr(Preface, "over", misled)
    with running(SendProxy(2)) as (front, listening):
        front.connect()
        accepted = front.accept(listening)
        accepted.settimeout(0.1)
        assert len(accepted.recv(100)) == 28


def test_the_named_client_and_passed_fields_go_on_and_come_first() -> None:
    came = replace(
        LINE_READ,
        tlvs=(
            (0xE0, b"ours"),
            (tlv.AUTHORITY, b"www.example.org"),
            (tlv.UNIQUE_ID, b""),
            (0xE1, b"not this"),
        ),
    )
    passed = (tlv.AUTHORITY, 0xE0, tlv.UNIQUE_ID)
    added = (tlv.UNIQUE_ID, tlv.AUTHORITY, tlv.CRC32C, tlv.SSL, tlv.ALPN)
    how = SendProxy(2, passed, added)
    with running(how, senders=LOOPBACK) as (front, listening):
        client = front.connect()
        client.sendall(write_header(came, 2, checksum=True) + b"hello")
        header, rest = heard(front, listening)
        assert rest == b"hello"
        assert (header.source, header.destination) == (
            LINE_READ.source,
            LINE_READ.destination,
        )
        name = front.session().name
        assert name.startswith("test-")
        assert header.tlvs == (
            (tlv.AUTHORITY, b"www.example.org"),
            (0xE0, b"ours"),
            (tlv.UNIQUE_ID, name.encode()),
        )
        front.session().crashed()
        assert front.record().session == name


@pytest.mark.parametrize("came", [b"PROXY UNKNOWN\r\n", None])
def test_local_and_unknown_go_on_as_the_connection_they_came_over(
    came: bytes | None,
) -> None:
    """LOCAL is never resent: the server would take us for a check."""
    if came is None:
        came = write_header(ProxyHeader(local=True), 2)
    with running(SendProxy(2), senders=LOOPBACK) as (front, listening):
        client = front.connect()
        client.sendall(came)
        header, _ = heard(front, listening)
        host, port = client.getsockname()
        assert not header.local and str(header.source) == f"{host}:{port}"


@pytest.mark.parametrize(
    ("version", "written"),
    [(1, b"PROXY UNKNOWN\r\n"), (2, write_header(ProxyHeader(local=True), 2))],
)
def test_a_client_of_a_unix_socket_goes_without_address(
    version: int, written: bytes
) -> None:
    unix = bytes.fromhex("0d0a0d0a000d0a515549540a213100d8") + bytes(216)
    how = SendProxy(1 if version == 1 else 2)
    with running(how, senders=LOOPBACK) as (front, listening):
        client = front.connect()
        client.sendall(unix)
        accepted = front.accept(listening)
        front.turner.settle()
        assert accepted.recv(1000) == written


def test_a_retry_says_the_same_to_the_next_server() -> None:
    with server() as listening:
        where = listening.getsockname()
        how = telling(SendProxy(2, added=(tlv.UNIQUE_ID,)))
        front = Running(closed_address(), where, settle=how)
        front.connect().sendall(b"hello")
        header, rest = heard(front, listening)
        assert (header.unique_id, rest) == (front.session().name.encode(), b"hello")
        front.close()


def test_a_race_says_it_over_the_winner() -> None:
    with server() as listening, running(SendProxy(2)) as (front, _):
        targets = tuple(
            Target(socket.AF_INET, where, ())
            for where in (closed_address(), listening.getsockname())
        )
        front.farm.remove(front.farm.servers[0])
        front.farm.add(Server("two", targets[0], race=targets))
        front.connect().sendall(b"hello")
        assert heard(front, listening)[1] == b"hello"


def test_with_fast_open_it_is_what_the_syn_was_waiting_for() -> None:
    fast = Option("fast_open", socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
    with server() as listening:
        for said in (b"", b"hello", b"hello"):  # the second time with a cookie
            front = Running(settle=telling(SendProxy(2)))
            target = Target(socket.AF_INET, listening.getsockname(), (fast,))
            front.farm.add(Server("fast", target))
            front.connect().sendall(said)
            front.session()
            front.turner.settle()
            accepted, _ = listening.accept()
            accepted.settimeout(PATIENCE)
            front.turner.settle()
            data = accepted.recv(1000)
            header = read_header(data)
            assert header is not None and data[header.length :] == said
            accepted.close()
            front.close()


def test_one_that_finds_little_room_arrives_whole() -> None:
    """A great header towards a server whose socket takes little at a time."""
    came = replace(LINE_READ, tlvs=tuple((0xE0, bytes(500)) for _ in range(15)))
    small = Option("send_buffer", socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    how = telling(SendProxy(2, (0xE0,)), senders=LOOPBACK)
    with server() as listening:
        front = Running(settle=how)
        target = Target(socket.AF_INET, listening.getsockname(), (small,))
        front.farm.add(Server("small", target))
        client = front.connect()
        client.sendall(write_header(came, 2) + b"hello")
        got = b""
        front.turner.until(lambda: front.live.sessions)
        accepted, _ = listening.accept()
        accepted.settimeout(PATIENCE)
        whole = write_header(came, 2) + b"hello"
        while len(got) < len(whole):
            front.turner.settle()
            got += accepted.recv(1000)
        assert got == whole
        accepted.close()
        front.close()


@pytest.mark.parametrize("version", [1, 2])
def test_a_check_speaks_for_nobody(version: int) -> None:
    with tcp_pairs(1) as ((ours, _),):
        said = OwnPreface(1 if version == 1 else 2).over(ours)
        header = read_header(said)
        assert header is not None
        if version == 2:
            assert header.local and len(said) == 16
        else:
            port = ours.getsockname()[1]
            assert header.source is not None and str(port) in str(header.source)


@pytest.mark.parametrize("version", [1, 2])
def test_a_check_of_a_server_that_resets_at_once_is_no_bug(version: int) -> None:
    """A socket that was reset has no other end, which getpeername(2) could name."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        turner, factory = Turner(), Hearing()
        target = Target(socket.AF_INET, listening.getsockname(), ())
        preface = OwnPreface(1 if version == 1 else 2)
        Dial(turner.pump, target, factory, preface=preface).connect()
        accepted, _ = listening.accept()
        reset(accepted)
        turner.until(lambda: factory.failures)
        (failure,) = factory.failures
        assert getattr(failure.value, "osError", 0) == errno.ECONNRESET
        assert not is_ours(failure.value)


def test_a_check_of_a_unix_socket_has_no_addresses() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert OwnPreface(1).over(ours) == b"PROXY UNKNOWN\r\n"


def test_tls_on_both_sides_is_told_of_before_the_servers_handshake() -> None:
    how = SendProxy(2, added=(tlv.SSL, tlv.AUTHORITY, tlv.ALPN, tlv.CRC32C))
    with server() as listening:
        front = Running(
            listening.getsockname(), front=accepting(), back=dialing(),
            settle=telling(how),
        )  # fmt: skip
        client = Far(front.connect(), server=False)
        front.turner.until(lambda: client.has("never") or front.farm.active)
        accepted, _ = listening.accept()
        front.turner.settle()
        data = accepted.recv(10_000, socket.MSG_PEEK)
        header = read_header(data)
        assert header is not None and data[header.length] == 22, "a ClientHello follows"
        accepted.recv(header.length)
        assert header.authority == NAME.encode() and header.alpn is None
        ssl = header.ssl
        assert ssl is not None and ssl.encrypted and not ssl.verified
        assert (ssl.version, ssl.common_name) == ("TLSv1.3", "")
        assert ssl.cipher.startswith("TLS_")
        far = Far(accepted, server=True)
        client.send(b"question")
        front.turner.until(lambda: client.has("never") or far.got(b"question"))
        front.close()
        far.close()
        client.close()
