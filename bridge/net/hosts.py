"""
From a host's address, as the kernel's text has it, to its number and back.

Asked once a connection: what is done by address afterwards (``door``, ``crowd``,
``mapping``, ``pseudonym``) takes the number.  inet_pton(3) reads it in a third of a
microsecond where ``ipaddress`` takes three for IPv4 and six for IPv6, which a flood
would pay for every client.
"""

from __future__ import annotations

from ipaddress import IPv6Address
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

from bridge.net.address import canonical
from bridge.net.prefixes import IPV4, MAPPED, NOBODY


def number(host: str) -> int:
    """
    Where *host* is on the line of ``prefixes``: an IP literal in any spelling.

    IPv4 within IPv6 counts as IPv4; a scope id is passed over, so whoever tells of the
    host keeps its text.  NOBODY for what is no literal, such as a UNIX peer's name.

    >>> number("::FFFF:255.255.255.255"), number("::1"), number("")
    (-1, 1, -4294967297)
    """
    try:
        if ":" not in host:
            return int.from_bytes(inet_pton(AF_INET, host), "big") - IPV4
        if "%" in host:
            host = _without_scope(host)
        value = int.from_bytes(inet_pton(AF_INET6, host), "big")
    except (OSError, ValueError):  # ValueError: a NUL, or what no encoding has
        return NOBODY
    return value - MAPPED - IPV4 if value >> 32 == 0xFFFF else value


def dotted(ipv4: int) -> str:
    """
    The text of an IPv4 address, from its own number (not from that on the line).

    >>> dotted(0xC0000201)
    '192.0.2.1'
    """
    return f"{ipv4 >> 24}.{ipv4 >> 16 & 255}.{ipv4 >> 8 & 255}.{ipv4 & 255}"


def text6(ipv6: int) -> str:
    """
    >>> text6(0x20010DB8 << 96)
    '2001:db8::'
    """
    return inet_ntop(AF_INET6, ipv6.to_bytes(16, "big"))


def host6(raw: bytes) -> str:
    """
    The one spelling (``address.canonical``) of the host whose 16 bytes *raw* is.

    >>> host6(bytes.fromhex("00000000000000000000ffffc0000201"))
    '192.0.2.1'
    """
    text = inet_ntop(AF_INET6, raw)
    if "." not in text:
        return text
    # Mapped, or such as ::192.0.2.1, which the C library alone writes so.
    return canonical(str(IPv6Address(raw)))


def packed(host: str) -> bytes:
    """
    The 4 or 16 bytes of *host*, a literal without scope id.

    >>> packed("192.0.2.1").hex()
    'c0000201'
    """
    return inet_pton(AF_INET6 if ":" in host else AF_INET, host)


def _without_scope(host: str) -> str:
    """Raises ValueError for an empty scope id, or for two."""
    bare, _, scope = host.partition("%")
    if not scope or "%" in scope:
        raise ValueError(f"{host!r} has no scope id after its %")
    return bare
