"""
What a connection knows of its TLS, as records tell it.

All of it is made of what the other end has sent, at a moment when nothing may fail:
whatever cannot be read is told as well as it can be, and nothing raises.
"""

from __future__ import annotations

from typing import NamedTuple

from OpenSSL import SSL, crypto

from bridge.net.names import escaped
from bridge.net.subject import UNREADABLE, common_name_of, shown, subject_of


class TlsInfo(NamedTuple):
    """Names as OpenSSL has them; empty where there is none."""

    version: str
    """``TLSv1.3``"""
    cipher: str
    sni: str
    """The server name that the client asked for (RFC 6066, section 3), escaped."""
    alpn: str
    """The protocol agreed on (RFC 7301)."""
    subject: str
    """Of the other end's certificate (RFC 4514)."""


def tls_info(connection: SSL.Connection) -> TlsInfo:
    """Ask *connection*, whose handshake is through.  Never raises."""
    return TlsInfo(
        connection.get_protocol_version_name(),
        connection.get_cipher_name() or "",
        escaped(connection.get_servername() or b""),
        _text(connection.get_alpn_proto_negotiated()),
        _subject(connection),
    )


def certificate_names(connection: SSL.Connection) -> tuple[bool, str]:
    """
    Whether the other end has shown a certificate, and the common name in that as
    ``subject.common_name_of`` tells it.  Never raises.
    """
    certificate = connection.get_peer_certificate()
    if certificate is None:
        return False, ""
    whole = crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)
    return True, common_name_of(whole)


def _text(name: bytes | None) -> str:
    """Bytes from the network: whatever is not ASCII is escaped."""
    return shown((name or b"").decode("ascii", "backslashreplace"))


def _subject(connection: SSL.Connection) -> str:
    """Of the certificate shown.  OpenSSL accepts more than ``cryptography`` reads."""
    try:
        certificate = connection.get_peer_certificate(as_cryptography=True)
        if certificate is None:
            return ""
        return shown(certificate.subject.rfc4514_string())
    except BaseException:  # a panic of its Rust is no Exception
        return _subject_of_bytes(connection)


def _subject_of_bytes(connection: SSL.Connection) -> str:
    try:
        certificate = connection.get_peer_certificate()
        if certificate is None:
            return ""
        return subject_of(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate))
    except BaseException:
        return UNREADABLE
