"""
The PROXY header of version 1, a line of text: section 2.1 of the specification of
2026-04-27.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from bridge.net.address import Address, canonical
from bridge.net.names import escaped
from bridge.wire.proxy_tlv import ProxyError
from bridge.wire.proxy_value import ProxyHeader

MAX_LINE = 107
"""Bytes with the CRLF."""
SHORTEST = len(b"PROXY UNKNOWN\r\n")
"""Bytes.  No header of either version is shorter."""
START = b"PROXY "

_UNKNOWN = b"PROXY UNKNOWN"
_PARSED = {b"PROXY TCP4 ": IPv4Address, b"PROXY TCP6 ": IPv6Address}
_OPENINGS = (*_PARSED, _UNKNOWN)
_LEAST = {
    b"PROXY TCP4 ": len(b"PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n"),
    b"PROXY TCP6 ": len(b"PROXY TCP6 :: :: 0 0\r\n"),
    _UNKNOWN: SHORTEST,
}
_FIELDS = re.compile(rb"[0-9A-Fa-f:. ]*")  # no scope, no brackets
_PORT = re.compile(rb"0|[1-9][0-9]{0,4}")


def read(data: bytes | bytearray) -> ProxyHeader | None:
    """
    Read *data*, which begins as START does, as far as it goes.

    Ends at the CRLF and looks at nothing after it.  None: more is needed.  Raises
    ProxyError, as early as it can be known.
    """
    length = data.find(b"\n", 0, MAX_LINE) + 1
    line = bytes(data[: length or MAX_LINE])
    opening = _opening(line)
    text = line.removesuffix(b"\n").removesuffix(b"\r")
    if b"\r" in text or (length and not line.endswith(b"\r\n")):
        # Who takes a single one for the end sees another header than we do.
        raise ProxyError("its line has a CR or LF that is no CRLF")
    if opening == _UNKNOWN:
        if not text[len(_UNKNOWN) :].startswith(b" ") and len(text) > len(_UNKNOWN):
            raise ProxyError("it is of neither TCP4, TCP6 nor UNKNOWN")
    elif not _FIELDS.fullmatch(text, min(len(opening), len(text))):
        raise ProxyError("its line has what is in no address and no port")
    if not length:
        if len(line) == MAX_LINE:
            raise ProxyError(f"its line does not end within {MAX_LINE} bytes")
        return None
    if opening == _UNKNOWN:
        return ProxyHeader(version=1, length=length)
    return _tcp(opening, text, length)


def wants(data: bytes | bytearray) -> int:
    """How many bytes after *data*, the start of a line, certainly belong to it."""
    least = next((n for kind, n in _LEAST.items() if data.startswith(kind)), SHORTEST)
    return max(least - len(data), 1 if data.endswith(b"\r") else 2)


def write(header: ProxyHeader) -> bytes:
    """
    *header* as a line.  It says no more than the addresses.

    They are of one family: an IPv4 address beside one of IPv6 is written as
    ``::ffff:c000:201``, in the digits that the specification has.  Without addresses,
    and for those of UNIX sockets, it is ``PROXY UNKNOWN``, which some receivers refuse.
    """
    source, destination = header.source, header.destination
    if not isinstance(source, Address) or not isinstance(destination, Address):
        return _UNKNOWN + b"\r\n"
    if source.family == destination.family:
        family, hosts = source.family, (source.host, destination.host)
    else:
        family, hosts = 6, (_as_ip6(source.host), _as_ip6(destination.host))
    ports = f"{source.port} {destination.port}"
    return f"PROXY TCP{family} {hosts[0]} {hosts[1]} {ports}\r\n".encode("ascii")


def _opening(line: bytes) -> bytes:
    """The one of _OPENINGS that *line* begins with, or may yet."""
    for opening in _OPENINGS:
        if line.startswith(opening) or opening.startswith(line):
            return opening
    raise ProxyError("it is of neither TCP4, TCP6 nor UNKNOWN")


def _tcp(opening: bytes, text: bytes, length: int) -> ProxyHeader:
    fields = text[len(opening) :].split(b" ")
    if len(fields) != 4:
        raise ProxyError(
            "its line has not two addresses and two ports, a space between"
        )
    source, destination, *ports = fields
    return ProxyHeader(
        Address(_host(opening, source), _port(ports[0])),
        Address(_host(opening, destination), _port(ports[1])),
        version=1,
        length=length,
    )


def _host(opening: bytes, field: bytes) -> str:
    text = field.decode("ascii")
    try:
        _PARSED[opening](text)
    except AddressValueError:
        kind = opening.split()[1].decode("ascii")
        raise ProxyError(f"{escaped(field)!r} is no address of {kind}") from None
    return canonical(text)


def _port(field: bytes) -> int:
    if not _PORT.fullmatch(field) or int(field) > 65535:
        raise ProxyError(f"{escaped(field)!r} is no port")
    return int(field)


def _as_ip6(host: str) -> str:
    if ":" in host:
        return host
    high, low = divmod(int(IPv4Address(host)), 1 << 16)
    return f"::ffff:{high:x}:{low:x}"
