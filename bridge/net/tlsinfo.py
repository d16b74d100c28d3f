"""
What a connection knows of its TLS, as records tell it.
"""

from __future__ import annotations

from typing import NamedTuple

from OpenSSL import SSL

from bridge.net.names import escaped


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
    """Ask *connection*, whose handshake is through."""
    certificate = connection.get_peer_certificate(as_cryptography=True)
    return TlsInfo(
        connection.get_protocol_version_name(),
        connection.get_cipher_name() or "",
        escaped(connection.get_servername() or b""),
        _text(connection.get_alpn_proto_negotiated()),
        certificate.subject.rfc4514_string() if certificate is not None else "",
    )


def _text(name: bytes | None) -> str:
    """Bytes from the network: whatever is not ASCII is escaped."""
    return (name or b"").decode("ascii", "backslashreplace")
