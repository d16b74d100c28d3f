"""Which of several certificates a client is shown: by what it can verify."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from OpenSSL import SSL

from bridge.net.certificates import PrivateKey
from bridge.net.contexts import CIPHERS
from bridge.net.securities import FrontSecurities
from bridge.net.signing import RSA, Kind, Offer, kind_of
from bridge.wire.client_hello import ClientHello
from tests.authority import Authority, Issued
from tests.handshakes import Entry, FrontTls, Link, client, dialed, first_words

AUTHORITY = Authority()
CURVE = AUTHORITY.issue("a.example", "*.w.example", "192.0.2.1", common="curve")
OLDER = AUTHORITY.issue("a.example", "192.0.2.1", common="rsa", is_rsa=True)
BOTH = (CURVE, OLDER)
NOW = CURVE.certificate.not_valid_before_utc.timestamp() + 1
V12, V13 = SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION
P256 = kind_of(ec.generate_private_key(ec.SECP256R1()))


def fronts(folder: Path, *issued: Issued, **settings: Any) -> FrontSecurities:
    entries = [
        Entry.of(each.write(folder, f"{number}")) for number, each in enumerate(issued)
    ]
    made = replace(FrontTls(entries), **settings)
    return FrontSecurities("front web", made, lambda: NOW)


def asking(version: int = 0, signatures: str = "", ciphers: str = "") -> SSL.Context:
    """A client that offers no more than that."""
    context = client(version=version)
    if signatures:
        library, raw = SSL._lib, context  # type: ignore[attr-defined]
        pointer: Any = raw
        assert library.SSL_CTX_set1_sigalgs_list(pointer._context, signatures.encode())
    if ciphers:
        context.set_cipher_list(ciphers.encode())
    return context


def shown(
    front: FrontSecurities, context: SSL.Context, name: str | None = "a.example"
) -> str:
    """Whose certificate the client gets, through a handshake to its end."""
    ours = dialed(context, name or "")
    words = first_words(ours)
    hello = ClientHello.parse(words)
    assert hello is not None
    security = front.find(hello.server_name, hello.offer)
    assert security is not None
    theirs = security.connection()
    theirs.bio_write(words)
    Link(ours, theirs).shake()
    certificate = ours.get_peer_certificate(as_cryptography=True)
    assert certificate is not None
    return certificate.subject.rfc4514_string().removeprefix("CN=")


def openssls_choice(context: SSL.Context, issued: Sequence[Issued]) -> str:
    """Whose it would be if OpenSSL had all of them in one context."""
    server = SSL.Context(SSL.TLS_SERVER_METHOD)
    server.set_options(SSL.OP_CIPHER_SERVER_PREFERENCE)
    server.set_cipher_list(CIPHERS)
    for each in issued:
        server.use_certificate(each.certificate)
        server.use_privatekey(each.key)
    theirs = SSL.Connection(server, None)
    theirs.set_accept_state()
    link = Link(dialed(context, "a.example"), theirs).shake()
    certificate = link.client.get_peer_certificate(as_cryptography=True)
    assert certificate is not None
    return certificate.subject.rfc4514_string().removeprefix("CN=")


OFFERS = [
    (V13, "", ""),
    (V13, "ECDSA+SHA256", ""),
    (V13, "rsa_pss_rsae_sha256", ""),
    (V13, "rsa_pss_rsae_sha512:ECDSA+SHA384", ""),
    (V13, "RSA+SHA256:rsa_pss_rsae_sha256:ECDSA+SHA256", ""),
    (V12, "", ""),
    (V12, "", "ECDHE-RSA-AES128-GCM-SHA256"),
    (V12, "", "ECDHE-RSA-CHACHA20-POLY1305"),
    (V12, "", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    (V12, "RSA+SHA256", ""),
    (V12, "ECDSA+SHA512", ""),
    (V12, "ECDSA+SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"),
]


@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("order", [BOTH, BOTH[::-1]])
def test_a_client_gets_the_certificate_that_openssl_would_choose(
    tmp_path: Path, offer: tuple[int, str, str], order: Sequence[Issued]
) -> None:
    context = asking(*offer)
    assert shown(fronts(tmp_path, *order), context) == openssls_choice(context, order)


@pytest.mark.parametrize("name", [None, "unknown.example"])
def test_who_names_nobody_gets_the_first_or_its_twin(
    tmp_path: Path, name: str | None
) -> None:
    other = AUTHORITY.issue("b.example", common="other", is_rsa=True)
    front = fronts(tmp_path, CURVE, other, OLDER)
    assert shown(front, asking(V13), name) == "curve"
    assert shown(front, asking(V13, "rsa_pss_rsae_sha256"), name) == "rsa"


def test_a_wildcards_certificate_helps_where_the_exact_one_does_not(
    tmp_path: Path,
) -> None:
    exact = AUTHORITY.issue("x.w.example", common="exact", is_rsa=True)
    front = fronts(tmp_path, exact, CURVE)
    assert shown(front, asking(V13), "x.w.example") == "exact"
    assert shown(front, asking(V13, "ECDSA+SHA256"), "x.w.example") == "curve"
    assert shown(front, asking(V13, "ECDSA+SHA256"), "-.w.example") == "curve"


def test_what_a_client_offers_leads_it_around_no_rule(tmp_path: Path) -> None:
    """Else who says that it knows no RSA would need no certificate of its own."""
    ca = AUTHORITY.write(tmp_path)
    guarded = Entry.of(OLDER.write(tmp_path, "guarded"), ca, "required")
    open_one = Entry.of(CURVE.write(tmp_path, "open"))
    for entries in ((guarded, open_one), (open_one, guarded)):
        front = FrontSecurities("front web", FrontTls(entries), lambda: NOW)
        for offer in OFFERS:
            words = first_words(dialed(asking(*offer), "a.example"))
            hello = ClientHello.parse(words)
            assert hello is not None
            for name in ("a.example", None, "unknown"):
                assert front.find(name, hello.offer) is front.all[0]


def test_a_session_is_resumed_with_the_certificate_that_it_began_with(
    tmp_path: Path,
) -> None:
    front = fronts(tmp_path, *BOTH)
    for context, whose in (
        (asking(V13), "curve"),
        (asking(V13, "rsa_pss_rsae_sha256"), "rsa"),
    ):
        for _ in range(2):
            assert shown(front, context) == whose


def test_a_renewed_certificate_may_be_of_another_kind(tmp_path: Path) -> None:
    front = fronts(tmp_path, *BOTH)
    modern = asking(V13, "ECDSA+SHA256")
    assert shown(front, modern) == "curve"
    OLDER.write(tmp_path, "0")
    front.kept[0].renew()
    assert front.find("a.example", Offer()) is front.all[0]
    CURVE.write(tmp_path, "1")
    front.kept[1].renew()
    assert shown(front, modern) == "curve"


def test_kinds_are_told_apart_as_tls_1_3_does() -> None:
    curves = (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.BrainpoolP256R1())
    keys: list[PrivateKey] = [
        *map(ec.generate_private_key, curves),
        ed25519.Ed25519PrivateKey.generate(),
        ed448.Ed448PrivateKey.generate(),
    ]
    kinds = [kind_of(key) for key in keys]
    assert len({kind.name for kind in kinds}) == len(kinds)
    assert all(kind.curved for kind in kinds) and not RSA.curved


LENGTH = b"\0\2"


@pytest.mark.parametrize(
    ("kind", "offer", "allowed"),
    [
        (RSA, Offer((0x0304,), signatures=LENGTH + b"\x08\x04"), True),
        (RSA, Offer((0x0304,), signatures=LENGTH + b"\x04\x01"), False),
        (RSA, Offer((0x0304,)), False),
        (P256, Offer((0x0304,), signatures=LENGTH + b"\x05\x03"), False),
        (RSA, Offer((0x0303,), b"\xc0\x2f"), True),
        (RSA, Offer((0x0303,), b"\xc0\x2b"), False),
        (P256, Offer((0x0303,), b"\xc0\x2b"), True),
        (P256, Offer((0x0303,), b"\xc0\x2b", LENGTH + b"\0\x17"), True),
        (P256, Offer((0x0303,), b"\xc0\x2b", LENGTH + b"\0\x18"), False),
        (P256, Offer((0x0303,), b"\xc0\x2b", None, LENGTH + b"\x04\x01"), False),
        (P256, Offer((0x0304,), signatures=b"\0"), False),  # broken
        (P256, Offer((0x0303,), b"\xc0"), False),
    ],
)
def test_a_kind_is_allowed_by_what_the_hello_says(
    kind: Kind, offer: Offer, allowed: bool
) -> None:
    assert offer.allows(kind) is allowed
