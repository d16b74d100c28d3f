"""What OpenSSL is told, shown by handshakes over memory."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from OpenSSL import SSL

from bridge.net.certificates import CertificateError, Pair, load_certificates, load_pair
from bridge.net.contexts import (
    TowardsClients,
    TowardsServers,
    for_clients,
    for_servers,
    identified,
)
from tests.authority import Authority, Files
from tests.handshakes import Link, accepted, client, dialed, resumed

AUTHORITY = Authority()
ISSUED = AUTHORITY.issue("a.example", "192.0.2.1")
FILE = Path("a.pem")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return ISSUED.write(tmp_path, "a")


@pytest.fixture
def pair(files: Files) -> Pair:
    now = ISSUED.certificate.not_valid_before_utc.timestamp() + 1
    return load_pair(files.certificate, files.key, now)


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    return AUTHORITY.write(tmp_path)


def link(server: SSL.Context, asking: SSL.Context) -> Link:
    return Link(dialed(asking, "a.example"), accepted(server)).shake()


def limited(version: int, ciphers: bytes = b"ALL:@SECLEVEL=0") -> SSL.Context:
    """A client that speaks one version only."""
    context = client(version=version)
    context.set_min_proto_version(version)
    context.set_cipher_list(ciphers)
    return context


# Fronts: versions and ciphers


def test_tls_1_3_is_preferred_with_the_cheap_suite(pair: Pair) -> None:
    made = link(for_clients(pair, TowardsClients("1.2"), FILE), client())
    assert made.server.get_protocol_version_name() == "TLSv1.3"
    assert made.server.get_cipher_name() == "TLS_AES_128_GCM_SHA256"


def test_a_client_without_hardware_for_aes_gets_chacha(pair: Pair) -> None:
    asking = client()
    asking.set_tls13_ciphersuites(
        b"TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"
    )
    made = link(for_clients(pair, TowardsClients("1.2"), FILE), asking)
    assert made.server.get_cipher_name() == "TLS_CHACHA20_POLY1305_SHA256"


@pytest.mark.parametrize("version", [SSL.TLS1_VERSION, SSL.TLS1_1_VERSION])
def test_nothing_below_tls_1_2_is_spoken(pair: Pair, version: int) -> None:
    with pytest.raises(SSL.Error):
        link(for_clients(pair, TowardsClients("1.2"), FILE), limited(version))


def test_a_minimum_of_1_3_leaves_1_2_out(pair: Pair) -> None:
    asking = limited(SSL.TLS1_2_VERSION)
    assert link(for_clients(pair, TowardsClients("1.2"), FILE), asking)
    with pytest.raises(SSL.Error, match="unsupported protocol"):
        link(
            for_clients(pair, TowardsClients("1.3"), FILE), limited(SSL.TLS1_2_VERSION)
        )


@pytest.mark.parametrize(
    "ciphers", [b"ECDHE-ECDSA-AES128-SHA", b"AES128-GCM-SHA256", b"aNULL"]
)
def test_no_cipher_without_forward_secrecy_or_aead_is_taken(
    pair: Pair, ciphers: bytes
) -> None:
    asking = limited(SSL.TLS1_2_VERSION, ciphers + b":@SECLEVEL=0")
    with pytest.raises(SSL.Error, match="no shared cipher"):
        link(for_clients(pair, TowardsClients("1.2"), FILE), asking)


def test_renegotiation_is_refused(pair: Pair) -> None:
    server = for_clients(pair, TowardsClients("1.2"), FILE)
    made = link(server, limited(SSL.TLS1_2_VERSION))
    assert made.client.renegotiate()
    with pytest.raises(SSL.WantReadError):
        made.client.do_handshake()
    made.carry()
    with pytest.raises(SSL.WantReadError):
        made.server.recv(1)
    assert made.server.total_renegotiations() == 0
    made.carry()
    with pytest.raises(SSL.Error, match="no renegotiation"):
        made.client.do_handshake()


def test_a_weak_key_is_refused_with_openssls_reason(files: Files, pair: Pair) -> None:
    weak = rsa.generate_private_key(65537, 1024)
    broken = Pair(pair.certificate, (), weak, (), (), 0.0)
    with pytest.raises(CertificateError, match="OpenSSL refuses it: ") as caught:
        for_clients(broken, TowardsClients("1.2"), files.certificate)
    assert caught.value.file == files.certificate


# Fronts: protocols


@pytest.mark.parametrize(
    ("ours", "theirs", "agreed"),
    [
        ((b"h2", b"http/1.1"), (b"http/1.1", b"h2"), b"h2"),
        ((b"http/1.1",), (b"h2", b"http/1.1"), b"http/1.1"),
        ((), (b"h2",), b""),
        ((b"h2",), (), b""),
    ],
)
def test_our_preference_among_the_protocols_counts(
    pair: Pair, ours: tuple[bytes, ...], theirs: Sequence[bytes], agreed: bytes
) -> None:
    asking = client()
    if theirs:
        asking.set_alpn_protos(list(theirs))
    made = link(for_clients(pair, TowardsClients("1.2", ours), FILE), asking)
    assert made.client.get_alpn_proto_negotiated() == agreed


def test_without_a_protocol_in_common_both_ends_hear_why(pair: Pair) -> None:
    asking = client()
    asking.set_alpn_protos([b"smtp"])
    server = for_clients(pair, TowardsClients("1.2", (b"h2",)), FILE)
    made = Link(dialed(asking), accepted(server))
    with pytest.raises(SSL.Error, match="no protocol in common"):
        made.shake()
    with pytest.raises(SSL.Error, match="no application protocol"):
        made.client.do_handshake()


# Fronts: tickets and clients' certificates


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])
def test_a_session_is_resumed_by_its_ticket(pair: Pair, version: int) -> None:
    server, asking = (
        for_clients(pair, TowardsClients("1.2"), FILE),
        client(version=version),
    )
    first = link(server, asking)
    session = first.client.get_session()
    first.close()
    again = Link(dialed(asking, "a.example", session), accepted(server)).shake()
    assert (resumed(first), resumed(again)) == (False, True)


@pytest.mark.parametrize(
    ("minimum", "version"),
    [
        ("1.2", SSL.TLS1_2_VERSION),
        ("1.2", SSL.TLS1_3_VERSION),
        ("1.3", SSL.TLS1_3_VERSION),
    ],
)
def test_a_resumed_session_still_says_whom_it_asked_for(
    pair: Pair, minimum: str, version: int
) -> None:
    server = for_clients(pair, TowardsClients(minimum), FILE)
    asking = client(version=version)
    session = None
    for is_resumed in (False, True, True):
        made = Link(dialed(asking, "a.test", session), accepted(server)).shake()
        assert resumed(made) is is_resumed
        assert made.server.get_servername() == b"a.test"
        session = made.client.get_session()
        made.close()


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])
def test_no_session_is_resumed_where_tickets_are_off(pair: Pair, version: int) -> None:
    server = for_clients(pair, TowardsClients("1.2", tickets=False), FILE)
    asking = client(version=version)
    first = link(server, asking)
    session = first.client.get_session()
    first.close()
    assert not resumed(Link(dialed(asking, session=session), accepted(server)).shake())


@pytest.fixture
def clients(ca: Path) -> TowardsClients:
    return TowardsClients("1.2", authorities=load_certificates(ca), required=True)


def test_a_client_without_certificate_is_refused(
    pair: Pair, clients: TowardsClients
) -> None:
    with pytest.raises(SSL.Error, match="peer did not return a certificate"):
        link(for_clients(pair, clients, FILE), client())


def test_a_clients_certificate_must_be_our_authoritys(
    pair: Pair, clients: TowardsClients, tmp_path: Path
) -> None:
    stranger = Authority("a stranger").issue(common="me").write(tmp_path, "stranger")
    known = AUTHORITY.issue(common="me").write(tmp_path, "known")
    made = link(for_clients(pair, clients, FILE), client(files=known))
    shown = made.server.get_peer_certificate(as_cryptography=True)
    assert shown is not None and shown.subject.rfc4514_string() == "CN=me"
    with pytest.raises(SSL.Error, match="certificate verify failed"):
        link(for_clients(pair, clients, FILE), client(files=stranger))


def test_an_expired_client_is_refused(
    pair: Pair, clients: TowardsClients, tmp_path: Path
) -> None:
    old = AUTHORITY.issue(common="me", since=-9.0, until=-1.0).write(tmp_path, "old")
    with pytest.raises(SSL.Error, match="certificate verify failed"):
        link(for_clients(pair, clients, FILE), client(files=old))


def test_required_by_nobodys_authority_lets_nobody_in(pair: Pair, files: Files) -> None:
    server = for_clients(pair, TowardsClients("1.2", required=True), FILE)
    for asking in (client(), client(files=files)):
        with pytest.raises(SSL.Error):
            link(server, asking)


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])
def test_a_resumed_session_still_has_its_clients_certificate(
    pair: Pair, clients: TowardsClients, tmp_path: Path, version: int
) -> None:
    known = AUTHORITY.issue(common="me").write(tmp_path, "known")
    server = for_clients(pair, clients, FILE)
    asking = client(files=known, version=version)
    first = link(server, asking)
    session = first.client.get_session()
    first.close()
    again = Link(dialed(asking, session=session), accepted(server)).shake()
    assert resumed(again)
    assert again.server.get_peer_certificate(as_cryptography=True) is not None


# Farms


def reach(server: Pair, terms: TowardsServers) -> Link:
    made = dialed(for_servers(terms, FILE), "a.example")
    return Link(
        made, accepted(for_clients(server, TowardsClients("1.2"), FILE))
    ).shake()


def test_a_server_is_believed_by_its_authority_only(pair: Pair, ca: Path) -> None:
    known = load_certificates(ca)
    assert reach(pair, TowardsServers("1.2", authorities=known))
    for terms in (TowardsServers("1.2"), TowardsServers("1.2", authorities=())):
        with pytest.raises(SSL.Error, match="certificate verify failed"):
            reach(pair, terms)
    assert reach(pair, TowardsServers("1.2", verified=False))


@pytest.mark.parametrize("identity", ["a.example", "192.0.2.1"])
def test_the_right_server_is_believed_again_and_again(
    pair: Pair, ca: Path, identity: str
) -> None:
    made = reach(pair, TowardsServers("1.2", authorities=load_certificates(ca)))
    check = identified(identity)
    assert check(made.client) == check(made.client) == ""


@pytest.mark.parametrize("identity", ["b.example", "x.a.example", "192.0.2.2", "::1"])
def test_a_server_with_another_name_is_not(pair: Pair, ca: Path, identity: str) -> None:
    made = reach(pair, TowardsServers("1.2", authorities=load_certificates(ca)))
    why = f"is not for {identity}, it is for a.example, 192.0.2.1; set tls.identity"
    assert identified(identity)(made.client) == f"the server's certificate {why}"


def test_names_that_cannot_be_read_are_nobodys_and_no_bug(
    tmp_path: Path, ca: Path
) -> None:
    der = AUTHORITY.altered(ISSUED, b"a.example", b"\xe9.example")
    files = ISSUED.write(tmp_path, "odd")
    files.certificate.write_text(ssl.DER_cert_to_PEM_cert(der))
    server = SSL.Context(SSL.TLS_SERVER_METHOD)
    server.use_certificate_file(str(files.certificate))
    server.use_privatekey_file(str(files.key))
    asking = for_servers(TowardsServers("1.2", authorities=load_certificates(ca)), FILE)
    made = link(server, asking)
    why = "the server's certificate has names that cannot be read"
    assert identified("a.example")(made.client) == why


def test_a_common_name_does_not_identify_a_server(tmp_path: Path, ca: Path) -> None:
    issued = AUTHORITY.issue(common="a.example")
    files = issued.write(tmp_path, "plain")
    now = issued.certificate.not_valid_before_utc.timestamp() + 1
    plain = load_pair(files.certificate, files.key, now)
    made = reach(plain, TowardsServers("1.2", authorities=load_certificates(ca)))
    assert "names nobody" in identified("a.example")(made.client)


def test_we_show_our_certificate_and_offer_our_protocols(
    pair: Pair, ca: Path, clients: TowardsClients
) -> None:
    known = load_certificates(ca)
    asking = TowardsServers("1.2", (b"h2",), known, pair)
    wanting = TowardsClients("1.2", (b"h2",), True, known, required=True)
    made = link(for_clients(pair, wanting, FILE), for_servers(asking, FILE))
    assert made.client.get_alpn_proto_negotiated() == b"h2"
    assert made.server.get_peer_certificate(as_cryptography=True) == pair.certificate
