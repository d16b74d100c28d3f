"""
What came back of datagrams that were sent: a socket's error queue (ip(7), ipv6(7)).

Here: reading it, as values.  Not here: what an error means for who has sent
(``doctor``).
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from bridge.net.probing import IP_RECVERR, IPV6_RECVERR

ICMP_ORIGINS = (2, 3)
"""SO_EE_ORIGIN_ICMP and _ICMP6: somebody else has said it (linux/errqueue.h)."""

_ERROR = struct.Struct("=I4B2I")  # struct sock_extended_err, linux/errqueue.h
_KINDS = ((socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR))
_MOST = 1024
"""Bytes of what comes with it; of the datagram itself none is wanted."""


@dataclass(frozen=True, slots=True)
class Returned:
    """One datagram that did not arrive as it should."""

    to: str
    port: int
    """Where it was sent."""
    number: int
    """The errno that the kernel makes of it."""
    by: str
    """Who says so; empty: this host."""
    mtu: int
    """What the next link carries, where a packet was too large; else 0."""


def returned(sock: socket.SocketType) -> Iterator[Returned]:
    """All that stand in the queue of *sock*, which does not block."""
    while True:
        try:
            _, extra, _, where = sock.recvmsg(0, _MOST, socket.MSG_ERRQUEUE)
        except OSError:  # there is none left
            return
        for level, kind, data in extra:
            if (level, kind) in _KINDS and len(data) >= _ERROR.size and where:
                yield _read(data, where[0], where[1])


def _read(data: bytes, to: str, port: int) -> Returned:
    number, origin, _, _, _, info, _ = _ERROR.unpack_from(data)
    by = _offender(data[_ERROR.size :]) if origin in ICMP_ORIGINS else ""
    # ee_info is the MTU for EMSGSIZE alone (ip(7)).
    too_large = number == errno.EMSGSIZE
    return Returned(_plain(to), port, number, by, info if too_large else 0)


def _offender(sockaddr: bytes) -> str:
    """SO_EE_OFFENDER: the address behind the structure."""
    (family,) = struct.unpack_from("=H", sockaddr.ljust(2, b"\0"))
    if family == socket.AF_INET and len(sockaddr) >= 8:
        return socket.inet_ntop(socket.AF_INET, sockaddr[4:8])
    if family == socket.AF_INET6 and len(sockaddr) >= 24:
        return socket.inet_ntop(socket.AF_INET6, sockaddr[8:24])
    return ""


def _plain(address: str) -> str:
    """Without the scope that the kernel may add."""
    return address.partition("%")[0]
