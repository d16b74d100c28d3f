"""PROXY headers: built by hand, and taken from HAProxy."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.net.address import Address
from bridge.wire.proxy_header import HeaderReader, read_header
from bridge.wire.proxy_value import ProxyHeader

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"

# After its own addresses each of these has "hello" of the client's.
HAPROXY = {
    "v1 tcp4": b"PROXY TCP4 127.0.0.1 127.0.0.1 49246 19001\r\n",
    "v1 tcp6": b"PROXY TCP6 ::1 ::1 37268 19001\r\n",
    "v1 tcp6 mapped": (b"PROXY TCP6 ::ffff:127.0.0.1 ::ffff:127.0.0.1 47438 19003\r\n"),
    "v1 tcp6 mixed": b"PROXY TCP6 2001:db8::1 ::ffff:127.0.0.1 55542 19007\r\n",
    "v1 unix": b"PROXY UNKNOWN\r\n",
    "v2 tcp4": bytes.fromhex(
        "0d0a0d0a000d0a515549540a2111000c7f0000017f000001e2a64a3a"
    ),
    "v2 tcp6": bytes.fromhex(
        "0d0a0d0a000d0a515549540a212100240000000000000000000000000000000100000000"
        "000000000000000000000001e6d24a3a"
    ),
    "v2 tcp6 mapped": bytes.fromhex(
        "0d0a0d0a000d0a515549540a2121002400000000000000000000ffff7f00000100000000"
        "000000000000ffff7f000001a2484a3c"
    ),
    "v2 tcp6 mixed": bytes.fromhex(
        "0d0a0d0a000d0a515549540a2121002420010db800000000000000000000000100000000"
        "000000000000ffff7f000001b1a04a3e"
    ),
    "v2 unix": bytes.fromhex("0d0a0d0a000d0a515549540a20000000"),
    "v2 tls": bytes.fromhex(
        "0d0a0d0a000d0a515549540a2111006f7f0000017f00000181004a3d0300043c719c7b01"
        "0002683202000f7777772e6578616d706c652e6f726705000020003f0100000000210007"
        "544c5376312e332500075253413230343824000a5253412d534841323536230016544c53"
        "5f4145535f3235365f47434d5f534841333834"
    ),
    "v2 certificate": bytes.fromhex(
        "0d0a0d0a000d0a515549540a2111007f7f0000017f00000181024a3d030004fec5bd4001"
        "0002683202000f7777772e6578616d706c652e6f726705000020004f0700000000210007"
        "544c5376312e3322000d616c6963652e6578616d706c6525000752534132303438240"
        "00a5253412d534841323536230016544c535f4145535f3235365f47434d5f534841333834"
    ),
}
"""What HAProxy 2.6 and 3.5 send: the same, byte for byte."""

LINE = b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"
LINE_READ = ProxyHeader(Address("192.168.0.1", 56324), Address("192.168.0.11", 443))
INET = bytes.fromhex("c0a80001 c0a8000b dc04 01bb")
"""The same in binary."""


def tlv(kind: int, value: bytes) -> bytes:
    return bytes((kind,)) + len(value).to_bytes(2, "big") + value


def binary(
    rest: bytes = b"", *, command: int = 0x21, family: int = 0x11, length: int = -1
) -> bytes:
    """Version 2, with whatever *rest*; *length* of it unless it is given."""
    length = len(rest) if length < 0 else length
    return SIGNATURE + bytes((command, family)) + length.to_bytes(2, "big") + rest


def read(data: bytes) -> ProxyHeader:
    """A whole header, nothing after it."""
    header = read_header(data)
    assert header is not None and header.length == len(data)
    return header


def by_exact_length(stream: bytes, most: int = 1 << 16) -> tuple[ProxyHeader, int]:
    """
    Read as from a socket: never more than is wanted, or than *most* at a time.

    The header, and how many bytes were read.
    """
    reader, at = HeaderReader(), 0
    while True:
        assert reader.wants > 0
        piece = stream[at : at + min(reader.wants, most)]
        assert piece, "it reads beyond what there is"
        at += len(piece)
        header = reader.feed(piece)
        if header is not None:
            assert reader.rest == b""
            return header, at


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    """*data* in pieces that end at *cuts*."""
    ends = sorted({*cuts, len(data)})
    for start, end in zip([0, *ends], ends, strict=False):
        yield data[start:end]
