"""Why a certificate is not believed, and what the other end says of ours."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from OpenSSL import SSL

from bridge.net.certificates import load_certificates, load_pair
from bridge.net.contexts import TowardsClients, TowardsServers, for_clients, for_servers
from bridge.net.distrust import explained, names_in
from tests.authority import Authority, Files, Issued
from tests.handshakes import Link, accepted, client, dialed

ROOT = Authority("a root")
STRANGER = Authority("a \x1b[31mstranger\n" + "x" * 40)
OLD = Authority("an old one", ROOT, since=-30.0, until=-2.0)
GOOD = ROOT.issue("a.example")
DAY = 86400.0
NOW = GOOD.certificate.not_valid_before_utc.timestamp() + 1
FILE = Path("a.pem")
VERSIONS = pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH

BAD = [
    (
        ROOT.issue("a.example", until=-0.5),
        lambda c: f"the {{}}'s certificate expired on {c.not_valid_after_utc:%Y-%m-%d}",
    ),
    (
        ROOT.issue("a.example", since=2.0),
        lambda c: (
            "the {}'s certificate is not valid yet, "
            f"before {c.not_valid_before_utc:%Y-%m-%d}"
        ),
    ),
    (
        STRANGER.issue("a.example"),
        lambda c: r"the {}'s certificate has an unknown issuer: CN=a \1B[31mstranger",
    ),
    (
        OLD.issue("a.example"),
        lambda c: (
            "the certificate of CN=an old one, which vouches for the {}'s, expired on "
        ),
    ),
]


def alone() -> Issued:
    """A certificate that nobody else has signed."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "alone")])
    own = GOOD.certificate
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7)
    builder = builder.not_valid_before(own.not_valid_before_utc)
    builder = builder.not_valid_after(own.not_valid_after_utc)
    return Issued(builder.sign(key, hashes.SHA256()), key)


ALONE = alone()


def written(issued: Issued, folder: Path, *chain: bytes) -> Files:
    files = issued.write(folder, "a")
    files.certificate.write_bytes(b"".join((issued.pem, *chain)))
    return files


def of_server(issued: Issued, folder: Path, *chain: bytes, **terms: object) -> str:
    """Why we do not believe a server that shows *issued*; empty if we do."""
    files = written(issued, folder, *chain)
    server = SSL.Context(SSL.TLS_SERVER_METHOD)
    server.use_certificate_chain_file(str(files.certificate))
    server.use_privatekey_file(str(files.key))
    trusted = load_certificates(ROOT.write(folder))
    asking = TowardsServers("1.2", authorities=terms.get("trusted", trusted))  # type: ignore[arg-type]
    made = dialed(for_servers(asking, FILE))
    return why(Link(made, accepted(server)), made, accepts=False)


def of_client(issued: Issued, folder: Path, *chain: bytes, version: int = 0) -> str:
    """Why we do not believe a client that shows *issued*; empty if we do."""
    files = written(issued, folder, *chain)
    asking = client(version=version)
    asking.use_certificate_chain_file(str(files.certificate))
    asking.use_privatekey_file(str(files.key))
    own = GOOD.write(folder, "own")
    pair = load_pair(own.certificate, own.key, NOW)
    terms = TowardsClients(
        "1.2", authorities=load_certificates(ROOT.write(folder)), required=True
    )
    made = accepted(for_clients(pair, terms, FILE))
    return why(Link(dialed(asking), made), made, accepts=True)


def why(link: Link, ours: SSL.Connection, accepts: bool) -> str:
    try:
        link.shake()
    except SSL.Error as error:
        return explained(error, ours, accepts)
    return ""


@pytest.mark.parametrize(("issued", "what"), BAD)
def test_a_certificate_that_is_not_believed_says_why(
    issued: Issued, what: object, tmp_path: Path
) -> None:
    expected = what(issued.certificate)  # type: ignore[operator]
    chain = (OLD.pem,)
    told = of_server(issued, tmp_path, *chain)
    assert told.startswith(expected.format("server"))
    assert told.isprintable() and len(told) < 250
    for version in (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION):
        told = of_client(issued, tmp_path, *chain, version=version)
        assert told.startswith(expected.format("client"))


def test_one_that_nobody_has_signed_is_told_from_one_of_a_stranger(
    tmp_path: Path,
) -> None:
    self_signed = "is self-signed, and not itself one of those to trust"
    assert of_server(ALONE, tmp_path) == f"the server's certificate {self_signed}"
    assert of_client(ALONE, tmp_path) == f"the client's certificate {self_signed}"


def test_a_root_that_comes_along_is_believed_no_more_than_one_that_does_not(
    tmp_path: Path,
) -> None:
    told = of_server(STRANGER.issue("a.example"), tmp_path, STRANGER.pem)
    assert "unknown issuer: CN=a " in told


def test_a_certificate_for_the_other_purpose_says_so(tmp_path: Path) -> None:
    for_clients = ROOT.issue("a.example", usages=(CLIENT,))
    what = "is not meant for servers (extendedKeyUsage)"
    assert of_server(for_clients, tmp_path) == f"the server's certificate {what}"
    for_servers = ROOT.issue("a.example", usages=(SERVER,))
    what = "is not meant for clients (extendedKeyUsage)"
    assert of_client(for_servers, tmp_path) == f"the client's certificate {what}"
    assert of_client(for_clients, tmp_path) == ""


def test_what_is_not_in_the_list_is_told_in_openssls_words(tmp_path: Path) -> None:
    """An end's certificate that vouches for another."""
    false = Authority("false", ROOT, is_authority=False)
    told = of_server(false.issue("a.example"), tmp_path, false.pem)
    assert told == (
        "the certificate of CN=false, which vouches for the server's, "
        "is not to be trusted: invalid CA certificate"
    )


@VERSIONS
def test_what_a_client_says_of_us_is_the_reason(version: int, tmp_path: Path) -> None:
    for issued, said in (
        (STRANGER.issue("a.example"), "unknown ca"),
        (ROOT.issue("a.example", until=-0.5), "certificate expired"),
    ):
        files = written(issued, tmp_path)
        server = SSL.Context(SSL.TLS_SERVER_METHOD)
        server.use_certificate_file(str(files.certificate))
        server.use_privatekey_file(str(files.key))
        made = accepted(server)
        link = Link(dialed(client(ROOT.write(tmp_path), version=version)), made)
        with pytest.raises(SSL.Error, match="certificate verify failed"):
            link.shake()
        link.carry()
        with pytest.raises(SSL.Error) as caught:
            made.do_handshake()
        assert explained(caught.value, made, True) == f"the client says: {said}"


@pytest.mark.parametrize(
    ("openssl", "told"),
    [
        ("tlsv1 unrecognized name", "the server says: unrecognized name"),
        ("tls alert handshake failure", "the server says: handshake failure"),
        ("tlsv13 alert certificate required", "the server says: certificate required"),
        ("sslv3 alert bad certificate", "the server says: bad certificate"),
        ("ssl/tls alert bad certificate", "the server says: bad certificate"),
        ("no shared cipher", "no shared cipher"),
        ("no certificate for {x}", "no certificate for {x}"),
        ("wrong version number", "the server does not speak TLS"),
        ("tls illegal exporter label", "tls illegal exporter label"),
    ],
)
def test_only_what_the_other_end_has_said_is_put_into_its_mouth(
    openssl: str, told: str
) -> None:
    connection = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
    error = SSL.Error([("SSL routines", "", openssl)])
    assert explained(error, connection, False) == told


class Latin(Issued):
    """With a name in Latin-1: ``cryptography`` refuses it, OpenSSL does not."""

    @property
    def pem(self) -> bytes:
        whose = Authority("Moller").altered(
            self, b"\x0c\x06Moller", b"\x14\x06M\xf8ller"
        )
        return ssl.DER_cert_to_PEM_cert(whose).encode()


def test_a_name_that_others_cannot_read_is_told_all_the_same(tmp_path: Path) -> None:
    issued = Authority("Moller").issue("a.example")
    odd = Latin(issued.certificate, issued.key)
    unknown = "certificate has an unknown issuer: CN=M\u00f8ller"
    assert of_server(odd, tmp_path) == f"the server's {unknown}"
    assert of_client(odd, tmp_path) == f"the client's {unknown}"


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("a.example",), "a.example"),
        (("a.example", "192.0.2.1"), "a.example, 192.0.2.1"),
        (tuple(f"{n}.example" for n in range(9)),
         "0.example, 1.example, 2.example and 6 more"),
        (("\x1b[31m.example",), r"\1B[31m.example"),
        (("x" * 500,), "x" * 120),
        ((), "others"),
    ],
)  # fmt: skip
def test_a_certificate_is_for_the_first_of_its_names(
    names: tuple[str, ...], told: str
) -> None:
    assert names_in(ROOT.issue(*names).certificate) == told


# Trust in less than a root

INTER = Authority("an intermediate", ROOT)


def test_an_intermediate_alone_is_enough(tmp_path: Path) -> None:
    trusted = load_certificates(INTER.write(tmp_path, "inter.pem"))
    assert of_server(INTER.issue("a.example"), tmp_path, trusted=trusted) == ""
    other = of_server(ROOT.issue("a.example"), tmp_path, trusted=trusted)
    assert "unknown issuer: CN=a root" in other


def test_a_certificate_may_be_trusted_itself_and_nobody_beside_it(
    tmp_path: Path,
) -> None:
    for issued in (ROOT.issue("a.example"), ALONE):
        path = tmp_path / "pinned.pem"
        path.write_bytes(issued.pem)
        trusted = load_certificates(path)
        assert of_server(issued, tmp_path, trusted=trusted) == ""
        assert of_server(ROOT.issue("a.example"), tmp_path, trusted=trusted) != ""
    old = ROOT.issue("a.example", until=-0.5)
    path.write_bytes(old.pem)
    trusted = load_certificates(path)
    assert "expired on" in of_server(old, tmp_path, trusted=trusted)
