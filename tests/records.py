"""
TLS records made by hand, for what no well-behaved library sends.

A client of Python's ``ssl`` shakes hands; from then on its secret is known here (by the
key log) and its records are ours: key updates without end, empty ones, odd ones.
"""

from __future__ import annotations

import hmac
import struct
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

ALERT, HANDSHAKE, DATA = 21, 22, 23
KEY_UPDATE = b"\x18\x00\x00\x01"
"""A message of one byte: whether an answer is asked for (RFC 8446, section 4.6.3)."""


def client_secret(keylog: Path) -> bytes:
    """The last one in a file of SSLKEYLOGFILE's format."""
    lines = keylog.read_text().splitlines()
    secrets = [line for line in lines if line.startswith("CLIENT_TRAFFIC_SECRET_0")]
    return bytes.fromhex(secrets[-1].split()[2])


def master_secret(keylog: Path) -> bytes:
    """Likewise, of TLS 1.2."""
    lines = keylog.read_text().splitlines()
    secrets = [line for line in lines if line.startswith("CLIENT_RANDOM")]
    return bytes.fromhex(secrets[-1].split()[2])


class Records:
    """What a client with *secret* sends, TLS_AES_128_GCM_SHA256 being agreed on."""

    def __init__(self, secret: bytes) -> None:
        self._use(secret)

    def data(self, content: bytes) -> bytes:
        return self.record(DATA, content)

    def key_update(self, *, asking: bool = True) -> bytes:
        made = self.record(HANDSHAKE, KEY_UPDATE + bytes([asking]))
        self._use(_expand(self._secret, b"traffic upd", 32))
        return made

    def record(self, kind: int, content: bytes) -> bytes:
        """RFC 8446, sections 5.2 and 5.3."""
        inner = content + bytes([kind])
        header = struct.pack("!BHH", DATA, 0x0303, len(inner) + 16)
        nonce = int.from_bytes(self._iv, "big") ^ self._number
        self._number += 1
        return header + self._key.encrypt(nonce.to_bytes(12, "big"), inner, header)

    def _use(self, secret: bytes) -> None:
        self._secret = secret
        self._key = AESGCM(_expand(secret, b"key", 16))
        self._iv = _expand(secret, b"iv", 12)
        self._number = 0


class OldRecords:
    """The same with TLS 1.2 and ECDHE-ECDSA-AES128-GCM-SHA256; *randoms*: server's
    first."""

    def __init__(self, master: bytes, randoms: bytes) -> None:
        block = _prf(master, b"key expansion" + randoms, 40)
        self._key, self._salt = AESGCM(block[:16]), block[32:36]
        self._number = 1  # Finished was the first

    def hello(self) -> bytes:
        """A ClientHello, as if to negotiate again (RFC 5246, section 7.4.1.2)."""
        body = b"\x03\x03" + bytes(32) + b"\0" + b"\0\2\xc0\x2b" + b"\1\0"
        return self.record(HANDSHAKE, b"\1" + len(body).to_bytes(3, "big") + body)

    def record(self, kind: int, content: bytes) -> bytes:
        """RFC 5246, section 6.2.3.3, and RFC 5288."""
        number = self._number.to_bytes(8, "big")
        self._number += 1
        header = struct.pack("!BH", kind, 0x0303)
        added = number + header + len(content).to_bytes(2, "big")
        sealed = self._key.encrypt(self._salt + number, content, added)
        return header + (len(sealed) + 8).to_bytes(2, "big") + number + sealed


def _prf(secret: bytes, seed: bytes, length: int) -> bytes:
    """RFC 5246, section 5."""
    made, last = b"", seed
    while len(made) < length:
        last = hmac.digest(secret, last, "sha256")
        made += hmac.digest(secret, last + seed, "sha256")
    return made[:length]


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label without a context (section 7.1)."""
    label = b"tls13 " + label
    info = struct.pack("!HB", length, len(label)) + label + b"\0"
    return HKDFExpand(hashes.SHA256(), length, info).derive(secret)
