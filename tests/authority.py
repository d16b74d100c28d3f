"""An authority of our own, whose certificates live as long as a test wants them to."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Key: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_CURVE = ec.SECP256R1()
_START = datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Asked:
    """What a certificate shall be like."""

    names: Sequence[str] = ()
    """Names and addresses for subjectAltName."""
    common: str = "test"
    since: float = -1.0
    """Days from now, as below."""
    until: float = 90.0
    is_authority: bool = False
    is_rsa: bool = False
    usages: Sequence[x509.ObjectIdentifier] = ()
    """What it is for; nothing: for everything."""


@dataclass(frozen=True)
class Files:
    """Where a pair was written."""

    certificate: Path
    key: Path


@dataclass(frozen=True, eq=False)
class Issued:
    """A certificate and its key, before anybody has written them down."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def key_pem(self, passphrase: bytes | None = None) -> bytes:
        locked: serialization.KeySerializationEncryption
        locked = serialization.NoEncryption()
        if passphrase is not None:
            locked = serialization.BestAvailableEncryption(passphrase)
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked
        )

    def write(self, folder: Path, name: str) -> Files:
        """As NAME.pem and NAME.key, each in place of what was there before."""
        files = Files(folder / f"{name}.pem", folder / f"{name}.key")
        put(files.certificate, self.pem)
        put(files.key, self.key_pem())
        return files


class Authority:
    """Signs whatever it is asked for."""

    def __init__(
        self, common: str = "an authority", by: Authority | None = None, **asked: object
    ) -> None:
        """A root, or an authority that another vouches for."""
        self._serial = 0
        wanted = replace(Asked(common=common, is_authority=True), **asked)  # type: ignore[arg-type]
        self._own: Issued = self._issue(wanted, by._own if by is not None else None)
        self.pem = self._own.pem

    def issue(self, *names: str, **asked: object) -> Issued:
        """A certificate for *names*; the rest are fields of Asked."""
        return self._issue(replace(Asked(names), **asked), self._own)  # type: ignore[arg-type]

    def altered(self, issued: Issued, old: bytes, new: bytes) -> bytes:
        """*issued*'s certificate in DER with *new* for *old*, signed again."""
        assert len(old) == len(new)
        assert old in issued.certificate.tbs_certificate_bytes
        signed = issued.certificate.tbs_certificate_bytes.replace(old, new)
        assert isinstance(self._own.key, ec.EllipticCurvePrivateKey)
        signature = self._own.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        algorithm = bytes.fromhex("300a06082a8648ce3d040302")  # ecdsa-with-SHA256
        return _der(0x30, signed + algorithm + _der(3, b"\0" + signature))

    def write(self, folder: Path, name: str = "ca.pem") -> Path:
        put(folder / name, self.pem)
        return folder / name

    def _issue(self, asked: Asked, by: Issued | None) -> Issued:
        key: Key = _rsa_key() if asked.is_rsa else ec.generate_private_key(_CURVE)
        by_key = key
        subject = by_name = _name(asked.common)
        if by is not None:
            by_key, by_name = by.key, by.certificate.subject
        self._serial += 1
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(by_name)
            .public_key(key.public_key())
            .serial_number(self._serial)
            .not_valid_before(_START + timedelta(days=asked.since))
            .not_valid_after(_START + timedelta(days=asked.until))
            .add_extension(x509.BasicConstraints(asked.is_authority, None), True)
            # What RFC 5280 wants, and Python's ssl from 3.13 on.
            .add_extension(_own_key(key), False)
            .add_extension(_authoritys_key(by_key), False)
        )
        if asked.is_authority:
            builder = builder.add_extension(SIGNS, True)
        if asked.names:
            names = [_general(name) for name in asked.names]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        if asked.usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(asked.usages), False)
        return Issued(builder.sign(by_key, hashes.SHA256()), key)


SIGNS = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
"""What an authority's key is for."""


def _own_key(key: Key) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def _authoritys_key(key: Key) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


@cache
def _rsa_key() -> Key:
    """One for all: it takes its time."""
    return rsa.generate_private_key(65537, 2048)


def put(path: Path, data: bytes) -> None:
    """Replace a file the way tools do that renew certificates: in one step."""
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(data)
    beside.replace(path)


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    return bytes([tag, 0x82, size >> 8, size & 255]) + content


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
