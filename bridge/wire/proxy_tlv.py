"""
The fields after the addresses of a PROXY header of version 2: vectors of type, length
and value, the one about TLS, and the checksum.

Sections 2.2.1 to 2.2.8 of the specification of 2026-04-27.  What the types are called
stands in ``net.tlv``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from bridge.net import tlv
from bridge.net.names import escaped

Tlv: TypeAlias = tuple[int, bytes]
"""A type (``net.tlv``) and its value."""

TLV_HEADER = 3  # type, length: section 2.2
CRC_LENGTH = 4

_SSL_HEADER = 5  # client, verify: section 2.2.6
_ENCRYPTED, _CERT_CONN, _CERT_SESS = 0x01, 0x02, 0x04  # likewise
_UNSPECIFIED = 1  # X509_V_ERR_UNSPECIFIED of OpenSSL, whose numbers these are

_POLYNOMIAL = 0x82F63B78  # Castagnoli's, bits reversed: RFC 9260 appendix A


class ProxyError(ValueError):
    """
    This is no PROXY header.

    The message is one line; what it quotes of the peer's bytes is escaped.
    """


@dataclass(frozen=True, slots=True)
class Ssl:
    """What a sender says of the client's TLS (PP2_TYPE_SSL, section 2.2.6)."""

    flags: int
    """PP2_CLIENT_*: bit 0 TLS, bit 1 a certificate here, bit 2 one in the session."""
    verify: int
    """OpenSSL's X509_V_*.  0 alone says nothing: see ``verified``."""
    tlvs: tuple[Tlv, ...] = ()
    """The sub-TLVs, in their order; types are tlv.SSL_*, and others kept."""

    @classmethod
    def parse(cls, value: bytes) -> Ssl:
        """Read the value of a TLV.  Raises ProxyError."""
        if len(value) < _SSL_HEADER:
            raise ProxyError(f"its SSL has {len(value)} bytes: {_SSL_HEADER} at least")
        found = spans(value, _SSL_HEADER)
        if found is None:
            raise ProxyError("the fields of its SSL do not end where it ends")
        kinds = [kind for kind, _, _ in found]
        if len(set(kinds)) < len(kinds):
            # Of two names in a certificate, one could be checked and the other used.
            raise ProxyError("a field of its SSL stands there twice")
        parts = tuple((kind, value[at:end]) for kind, at, end in found)
        return cls(value[0], int.from_bytes(value[1:_SSL_HEADER], "big"), parts)

    @classmethod
    def of(
        cls, names: Mapping[int, str], verify: int | None = None, resumed: bool = False
    ) -> Ssl:
        """
        That a client speaks TLS with us.

        *names* are texts by sub-type, as ``{tlv.SSL_VERSION: "TLSv1.3"}``; empty ones
        are left out.  *verify* is what verifying its certificate gave (0: it is good),
        None if it has shown none.  *resumed*: it has shown it in an earlier connection
        of this session.
        """
        parts = ((kind, name.encode()) for kind, name in names.items() if name)
        flags = _ENCRYPTED
        if verify is not None:
            flags |= _CERT_SESS if resumed else _CERT_SESS | _CERT_CONN
        return cls(flags, _UNSPECIFIED if verify is None else verify, tuple(parts))

    def as_tlv(self) -> Tlv:
        """As a field of a header.  Raises ValueError when it is too long for one."""
        fixed = bytes((self.flags,)) + self.verify.to_bytes(4, "big")
        return tlv.SSL, fixed + encoded(self.tlvs)

    def get(self, kind: int) -> bytes | None:
        """The value of the sub-type *kind*, one of tlv.SSL_*."""
        return first(self.tlvs, kind)

    @property
    def encrypted(self) -> bool:
        """Whether the client speaks TLS at all."""
        return bool(self.flags & _ENCRYPTED)

    @property
    def verified(self) -> bool:
        """
        Whether the client has shown a certificate that the sender found good.

        ``verify`` is 0 as well where there was none, from HAProxy for one.
        """
        return bool(self.flags & (_CERT_CONN | _CERT_SESS)) and self.verify == 0

    @property
    def version(self) -> str:
        """``TLSv1.3``; empty where it is not said.  Escaped, as the next two are."""
        return escaped(self.get(tlv.SSL_VERSION) or b"")

    @property
    def cipher(self) -> str:
        """OpenSSL's name."""
        return escaped(self.get(tlv.SSL_CIPHER) or b"")

    @property
    def common_name(self) -> str:
        """Of the client's certificate, whether it is ``verified`` or not."""
        return escaped(self.get(tlv.SSL_CN) or b"")


def first(tlvs: Iterable[Tlv], kind: int) -> bytes | None:
    """The first value of that *kind*."""
    return next((value for there, value in tlvs if there == kind), None)


def outgoing(
    came: Iterable[Tlv], passed: Iterable[int], added: Iterable[Tlv] = ()
) -> tuple[Tlv, ...]:
    """
    What goes out: of what *came*, the types *passed*, in the order of those; then what
    we have *added*.

    What came is nearer to the client: of a type in SINGLE that was passed, ours is left
    out.  An empty one of these says nothing (HAProxy sends an empty UNIQUE_ID) and is
    not passed.
    """
    said = [(kind, value) for kind, value in came if value or kind not in tlv.SINGLE]
    kept = [one for kind in dict.fromkeys(passed) for one in said if one[0] == kind]
    there = {kind for kind, _ in kept} & tlv.SINGLE
    return (*kept, *(one for one in added if one[0] not in there))


def spans(data: bytes, at: int) -> list[tuple[int, int, int]] | None:
    """
    Type, start and end of each value in *data* from *at* to its end.

    None when they do not end exactly there.
    """
    found, end = [], len(data)
    while at < end:
        start = at + TLV_HEADER
        if start > end:
            return None
        kind = data[at]
        at = start + (data[at + 1] << 8 | data[at + 2])
        if at > end:
            return None
        found.append((kind, start, at))
    return found


def encoded(tlvs: Iterable[Tlv]) -> bytes:
    """As bytes.  Raises ValueError for what fits into none."""
    return b"".join(_parts(tlvs))


def _parts(tlvs: Iterable[Tlv]) -> Iterator[bytes]:
    for kind, value in tlvs:
        if len(value) > 0xFFFF:
            raise ValueError(f"a TLV of {len(value)} bytes: it may have 65535")
        yield bytes((kind, len(value) >> 8, len(value) & 0xFF)) + value


def crc32c(data: bytes) -> int:
    """
    The checksum of SCTP: RFC 9260, appendix A (once RFC 4960, appendix B).

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    crc, table = 0xFFFFFFFF, _TABLE
    for byte in data:  # 0.1 us each, of which a header has a hundred
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def _entry(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = tuple(map(_entry, range(256)))
