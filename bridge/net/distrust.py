"""
Why a handshake failed, in words: of a certificate that is not believed, and of what the
other end says as it leaves.

Here: from what OpenSSL knows to one line.  Names in certificates come from the network:
whatever they hold, they neither raise here nor reach a log unescaped.
"""

from __future__ import annotations

import re
from datetime import datetime

from cryptography import x509
from OpenSSL import SSL, crypto

from bridge.net.seal import reason_of, verdict_of
from bridge.net.subject import issuer_of, shown, subject_of

LONGEST = 120
"""Characters of a name that is told."""
_NAMED = 3
"""Names of a certificate that are told, of perhaps hundreds."""

# openssl/x509_vfy.h
_NOT_YET, _EXPIRED = 9, 10
_UNKNOWN = frozenset({2, 19, 20, 21})  # no issuer, a root of its own, no issuer, alone
_SELF_SIGNED = 18
_PURPOSE = 26
_WEAK = {66: "has a key that is too weak", 67: "has a key that is too weak",
         68: "is signed by a hash that is too weak"}  # fmt: skip

# SSL_R_ of openssl/sslerr.h, from 1000 on: what stands there has the other end said.
_ALERT = re.compile(r"(?:sslv3|ssl/tls|tlsv1|tlsv13|tls) alert (.+)|tlsv1 (.+)")


def noted(
    connection: SSL.Connection,
    certificate: crypto.X509,
    code: int,
    depth: int,
    accepted: int,
) -> bool:
    """
    OpenSSL's question whether its verdict on one certificate of a chain shall stand,
    which it always shall; why it is bad is kept for ``explained``.
    """
    if not accepted:
        connection.set_app_data((code, depth, certificate))
    return bool(accepted)


_PLAINLY = {
    "wrong version number": "does not speak TLS",
    "peer did not return a certificate": "shows no certificate",
}
"""What OpenSSL calls by what it was looking at just then."""


def explained(error: SSL.Error, connection: SSL.Connection, accepts: bool) -> str:
    """
    *error* of *connection* in one line.  *accepts*: the other end is the client.

    ``the server's certificate expired on 2026-11-01 at 10:12 UTC``,
    ``the client says: unknown ca``
    """
    reason, whose = reason_of(error), "client" if accepts else "server"
    verdict = connection.get_app_data()
    if verdict is not None and reason == "certificate verify failed":
        return _distrusted(whose, *verdict)
    said = _ALERT.fullmatch(reason)
    if said:
        return f"the {whose} says: {said[1] or said[2]}"
    plainly = _PLAINLY.get(reason)
    return f"the {whose} {plainly}" if plainly else reason


def names_in(certificate: x509.Certificate) -> str:
    """Whom *certificate* is for, by its subjectAltName: the first few."""
    try:
        extensions = certificate.extensions
        value = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = value.get_values_for_type(x509.DNSName)
        names += map(str, value.get_values_for_type(x509.IPAddress))
    except BaseException:  # a panic of its Rust is no Exception
        return "others"
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(_short(name) for name in names[:_NAMED]) + more or "others"


def _distrusted(whose: str, code: int, depth: int, certificate: crypto.X509) -> str:
    subject = f"the {whose}'s certificate"
    der = crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)
    if code in _UNKNOWN:
        return f"{subject} has an unknown issuer: {_short(issuer_of(der))}"
    if depth:
        name = _short(subject_of(der))
        subject = f"the certificate of {name}, which vouches for the {whose}'s,"
    if code == _SELF_SIGNED:
        return f"{subject} is self-signed, and not itself one of those to trust"
    if code in _WEAK:
        return f"{subject} {_WEAK[code]}"
    if code == _PURPOSE:
        return f"{subject} is not meant for {whose}s (extendedKeyUsage)"
    if code == _EXPIRED:
        return f"{subject} expired{_date(' on', certificate.get_notAfter())}"
    if code == _NOT_YET:
        since = _date(", before", certificate.get_notBefore())
        return f"{subject} is not valid yet{since}"
    return f"{subject} is not to be trusted: {verdict_of(code)}"


def _date(word: str, written: bytes | None) -> str:
    """A date of ASN.1 behind *word*; nothing where it is none."""
    try:
        when = datetime.strptime((written or b"").decode("ascii"), "%Y%m%d%H%M%SZ")
    except ValueError:
        return ""
    return f"{word} {when:%Y-%m-%d at %H:%M} UTC"


def _short(name: str) -> str:
    return shown(name)[:LONGEST]
