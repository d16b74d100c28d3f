"""
The PROXY header of version 2, in binary: section 2.2 of the specification of
2026-04-27.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from struct import Struct

from bridge.net import tlv
from bridge.net.address import Address
from bridge.net.hosts import dotted, host6, packed
from bridge.wire.proxy_tlv import (
    CRC_LENGTH,
    ProxyError,
    Ssl,
    Tlv,
    crc32c,
    encoded,
    spans,
)
from bridge.wire.proxy_value import MAX_UNIX_NAME, Endpoint, ProxyHeader, UnixName

SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")
FIXED = 16
"""Bytes before the addresses: signature, version and command, family, length."""
MAX_HEADER = 8192
"""
Bytes of a header that we read, though its length could say 65,551.  Today's have 50 to
300.  The one thing of size is a client's certificate (PP2_SUBTYPE_SSL_CLIENT_CERT): 1
to 2 KiB, and 5.5 KiB when key and signature are ML-DSA-65.  nginx reads 4 KiB, HAProxy
no field of more than 1 KiB.  Verifying the checksum of so much takes us 1 ms.
"""

_VERSION, _FAMILY, _LENGTH = 12, 13, 14  # where they stand
_LOCAL, _PROXY = 0x20, 0x21
_UNSPEC, _INET, _INET6, _UNIX = 0, 1, 2, 3
_STREAM, _DGRAM = 1, 2
_ADDRESSES = {_UNSPEC: 0, _INET: 12, _INET6: 36, _UNIX: 2 * MAX_UNIX_NAME}
"""Bytes of both ends, by family."""
_MAPPED = bytes(10) + b"\xff\xff"  # RFC 4291 section 2.5.5.2
_ENDS4, _ENDS6 = Struct(">4B4BHH"), Struct(">16s16sHH")
_CLIENT4, _CLIENT6 = Struct(">I4xH"), Struct(">16s16xH")
_ENDS_UNIX = Struct(f"{MAX_UNIX_NAME}s{MAX_UNIX_NAME}s")

_Spans = list[tuple[int, int, int]]
_Ends = tuple[Endpoint, Endpoint] | tuple[None, None]


def usual(data: bytes) -> int:
    """
    How long the header is that *data* begins with, if it says two addresses and no more
    and stands there just as ``write`` makes it; 0 if not, or if it is not all there.
    """
    length = _USUAL.get(data[:FIXED], 0)
    # What begins with zeros may be IPv4 within IPv6, which is told as IPv4.
    return length if length <= len(data) and data[_PREFIX] != _ZEROS else 0


def client_of(data: bytes) -> tuple[str, int]:
    """Host and port of the client in such a header, and nothing else is in *data*."""
    if len(data) == _LENGTH6:
        raw, port = _CLIENT6.unpack_from(data, FIXED)
        return host6(raw), port
    number, port = _CLIENT4.unpack_from(data, FIXED)
    return dotted(number), port


def read(data: bytes | bytearray) -> ProxyHeader | None:
    """
    Read *data*, which begins as SIGNATURE does, as far as it goes.

    Looks at nothing after the header's own length.  None: more is needed.  Raises
    ProxyError, as early as it can be known.
    """
    alone = _ALONE.get(bytes(data[:FIXED]))
    if alone is not None:  # most are such
        length, ends = alone
        return _of(ends(data), length) if len(data) >= length else None
    _check_start(data)
    if len(data) < FIXED:
        return None
    length = _length(data)
    if len(data) < length:
        return None
    whole = bytes(data[:length])
    return _local(whole) if whole[_VERSION] == _LOCAL else _proxied(whole)


def wants(data: bytes | bytearray) -> int:
    """How many bytes after *data*, the start of a header, certainly belong to it."""
    return (FIXED if len(data) < FIXED else _length(data)) - len(data)


def as_written(header: ProxyHeader) -> bool:
    """
    Whether *header*, which was read, is of an address and has no fields, had nothing
    else either (padding, a checksum) and was of the family that ``write`` makes it.
    """
    source, destination = header.source, header.destination
    if not isinstance(source, Address) or not isinstance(destination, Address):
        return False
    if ":" in source.host or ":" in destination.host:
        return header.length == FIXED + _ADDRESSES[_INET6]
    return header.length == FIXED + _ADDRESSES[_INET]


def write(header: ProxyHeader, checksum: bool = False) -> bytes:
    """
    *header* in binary.  *checksum* adds a CRC32C over all of it, as its last field.

    Addresses are of one family: an IPv4 address beside one of IPv6 goes mapped into it.
    Without addresses it is of AF_UNSPEC.  LOCAL says no addresses and no TLVs.  Raises
    ValueError for what no header holds.
    """
    family, addresses = (_UNSPEC << 4, b"") if header.local else _addressed(header)
    fields = b"" if header.local else encoded(_sendable(header.tlvs))
    length = len(addresses) + len(fields) + (7 if checksum else 0)
    if length > 0xFFFF:
        raise ValueError(f"a header of {FIXED + length} bytes: it may have 65551")
    command = _LOCAL if header.local else _PROXY
    fixed = bytes((command, family)) + length.to_bytes(2, "big")
    whole = SIGNATURE + fixed + addresses + fields
    if not checksum:
        return whole
    whole += bytes((tlv.CRC32C, 0, CRC_LENGTH))
    # Made over the header with zeros in its place: section 2.2.3.
    return whole + crc32c(whole + bytes(CRC_LENGTH)).to_bytes(CRC_LENGTH, "big")


# Reading


def _length(data: bytes | bytearray) -> int:
    return FIXED + int.from_bytes(data[_LENGTH:FIXED], "big")


def _check_start(data: bytes | bytearray) -> None:
    """As much of the fixed part as *data* has of it."""
    if len(data) <= _VERSION:
        return
    command = data[_VERSION]
    if command not in (_LOCAL, _PROXY):
        raise ProxyError(f"its version and command, 0x{command:02x}, are unknown")
    if len(data) <= _FAMILY:
        return
    if command == _PROXY:  # LOCAL's is ignored
        _check_family(data[_FAMILY])
    if len(data) < FIXED:
        return
    length = _length(data)
    if length > MAX_HEADER:
        raise ProxyError(f"a header of {length} bytes is longer than {MAX_HEADER}")
    if command == _PROXY and _is_stream(data[_FAMILY]):
        least = _ADDRESSES[data[_FAMILY] >> 4]
        if length < FIXED + least:
            raise ProxyError(f"its length, {length - FIXED}, is below its addresses'")


def _check_family(byte: int) -> None:
    family, transport = byte >> 4, byte & 0x0F
    if family not in _ADDRESSES or transport > _DGRAM:
        raise ProxyError(f"its family and transport, 0x{byte:02x}, are unknown")
    if transport == _DGRAM:
        # It could be taken as UNSPEC.  But then a sender of datagrams, wrong here,
        # would have all its clients taken for itself.
        raise ProxyError("it is of datagrams, and this is a stream")


def _is_stream(byte: int) -> bool:
    """Whether addresses are there that we know how to read."""
    return byte >> 4 != _UNSPEC and byte & 0x0F == _STREAM


def _local(whole: bytes) -> ProxyHeader:
    # Its family is to be ignored; but a checksum is to be verified, and may stand
    # behind addresses, or behind none though there is a family.
    addresses = _ADDRESSES.get(whole[_FAMILY] >> 4, 0)
    if FIXED + addresses > len(whole):
        addresses = 0
    _known(whole, addresses, strict=False)
    return ProxyHeader(local=True, version=2, length=len(whole))


def _proxied(whole: bytes) -> ProxyHeader:
    byte = whole[_FAMILY]
    stream = _is_stream(byte)
    found = _known(whole, _ADDRESSES[byte >> 4], strict=stream)
    tlvs = _kept(whole, found)
    ends = _ENDS[byte >> 4](whole) if stream else (None, None)
    return _of(ends, len(whole), tlvs)


def _of(ends: _Ends, length: int, tlvs: tuple[Tlv, ...] = ()) -> ProxyHeader:
    source, destination = ends
    return ProxyHeader(source, destination, tlvs, False, 2, length)


def _known(whole: bytes, addresses: int, strict: bool) -> _Spans:
    """
    Where its TLVs are, its checksum verified.

    Of a block that need not be understood (LOCAL's, UNSPEC's) none, unless it happens
    to be what it should be: it is to be accepted whatever it is.
    """
    found = spans(whole, FIXED + addresses)
    if found is None:
        if strict:
            raise ProxyError("its TLVs do not end where it ends")
        return []
    for kind, at, end in found:
        if kind == tlv.CRC32C:
            _verify(whole, at, end)
    return found


def _verify(whole: bytes, at: int, end: int) -> None:
    if end - at != CRC_LENGTH:
        raise ProxyError(f"its checksum has {end - at} bytes")
    if crc32c(whole[:at] + bytes(CRC_LENGTH) + whole[end:]) != int.from_bytes(
        whole[at:end], "big"
    ):
        raise ProxyError("its checksum is wrong")


def _kept(whole: bytes, found: _Spans) -> tuple[Tlv, ...]:
    singles = [kind for kind, _, _ in found if kind in tlv.SINGLE]
    if len(set(singles)) < len(singles):
        # Of two, we might go by the one and the server by the other.
        raise ProxyError("a TLV that there is one of stands there twice")
    for kind, at, end in found:
        if kind == tlv.SSL:
            Ssl.parse(whole[at:end])
        elif kind == tlv.UNIQUE_ID and end - at > tlv.MAX_UNIQUE_ID:
            raise ProxyError(f"its unique id has {end - at} bytes")
    return _sendable((kind, whole[at:end]) for kind, at, end in found)


def _ends_inet(whole: bytes | bytearray) -> _Ends:
    a, b, c, d, e, f, g, h, of, to = _ENDS4.unpack_from(whole, FIXED)
    return Address(f"{a}.{b}.{c}.{d}", of), Address(f"{e}.{f}.{g}.{h}", to)


def _ends_inet6(whole: bytes | bytearray) -> _Ends:
    source, destination, of, to = _ENDS6.unpack_from(whole, FIXED)
    return Address(host6(source), of), _destination6(destination, to)


def _ends_unix(whole: bytes | bytearray) -> _Ends:
    source, destination = _ENDS_UNIX.unpack_from(whole, FIXED)
    return _unix_name(source), _unix_name(destination)


_ENDS = {_INET: _ends_inet, _INET6: _ends_inet6, _UNIX: _ends_unix}
_ALONE = {
    SIGNATURE
    + bytes((_PROXY, family << 4 | _STREAM))
    + _ADDRESSES[family].to_bytes(2, "big"): (FIXED + _ADDRESSES[family], ends)
    for family, ends in _ENDS.items()
}
"""How one begins that says addresses and no more: its length, and how to read it."""

_LENGTH6 = FIXED + _ADDRESSES[_INET6]
_USUAL = {start: its for start, (its, ends) in _ALONE.items() if ends is not _ends_unix}
_PREFIX, _ZEROS = slice(FIXED, FIXED + 10), bytes(10)


def _unix_name(field: bytes) -> UnixName:
    """
    A path ends at its NUL, and what C programs leave after it is none of it.  An
    abstract name begins with one, and loses its padding.
    """
    if field[:1] == b"\0":
        return UnixName(field.rstrip(b"\0"))
    return UnixName(field.partition(b"\0")[0])


@lru_cache(maxsize=1024)
def _destination6(host: bytes, port: int) -> Address:
    """One end as a value: an address of a sender's, and so one of a few."""
    return Address(host6(host), port)


# Writing


def _sendable(tlvs: Iterable[Tlv]) -> tuple[Tlv, ...]:
    """All but the checksum, which is of one header only, and padding."""
    return tuple(one for one in tlvs if one[0] not in (tlv.CRC32C, tlv.NOOP))


def _addressed(header: ProxyHeader) -> tuple[int, bytes]:
    """The byte of family and transport, and the addresses."""
    source, destination = header.source, header.destination
    if isinstance(source, Address) and isinstance(destination, Address):
        hosts = packed(source.host), packed(destination.host)
        family = _INET
        if len(hosts[0]) + len(hosts[1]) > 8:
            family, hosts = _INET6, (_as_ip6(hosts[0]), _as_ip6(hosts[1]))
        ports = (source.port << 16 | destination.port).to_bytes(4, "big")
        return family << 4 | _STREAM, hosts[0] + hosts[1] + ports
    if isinstance(source, UnixName) and isinstance(destination, UnixName):
        return _UNIX << 4 | _STREAM, _padded(source.name) + _padded(destination.name)
    return _UNSPEC << 4, b""


def _padded(name: bytes) -> bytes:
    if len(name) > MAX_UNIX_NAME:
        raise ValueError(f"a UNIX name of {len(name)} bytes: it may have 108")
    return name.ljust(MAX_UNIX_NAME, b"\0")


def _as_ip6(packed: bytes) -> bytes:
    return packed if len(packed) == 16 else _MAPPED + packed
