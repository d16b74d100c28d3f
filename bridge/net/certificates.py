"""
Certificates and keys, from PEM files to values that have been checked.

Here: what a file must hold, and what is said when it does not.  Not here: TLS contexts
(``contexts``), and reading files again when they change (``renewal``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from bridge.net.names import pattern
from bridge.net.whole_file import read_whole

MAX_FILE = 4 << 20
"""Bytes of one file; the authorities of a whole system are a quarter of a MiB."""

PrivateKey: TypeAlias = (
    ec.EllipticCurvePrivateKey
    | rsa.RSAPrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
)


class CertificateError(ValueError):
    """*file* cannot be used.  The message is one line and says why."""

    def __init__(self, file: Path, message: str) -> None:
        super().__init__(message)
        self.file = file


@dataclass(frozen=True, eq=False)
class Pair:
    """A certificate with its key: they match, and it is valid at this time."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    """What leads from it to an authority, without the latter."""
    key: PrivateKey
    names: tuple[str, ...]
    """The hosts it is for, as canonical patterns."""
    addresses: tuple[str, ...]
    """The IP addresses it is for, which nobody can ask for by SNI."""
    not_after: float
    """When it expires, in seconds since the epoch."""


def load_pair(certificate: Path, key: Path, now: float) -> Pair:
    """
    Read a certificate, the ones behind it and its key; *key* may be the same file.

    *now*: seconds since the epoch.  Raises CertificateError.
    """
    chain = _certificates(certificate)
    private = load_key(key)
    _check_match(certificate, key, chain, private)
    own = chain[0]
    _check_time(certificate, own, now)
    named = _named(certificate, own)
    names, addresses = ((), ()) if named is None else (_hosts(named), _addresses(named))
    expiry = own.not_valid_after_utc.timestamp()
    return Pair(own, tuple(chain[1:]), private, names, addresses, expiry)


def load_certificates(file: Path) -> tuple[x509.Certificate, ...]:
    """All certificates in *file*, such as those to trust.  Raises CertificateError."""
    return tuple(_certificates(file))


def _read(file: Path) -> bytes:
    try:
        data = read_whole(file, MAX_FILE)
    except OSError as error:
        _refuse(file, f"cannot be read: {error.strerror}")
    if len(data) > MAX_FILE:
        _refuse(file, f"is longer than {MAX_FILE} bytes")
    return data


def _certificates(file: Path) -> Sequence[x509.Certificate]:
    data = _read(file)
    if b"-----BEGIN CERTIFICATE-----" not in data:
        _refuse(file, "has no certificate in PEM form: -----BEGIN CERTIFICATE-----")
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError as error:
        _refuse(file, f"has a certificate that cannot be read: {_line(error)}")


def load_key(file: Path) -> PrivateKey:
    """The private key in *file*.  Raises CertificateError."""
    data = _read(file)
    if b"PRIVATE KEY-----" not in data:
        _refuse(file, "has no private key in PEM form: -----BEGIN PRIVATE KEY-----")
    try:
        key = serialization.load_pem_private_key(data, None)
    except TypeError:
        # Who could start the gateway without typing could read the passphrase as well.
        right = "take it off with openssl pkey -in OLD -out NEW, and guard the file"
        _refuse(file, f"the key has a passphrase: {right}")
    except (ValueError, UnsupportedAlgorithm) as error:
        _refuse(file, f"has a key that cannot be read: {_line(error)}")
    if not isinstance(key, PrivateKey):
        _refuse(file, "has a key of a kind that TLS cannot sign with")
    return key


def _check_match(
    file: Path, key_file: Path, chain: Sequence[x509.Certificate], key: PrivateKey
) -> None:
    public = key.public_key()
    if chain[0].public_key() == public:
        return
    if any(other.public_key() == public for other in chain[1:]):
        _refuse(file, "its order is wrong: the certificate of the key comes first")
    _refuse(key_file, f"is not the key of {file.name}: the two do not match")


def _check_time(file: Path, certificate: x509.Certificate, now: float) -> None:
    until, since = certificate.not_valid_after_utc, certificate.not_valid_before_utc
    if until.timestamp() <= now:
        _refuse(file, f"the certificate expired on {until:%Y-%m-%d at %H:%M} UTC")
    if since.timestamp() > now:
        clock = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M} UTC"
        what = f"is not valid before {since:%Y-%m-%d at %H:%M} UTC"
        _refuse(file, f"the certificate {what}; this host's clock says {clock}")


def _named(
    file: Path, certificate: x509.Certificate
) -> x509.SubjectAlternativeName | None:
    """subjectAltName; the subject's common name is no name (RFC 9525, 1.4.2)."""
    try:
        return certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        ).value
    except x509.ExtensionNotFound:
        return None
    except ValueError as error:
        _refuse(file, f"has a certificate that cannot be read: {_line(error)}")


def _hosts(named: x509.SubjectAlternativeName) -> tuple[str, ...]:
    """A name that no client can ask for is passed over, as clients do."""
    found = []
    for name in named.get_values_for_type(x509.DNSName):
        try:
            found.append(pattern(name))
        except ValueError:
            continue
    return tuple(found)


def _addresses(named: x509.SubjectAlternativeName) -> tuple[str, ...]:
    return tuple(map(str, named.get_values_for_type(x509.IPAddress)))


def _line(error: Exception) -> str:
    """A library's message, without the lines of advice that some append."""
    return (str(error).splitlines() or ["unknown"])[0][:120]


def _refuse(file: Path, message: str) -> NoReturn:
    raise CertificateError(file, message)
