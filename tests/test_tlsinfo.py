"""What records say of a connection's TLS, however odd its other end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from OpenSSL import SSL, crypto

from bridge.net.contexts import identified
from bridge.net.subject import UNREADABLE
from bridge.net.tlsinfo import certificate_names, tls_info
from tests.authority import Authority, put
from tests.handshakes import Link, accepted, client, dialed

OUR = Authority()
ISSUED = OUR.issue("a.test", common="Moller")


def shaken(tmp_path: Path, certificate: bytes, name: str = "") -> Link:
    """A client with *certificate*, and a server that trusts its authority."""
    files = ISSUED.write(tmp_path, "client")
    made = crypto.load_certificate(crypto.FILETYPE_ASN1, certificate)
    put(files.certificate, crypto.dump_certificate(crypto.FILETYPE_PEM, made))
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate(ISSUED.certificate)
    context.use_privatekey(ISSUED.key)
    context.set_session_id(b"test")
    store = context.get_cert_store()
    assert store is not None
    trusted = x509.load_pem_x509_certificate(OUR.pem)
    store.add_cert(crypto.X509.from_cryptography(trusted))
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
    return Link(dialed(client(files=files), name), accepted(context)).shake()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"\x0c\x06Moller", "CN=Moller"),
        (b"\x14\x06M\xf8ller", "CN=Møller"),  # T61String
        (b"\x1e\x06\x00M\x00\xf8\x00l", "CN=Møl"),  # BMPString
        (b"\x0c\x06M\x00ller", "CN=M\\00ller"),
        (b"\x0c\x06M\nller", "CN=M\\0Aller"),
    ],
)
def test_a_clients_subject_in_any_kind_of_string(
    tmp_path: Path, value: bytes, said: str
) -> None:
    odd = OUR.altered(ISSUED, b"\x0c\x06Moller", value)
    assert tls_info(shaken(tmp_path, odd).server).subject == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"\x0c\x06Moller", "Moller"),
        (b"\x14\x06M\xf8ller", "Møller"),
        (b"\x0c\x06M\x00ller", ""),  # whom it names depends on who reads it
    ],
)
def test_a_clients_common_name_is_told_where_it_is_one(
    tmp_path: Path, value: bytes, said: str
) -> None:
    odd = OUR.altered(ISSUED, b"\x0c\x06Moller", value)
    assert certificate_names(shaken(tmp_path, odd).server) == (True, said)


def test_who_has_shown_no_certificate_has_no_names() -> None:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate(ISSUED.certificate)
    context.use_privatekey(ISSUED.key)
    link = Link(dialed(client()), accepted(context)).shake()
    assert certificate_names(link.server) == (False, "")


class Odd:
    """A connection whose certificate cannot be read at all."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        return lambda: b"\xff\n" if name != "get_cipher_name" else "x"

    def get_peer_certificate(self, **as_what: bool) -> Any:
        raise self._error


@pytest.mark.parametrize("error", [ValueError("odd"), BaseException("a panic")])
def test_whatever_reading_it_raises_stays_inside(error: BaseException) -> None:
    odd: Any = Odd(error)
    info = tls_info(odd)
    assert info.subject == UNREADABLE
    assert info.alpn == "\\xff\\0A"


def test_a_server_whose_certificate_cannot_be_read_is_not_who_it_should_be() -> None:
    odd: Any = Odd(ValueError("odd"))
    assert "cannot be read" in identified("a.test")(odd)
