"""
Why a handshake failed, in words: of a certificate that is not believed, and of what the
other end says as it leaves.

Here: from what OpenSSL knows to one line.  Names in certificates come from the network:
whatever they hold, they neither raise here nor reach a log unescaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from cryptography import x509
from OpenSSL import SSL, crypto

from bridge.net.seal import reason_of, verdict_of

LONGEST = 120
"""Characters of a name that is told."""
_UNREADABLE = "a name that cannot be read"
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
_ALERT = re.compile(r"(?:sslv3|tlsv1|tlsv13|tls) alert (.+)|tlsv1 (.+)")


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
    return f"the {whose} says: {said[1] or said[2]}" if said else reason


def names_in(certificate: x509.Certificate) -> str:
    """Whom *certificate* is for, by its subjectAltName: the first few."""

    def listed() -> str:
        extensions = certificate.extensions
        value = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = value.get_values_for_type(x509.DNSName)
        names += map(str, value.get_values_for_type(x509.IPAddress))
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return ", ".join(map(_plain, names[:_NAMED])) + more

    return _readable(listed) or "others"


class _Facts(NamedTuple):
    """Of a certificate, as they can be told; empty where it is unreadable."""

    subject: str
    issuer: str
    since: str
    until: str


def _distrusted(whose: str, code: int, depth: int, certificate: crypto.X509) -> str:
    facts = _facts(certificate)
    subject = f"the {whose}'s certificate"
    if code in _UNKNOWN:
        return f"{subject} has an unknown issuer: {facts.issuer or _UNREADABLE}"
    if depth:
        name = facts.subject or _UNREADABLE
        subject = f"the certificate of {name}, which vouches for the {whose}'s,"
    if code == _SELF_SIGNED:
        return f"{subject} is self-signed, and not itself one of those to trust"
    if code in _WEAK:
        return f"{subject} {_WEAK[code]}"
    if code == _PURPOSE:
        return f"{subject} is not meant for {whose}s (extendedKeyUsage)"
    if code == _EXPIRED:
        return f"{subject} expired{facts.until and f' on {facts.until}'}"
    if code == _NOT_YET:
        return f"{subject} is not valid yet{facts.since and f', before {facts.since}'}"
    return f"{subject} is not to be trusted: {verdict_of(code)}"


def _facts(certificate: crypto.X509) -> _Facts:
    try:
        parsed = certificate.to_cryptography()
    except Exception:  # OpenSSL reads more than cryptography does
        return _Facts("", "", "", "")
    return _Facts(
        _readable(lambda: _plain(parsed.subject.rfc4514_string())),
        _readable(lambda: _plain(parsed.issuer.rfc4514_string())),
        _readable(lambda: f"{parsed.not_valid_before_utc:%Y-%m-%d at %H:%M} UTC"),
        _readable(lambda: f"{parsed.not_valid_after_utc:%Y-%m-%d at %H:%M} UTC"),
    )


def _readable(ask: Callable[[], str]) -> str:
    """What *ask* gives; nothing where what it reads is broken, in whatever way."""
    try:
        return ask()
    except Exception:  # ValueError, ExtensionNotFound, UnicodeError: the peer's choice
        return ""


def _plain(text: str) -> str:
    """Printable ASCII, and not long."""
    known = text[:LONGEST].encode("ascii", "backslashreplace").decode("ascii")
    plain = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in known)
    return plain[:LONGEST]
