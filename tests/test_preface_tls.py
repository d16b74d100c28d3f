"""What servers are told of a client's TLS, its certificate and a resumed session."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509

from bridge.farm.server import Server
from bridge.net import tlv
from bridge.net.certificates import load_pair
from bridge.net.contexts import TowardsClients, for_clients
from bridge.net.dial import Target
from bridge.net.security import Security
from bridge.net.sockopt import TCP_FASTOPEN_CONNECT, Option
from bridge.session.destination import SendProxy
from bridge.wire.proxy_header import read_header
from bridge.wire.proxy_value import ProxyHeader
from tests.pumping import PATIENCE
from tests.secured import (
    NAME,
    TLS_1_2,
    TLS_1_3,
    VERSIONS,
    Far,
    authority,
    dialing,
    issued,
)
from tests.sessions import Running, server
from tests.test_preface import heard, telling

ALL = SendProxy(2, added=(tlv.SSL, tlv.AUTHORITY, tlv.ALPN, tlv.CRC32C))
TOLD_NOW, TOLD_EARLIER, ENCRYPTED = 7, 5, 1
"""PP2_CLIENT_SSL, with _CERT_CONN and _CERT_SESS: section 2.2.6."""


def asking(folder: Path) -> Security:
    """A front's that asks for certificates and does without, as one is configured."""
    files = issued().write(folder, "front")
    trusted = x509.load_pem_x509_certificate(authority().pem)
    terms = TowardsClients("1.2", (b"h2", b"http/1.1"), authorities=(trusted,))
    pair = load_pair(files.certificate, files.key, datetime.now(UTC).timestamp())
    return Security(for_clients(pair, terms, files.certificate), accepts=True)


def showing(folder: Path, name: str, version: ssl.TLSVersion) -> ssl.SSLContext:
    """A client's, which shows a certificate where it is called *name*."""
    context = ssl.create_default_context(cadata=authority().pem.decode("ascii"))
    context.maximum_version = version
    context.set_alpn_protocols(["http/1.1"])
    if name:
        files = authority().issue("client.test", common=name).write(folder, "client")
        context.load_cert_chain(files.certificate, files.key)
    return context


def comes(front: Running, far: Far, hears: Callable[[], ProxyHeader]) -> ProxyHeader:
    """What the server hears of it; then an answer, with which tickets come."""
    far.first = b"question"
    front.turner.until(lambda: far.has("never") or front.farm.active)
    header = hears()
    front.turner.until(lambda: far.got(b"answer"))
    front.session().crashed()
    front.turner.settle()
    assert front.records[-1].asked == NAME
    far.close()
    return header


@VERSIONS
@pytest.mark.parametrize(
    ("name", "first", "again"),
    [("alice", TOLD_NOW, TOLD_EARLIER), ("", ENCRYPTED, ENCRYPTED)],
)
def test_a_certificate_was_shown_now_or_earlier_in_its_session(
    tmp_path: Path, version: ssl.TLSVersion, name: str, first: int, again: int
) -> None:
    context, session = showing(tmp_path, name, version), None
    with server() as listening:
        front = Running(
            listening.getsockname(), front=asking(tmp_path), settle=telling(ALL)
        )

        def hears() -> ProxyHeader:
            header, rest = heard(front, listening)
            assert rest == b"question"
            front._ends[-1].sendall(b"answer")
            return header

        for flags in (first, again, again):
            far = Far(front.connect(), context=context, session=session)
            header = comes(front, far, hears)
            assert far.tls.session_reused is (session is not None)
            session = far.tls.session
            told = header.ssl
            assert told is not None and told.flags == flags
            assert (told.verified, told.common_name) == (bool(name), name)
            assert (told.verify == 0) is bool(name)
            assert told.version == {TLS_1_2: "TLSv1.2", TLS_1_3: "TLSv1.3"}[version]
            assert told.cipher == far.tls.cipher()[0]  # type: ignore[index]
            assert header.authority == NAME.encode()
            assert header.alpn == b"http/1.1"
        front.close()


# A server with an IPv6 and an IPv4 address


UNIQUE = SendProxy(2, added=(tlv.UNIQUE_ID, tlv.CRC32C))


@contextmanager
def listening6() -> Iterator[socket.socket]:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as made:
        made.settimeout(PATIENCE)
        yield made


def closed6() -> tuple[str, int]:
    with listening6() as made:
        host, port = made.getsockname()[:2]
    return host, port


@contextmanager
def raced(six: tuple[str, int], four: tuple[str, int]) -> Iterator[Running]:
    """A front whose one server is at both, by TLS, and is told who clients are."""
    targets = (
        Target(socket.AF_INET6, (*six, 0, 0), (), security=dialing()),
        Target(socket.AF_INET, four, (), security=dialing()),
    )
    front = Running(settle=telling(UNIQUE), retries=0)
    front.farm.add(Server("both", targets[0], race=targets))
    yield front
    front.close()


def introduced(listening: socket.socket) -> tuple[ProxyHeader, Far]:
    """The header that comes there before TLS, and the far end of what follows."""
    accepted, _ = listening.accept()
    accepted.settimeout(PATIENCE)
    header = read_header(accepted.recv(1000, socket.MSG_PEEK))
    assert header is not None
    accepted.recv(header.length)
    return header, Far(accepted, server=True)


def test_of_two_addresses_the_one_that_answers_is_told_and_shaken_hands_with() -> None:
    with server() as four, raced(closed6(), four.getsockname()) as front:
        client = front.connect()
        client.sendall(b"question")
        front.turner.until(lambda: front.farm.active)
        front.turner.settle()
        header, far = introduced(four)
        host, port = client.getsockname()
        assert str(header.source) == f"{host}:{port}"
        front.turner.until(lambda: far.got(b"question"))
        assert header.unique_id == front.session().name.encode()
        far.send(b"answer")
        front.turner.settle()
        assert client.recv(100) == b"answer"
        client.close()
        front.turner.until(lambda: far.has("close_notify"))
        far.notify()
        record = front.record()
        assert (record.ending, record.up, record.down) == ("done", 8, 6)
        assert (record.lost, record.back) == (0, four.getsockname())
        far.close()


def test_who_is_silent_in_its_handshake_is_told_and_reset_when_the_other_wins() -> None:
    """Both hear the same of the client: its name too is one and the same."""
    with server() as four, listening6() as six:
        where = six.getsockname()
        with raced((where[0], where[1]), four.getsockname()) as front:
            client = front.connect()
            client.sendall(b"question")
            front.turner.until(lambda: front.farm.active)
            front.turner.settle()
            first, silent = introduced(six)
            front.advance(1.0)
            second, far = introduced(four)
            assert first == second and first.unique_id
            front.turner.until(lambda: far.got(b"question"))
            front.turner.until(lambda: silent.has("reset"))
            assert silent.received == b""
            far.close()
            silent.close()


def test_one_that_is_not_who_it_should_be_gives_the_other_its_turn() -> None:
    with server() as four, listening6() as six:
        where = six.getsockname()
        with raced((where[0], where[1]), four.getsockname()) as front:
            client = front.connect()
            client.sendall(b"question")
            front.turner.until(lambda: front.farm.active)
            front.turner.settle()
            _, other = introduced(six)
            other.raw.sendall(b"no TLS at all")
            front.turner.settle()
            header, far = introduced(four)
            assert header.unique_id == front.session().name.encode()
            front.turner.until(lambda: far.got(b"question"))
            other.close()
            far.close()


def test_with_fast_open_it_goes_before_the_handshake_too() -> None:
    """The SYN has waited for it; the second time it takes it along, with a cookie."""
    fast = Option("fast_open", socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
    for _ in range(2):
        with server() as listening:
            where = listening.getsockname()
            front = Running(settle=telling(UNIQUE))
            target = Target(socket.AF_INET, where, (fast,), security=dialing())
            front.farm.add(Server("fast", target))
            client = front.connect()
            client.sendall(b"question")
            front.session()
            front.turner.settle()
            header, far = introduced(listening)
            assert header.unique_id == front.session().name.encode()
            front.turner.until(partial(far.got, b"question"))
            far.send(b"answer")
            front.turner.settle()
            assert client.recv(100) == b"answer"
            front.close()
            far.close()
