"""
Sockets and their addresses as the kernel and the C library have them, the ways to and
from ours and Twisted's values, and how they are told: nobody else prints one.
"""

from __future__ import annotations

import os
import socket
from struct import Struct
from typing import TypeAlias

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress

from bridge.net.address import Address, canonical

Socket = socket.SocketType
"""
The C type under ``socket.socket``, and one of those will do as well.

Two are made for every session.  The Python class on top of it would cost a dozen
calls each, for ``makefile`` and enumerations that nobody here looks at.
"""

Name: TypeAlias = tuple[str, int] | tuple[str, int, int, int] | str
"""An address to connect to: IPv4, IPv6, or a unix socket's path."""

SocketAddress: TypeAlias = Name | bytes
"""
What ``accept`` returns: likewise, but an abstract name of a unix socket is bytes, a
zero first (unix(7)).
"""

Peer: TypeAlias = Name | bytes
"""
The other end of a connection that is there, of which there may be many: here bytes are
an IP address with its port, as ``packed`` packs them.
"""

_IPV6, _IPV4 = Struct("16sH"), Struct("4sH")


def packed(where: SocketAddress) -> Peer:
    """
    *where* in a third of the memory; but one with a zone, which is rare, as it is.

    >>> unpacked(packed(("2001:db8::80", 443, 0, 0)))
    ('2001:db8::80', 443, 0, 0)
    >>> unpacked(packed(("192.0.2.1", 80)))
    ('192.0.2.1', 80)
    """
    if not isinstance(where, tuple):
        return os.fsdecode(where)
    if len(where) == 2:
        return _IPV4.pack(socket.inet_pton(socket.AF_INET, where[0]), where[1])
    host, port, flow, zone = where
    if flow or zone:
        return where
    return _IPV6.pack(socket.inet_pton(socket.AF_INET6, host), port)


def unpacked(peer: Peer) -> SocketAddress:
    """What was packed."""
    if not isinstance(peer, bytes):
        return peer
    if len(peer) == _IPV6.size:
        host, port = _IPV6.unpack(peer)
        return socket.inet_ntop(socket.AF_INET6, host), port, 0, 0
    host, port = _IPV4.unpack(peer)
    return socket.inet_ntop(socket.AF_INET, host), port


def public_address(address: SocketAddress) -> IAddress:
    """Twisted's value for one of the kernel's."""
    if not isinstance(address, tuple):
        return UNIXAddress(os.fsencode(address) or None)
    if len(address) == 2:
        return IPv4Address("TCP", *address)
    return IPv6Address("TCP", *address)


def sockaddr(address: Address) -> tuple[str, int] | tuple[str, int, int, int]:
    """
    *address* as bind(2) and connect(2) want it, the zone as a number (RFC 4007).

    Raises OSError when the interface that the zone names does not exist.
    """
    if address.family == 4:
        return address.host, address.port
    zone = socket.if_nametoindex(address.scope) if address.scope else 0
    return address.host, address.port, 0, zone


def told(where: SocketAddress) -> tuple[str, int]:
    """
    Host and port as records have them, in one spelling: an IPv4 client of a dual-stack
    listener as IPv4.  A unix socket is "unix": its clients have no name.
    """
    if not isinstance(where, tuple):
        return "unix", 0
    host = where[0]
    return (canonical(host) if host[:7] == "::ffff:" else host), where[1]


def told_peer(peer: Peer) -> tuple[str, int]:
    """The same of what was packed: every record tells one, so it is one call."""
    if isinstance(peer, bytes) and len(peer) == _IPV6.size:
        raw, port = _IPV6.unpack(peer)
        host = socket.inet_ntop(socket.AF_INET6, raw)
        return (canonical(host) if host[:7] == "::ffff:" else host), port
    return told(unpacked(peer))


def host_of(where: SocketAddress) -> str:
    """The address alone; a unix socket's path."""
    return where[0] if isinstance(where, tuple) else path_of(where)


def describe(where: SocketAddress) -> str:
    """``[2001:db8::80]:443``, ``192.0.2.1:80`` or ``unix:/run/x.sock``."""
    if isinstance(where, tuple):
        host = f"[{where[0]}]" if len(where) == 4 else where[0]
        return f"{host}:{where[1]}"
    return f"unix:{path_of(where)}"


def path_of(name: str | bytes) -> str:
    r"""
    A unix socket's *name* as one printable word: ``@`` for the zero of an abstract one,
    as ss(8) and systemd write it, and what would break a line, or is no UTF-8, escaped.

    >>> path_of(b"\0web")
    '@web'
    >>> path_of("/run/a\udcff\n")
    '/run/a\\xff\\n'
    """
    raw = os.fsencode(name)
    if raw[:1] == b"\0":
        raw = b"@" + raw[1:]
    text = raw.decode("utf-8", "backslashreplace")
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in text
    )
