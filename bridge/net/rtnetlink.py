"""
The kernel's word on network interfaces and their addresses: rtnetlink(7).

Here: a socket that is told of changes, what asks for all there is, and the bytes that
come, as values.  Not here: what has changed (``watch.links``), and who reads the socket
(``service.interfaces``).

By hand, since all that is needed are two kinds of messages with four attributes: the
libraries that know rtnetlink bring a thread or an event loop of their own (pyroute2
runs on asyncio), and here is one loop already.  Anybody may ask for this: neither the
groups nor the dumps need a privilege.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from ipaddress import ip_address
from typing import NamedTuple

# linux/rtnetlink.h, linux/netlink.h, linux/if.h, linux/if_link.h, linux/if_addr.h
RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR = 0x1, 0x10, 0x100
GROUPS = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR
"""
What is listened to.  Routes are not: a router with a full table has hundreds of changes
a second, and none of a session's sockets needs to know.
"""

NEW_LINK, DEL_LINK, GET_LINK = 16, 17, 18
NEW_ADDRESS, DEL_ADDRESS, GET_ADDRESS = 20, 21, 22
ERROR, DONE = 2, 3

REQUEST, DUMP = 0x1, 0x300
INTERRUPTED = 0x10
"""NLM_F_DUMP_INTR: things changed during a dump, which may lack some."""

LONGEST = 65536
"""Bytes of the largest datagram: the kernel's own dumps stop at 32 KiB."""

_HEAD = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_LINK = struct.Struct("=BxHiII")  # ifinfomsg: family, type, index, flags, change
_ADDRESS = struct.Struct("=BBBBi")  # ifaddrmsg: family, prefixlen, flags, scope, index
_ATTRIBUTE = struct.Struct("=HH")  # nlattr: length, type

_IFLA_IFNAME, _IFLA_MTU = 3, 4
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_UP, _RUNNING = 0x1, 0x40  # IFF_UP, IFF_RUNNING
_BRIDGED = 7  # AF_BRIDGE: of a port of a bridge, and not of the interface itself


class Link(NamedTuple):
    """An interface."""

    number: int
    name: bytes
    """As it is: it may have any byte but a few."""
    mtu: int
    up: bool
    """Somebody wants it to be."""
    running: bool
    """It has a carrier, or needs none."""


class LinkAddress(NamedTuple):
    """One address of an interface."""

    number: int
    text: str
    """With the length of its prefix: ``192.0.2.1/24``."""


class Message(NamedTuple):
    """What a datagram has several of."""

    kind: int
    flags: int
    sequence: int
    """0: nobody has asked."""
    about: Link | LinkAddress | None
    """None: nothing that matters here, or that makes sense."""
    error: int = 0
    """Of an ERROR, as in errno."""


def open_socket() -> socket.socket:
    """One that hears of GROUPS, and does not block.  Raises OSError."""
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    made = socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
    try:
        made.bind((0, GROUPS))
    except OSError:
        made.close()
        raise
    return made


def ask(kind: int, sequence: int) -> bytes:
    """What has the kernel tell of all: GET_LINK or GET_ADDRESS."""
    body = _LINK if kind == GET_LINK else _ADDRESS
    size = _HEAD.size + body.size
    head = _HEAD.pack(size, kind, REQUEST | DUMP, sequence, 0)
    return head + bytes(body.size)


def messages(data: bytes) -> Iterator[Message]:
    """Those of one datagram.  What is cut short ends it; nothing raises."""
    at = 0
    while at + _HEAD.size <= len(data):
        size, kind, flags, sequence, _ = _HEAD.unpack_from(data, at)
        if size < _HEAD.size or at + size > len(data):
            return
        body = data[at + _HEAD.size : at + size]
        error = 0
        about: Link | LinkAddress | None = None
        if kind in (NEW_LINK, DEL_LINK):
            about = _link(body)
        elif kind in (NEW_ADDRESS, DEL_ADDRESS):
            about = _address(body)
        elif kind == ERROR and len(body) >= 4:
            error = -int.from_bytes(body[:4], "little", signed=True)
        yield Message(kind, flags, sequence, about, error)
        at += _aligned(size)


def _link(body: bytes) -> Link | None:
    if len(body) < _LINK.size:
        return None
    family, _, index, flags, _ = _LINK.unpack_from(body)
    found = _attributes(body, _LINK.size)
    name, mtu = found.get(_IFLA_IFNAME), found.get(_IFLA_MTU)
    if family == _BRIDGED or name is None or mtu is None or len(mtu) != 4:
        return None
    (size,) = struct.unpack("=I", mtu)
    up, running = bool(flags & _UP), bool(flags & _RUNNING)
    return Link(index, name.rstrip(b"\0"), size, up, running)


def _address(body: bytes) -> LinkAddress | None:
    if len(body) < _ADDRESS.size:
        return None
    _, prefix, _, _, index = _ADDRESS.unpack_from(body)
    found = _attributes(body, _ADDRESS.size)
    # Where they differ the other one is the far end's, of a point-to-point link.
    raw = found.get(_IFA_LOCAL) or found.get(_IFA_ADDRESS) or b""
    if len(raw) not in (4, 16):
        return None
    return LinkAddress(index, f"{ip_address(raw)}/{prefix}")


def _attributes(body: bytes, at: int) -> dict[int, bytes]:
    found = {}
    while at + _ATTRIBUTE.size <= len(body):
        size, kind = _ATTRIBUTE.unpack_from(body, at)
        if size < _ATTRIBUTE.size:
            break
        found[kind] = body[at + _ATTRIBUTE.size : at + size]
        at += _aligned(size)
    return found


def _aligned(size: int) -> int:
    return (size + 3) & ~3
