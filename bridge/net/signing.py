"""
Which certificates a client can make use of, by the kind of their keys.

Here: from what a ClientHello offers to whether a signature of such a key is one that
the client verifies.  Not here: reading the hello (``wire.client_hello``), and what
OpenSSL signs with in the end: it comes to the same answer by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519

if TYPE_CHECKING:
    from bridge.net.certificates import PrivateKey

_TLS_1_3 = 0x0304
_EDWARDS = (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)


class Offer(NamedTuple):
    """
    What a client can verify, as vectors of its hello: two bytes an item.

    The two that are extensions have a length of two bytes in front, and are None where
    the hello lacks them.
    """

    versions: tuple[int, ...] = ()
    suites: bytes = b""
    groups: bytes | None = None
    signatures: bytes | None = None

    def allows(self, kind: Kind) -> bool:
        """Whether a handshake signed by a key of that *kind* can succeed."""
        signatures = _items(self.signatures)
        if _TLS_1_3 in self.versions:  # which we always speak
            return not kind.strict.isdisjoint(signatures)
        if kind.suites.isdisjoint(_items(self.suites, 0)):
            return False
        if kind.group and self.groups and kind.group not in _items(self.groups):
            return False
        # Without the extension it would be SHA-1, which OpenSSL refuses in any case.
        return not self.signatures or not kind.loose.isdisjoint(signatures)


class Kind(NamedTuple):
    """What a client needs for keys of one kind."""

    name: str
    """Tells kinds apart: ``RSA``, ``secp256r1``, ``ed25519``."""
    strict: frozenset[int]
    """Signature schemes of which TLS 1.3 needs one (RFC 8446, section 4.2.3)."""
    loose: frozenset[int]
    """Of which TLS 1.2 does, where a curve is not bound to a hash (RFC 8422, 5.1.3)."""
    suites: frozenset[int]
    """Of those that we speak below TLS 1.3, the ones for such keys."""
    group: int = 0
    """The curve that TLS 1.2 must have heard of (RFC 8422, section 5.1.1)."""

    @property
    def curved(self) -> bool:
        """On an elliptic curve, which signs in a tenth of the time of RSA."""
        return self is not RSA


_RSAE = frozenset({0x0804, 0x0805, 0x0806})
_ECDSA = frozenset({0x0403, 0x0503, 0x0603})
# ``contexts.CIPHERS`` spelt out: AES-GCM of RFC 5289, ChaCha20 of RFC 7905.
_FOR_ECDSA = frozenset({0xC02B, 0xC02C, 0xCCA9})
_FOR_RSA = frozenset({0xC02F, 0xC030, 0xCCA8})

RSA = Kind("RSA", _RSAE, _RSAE | {0x0401, 0x0501, 0x0601}, _FOR_RSA)
_CURVES = {
    "secp256r1": Kind("secp256r1", frozenset({0x0403}), _ECDSA, _FOR_ECDSA, 23),
    "secp384r1": Kind("secp384r1", frozenset({0x0503}), _ECDSA, _FOR_ECDSA, 24),
    "secp521r1": Kind("secp521r1", frozenset({0x0603}), _ECDSA, _FOR_ECDSA, 25),
}
_ED25519 = Kind("ed25519", frozenset({0x0807}), frozenset({0x0807}), _FOR_ECDSA)
_ED448 = Kind("ed448", frozenset({0x0808}), frozenset({0x0808}), _FOR_ECDSA)


def kind_of(key: PrivateKey) -> Kind:
    """The kind that *key* is of."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        name = key.curve.name
        # Others are of TLS 1.2 only, and hardly anybody's.
        return _CURVES.get(name, Kind(name, frozenset(), _ECDSA, _FOR_ECDSA))
    if isinstance(key, _EDWARDS):
        return _ED25519 if isinstance(key, ed25519.Ed25519PrivateKey) else _ED448
    return RSA


def _items(vector: bytes | None, start: int = 2) -> list[int]:
    """The numbers in *vector*, which begin at *start*."""
    data = vector or b""
    return [data[at] << 8 | data[at + 1] for at in range(start, len(data) - 1, 2)]
