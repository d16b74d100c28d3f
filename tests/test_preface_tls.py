"""What servers are told of a client's TLS, its certificate and a resumed session."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from bridge.net import tlv
from bridge.net.certificates import load_pair
from bridge.net.contexts import TowardsClients, for_clients
from bridge.net.security import Security
from bridge.session.destination import SendProxy
from bridge.wire.proxy_value import ProxyHeader
from tests.secured import (
    NAME,
    TLS_1_2,
    TLS_1_3,
    VERSIONS,
    Far,
    authority,
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
