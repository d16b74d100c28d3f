"""
Which way a packet would go, as the kernel itself decides (RTM_GETROUTE, rtnetlink(7)).

One question, one answer, of rules, tables and marks all together; no privilege.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

# linux/rtnetlink.h, linux/netlink.h
_NEW_ROUTE, _GET_ROUTE, _ERROR, _REQUEST = 24, 26, 2, 1
_DST, _OIF, _PREFSRC, _METRICS, _MARK = 1, 4, 7, 8, 16
_METRIC_LOCK, _METRIC_MTU = 1, 2
_LOCAL = 2  # RTN_LOCAL

_HEAD = struct.Struct("=IHHII")  # nlmsghdr
_ROUTE = struct.Struct("=8BI")  # rtmsg
_ATTRIBUTE = struct.Struct("=HH")
_PATIENCE = 1.0
_MOST = 65536


@dataclass(frozen=True, slots=True)
class Route:
    """The way to one address."""

    interface: str
    """Where packets leave; empty: nobody knows."""
    mtu: int = 0
    """What the route itself says, or what ICMP has said of it; 0: nothing."""
    is_locked: bool = False
    """ICMP changes nothing of it (``mtu lock``)."""
    is_local: bool = False
    """It is this host itself."""


def route_to(host: str, *, interface: str = "", mark: int = 0) -> Route:
    """
    The way to *host*, an IP literal, from *interface* if there is one, for packets of
    *mark*.  Raises OSError: there is none, or nobody to ask.
    """
    packed = ip_address(host).packed
    family = socket.AF_INET6 if len(packed) == 16 else socket.AF_INET
    body = _ROUTE.pack(family, len(packed) * 8, 0, 0, 0, 0, 0, 0, 0)
    body += _attribute(_DST, packed)
    if interface:
        number = socket.if_nametoindex(interface)
        body += _attribute(_OIF, struct.pack("=I", number))
    if mark:
        body += _attribute(_MARK, struct.pack("=I", mark))
    head = _HEAD.pack(_HEAD.size + len(body), _GET_ROUTE, _REQUEST, 1, 0)
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    with socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE) as asking:
        asking.settimeout(_PATIENCE)
        asking.sendto(head + body, (0, 0))
        return _read(asking.recv(_MOST))


def _read(data: bytes) -> Route:
    if len(data) < _HEAD.size + 4:
        raise OSError(0, "the kernel's answer makes no sense")
    _, kind, *_ = _HEAD.unpack_from(data)
    body = data[_HEAD.size :]
    if kind == _ERROR:
        number = -struct.unpack_from("=i", body)[0]
        raise OSError(number, os.strerror(number))
    if kind != _NEW_ROUTE or len(body) < _ROUTE.size:
        raise OSError(0, "the kernel's answer makes no sense")
    found = dict(_attributes(body[_ROUTE.size :]))
    metrics = dict(_attributes(found.get(_METRICS, b"")))
    index = _number(found.get(_OIF))
    return Route(
        _name(index),
        _number(metrics.get(_METRIC_MTU)),
        bool(_number(metrics.get(_METRIC_LOCK)) >> _METRIC_MTU & 1),
        body[7] == _LOCAL,
    )


def _name(index: int) -> str:
    try:
        return socket.if_indextoname(index) if index else ""
    except OSError:  # it went away this moment
        return ""


def _number(value: bytes | None) -> int:
    found: int = struct.unpack("=I", value)[0] if value and len(value) == 4 else 0
    return found


def _attribute(kind: int, value: bytes) -> bytes:
    size = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(size, kind) + value + bytes(-size % 4)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _ATTRIBUTE.size <= len(data):
        size, kind = _ATTRIBUTE.unpack_from(data, at)
        if size < _ATTRIBUTE.size:
            return
        yield kind & 0x3FFF, data[at + _ATTRIBUTE.size : at + size]
        at += (size + 3) & ~3
