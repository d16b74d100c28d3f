"""
The IPv4 addresses of this host's interfaces, as they are at this moment.

The kernel tells of every change (rtnetlink(7)), so that asking is a look into a set.
Not here: addresses that are this host's by a route alone (pools), which nobody has to
look for: the configuration has them.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from twisted.logger import Logger

from bridge.net.pump import IN

if TYPE_CHECKING:
    from bridge.net.pump import Pump

# linux/netlink.h and linux/rtnetlink.h; ``socket`` has next to none of them.
_DONE, _ERROR = 3, 2
_NEW_ADDRESS, _GET_ADDRESS = 20, 22
_REQUEST_ALL = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_CHANGES = 0x10  # RTMGRP_IPV4_IFADDR
_IFA_ADDRESS, _IFA_LOCAL = 1, 2

_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr
_INTERFACE = struct.Struct("=BBBBI")  # struct ifaddrmsg
_ATTRIBUTE = struct.Struct("=HH")  # struct rtattr
_CODE = struct.Struct("=i")  # struct nlmsgerr begins with it

_MOST = 1 << 16
"""Bytes of one answer: the kernel fills no more than 32 KiB at a time."""


class OwnAddresses:
    """
    Known from the start on, and kept up to date while *pump* runs.

    Raises OSError: the kernel is not asked (a sandbox without AF_NETLINK).
    """

    _log = Logger()

    def __init__(self, pump: Pump) -> None:
        self._pump = pump
        self._socket = _netlink(_CHANGES)
        try:
            self._addresses = read()
            pump.watch(self._socket.fileno(), self, IN)
        except BaseException:
            self._socket.close()
            raise

    def __contains__(self, ipv4: int) -> bool:
        return ipv4 in self._addresses

    def __iter__(self) -> Iterator[int]:
        return iter(self._addresses)

    def close(self) -> None:
        """Hear of changes no more."""
        self._pump.close(self._socket)

    # The pump calls these

    def ready(self, events: int) -> None:
        """Something has changed: what it is, is read whole."""
        self._pass_over()
        try:
            self._addresses = read()
        except OSError as error:
            self._log.error(
                "this host's addresses cannot be read, and are taken to be those "
                "before: {why}",
                event="own_addresses_unknown",
                why=error.strerror,
            )

    def crashed(self) -> None:
        """Our bug; what was known stays."""

    def _pass_over(self) -> None:
        """What the messages say; where some were lost (ENOBUFS), that is one, too."""
        while True:
            try:
                self._socket.recv(_MOST)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise


def read() -> frozenset[int]:
    """All there are now.  Raises OSError."""
    with _netlink(0) as asking:
        asking.setblocking(True)  # a dump is in the kernel's hands at once
        body = _INTERFACE.pack(socket.AF_INET, 0, 0, 0, 0)
        length = _HEADER.size + len(body)
        header = _HEADER.pack(length, _GET_ADDRESS, _REQUEST_ALL, 1, 0)
        asking.send(header + body)
        found: set[int] = set()
        over = False
        while not over:
            for kind, message in _messages(asking.recv(_MOST)):
                if kind == _ERROR:
                    raise OSError(-_CODE.unpack_from(message)[0], "rtnetlink refuses")
                over = over or kind == _DONE
                if kind == _NEW_ADDRESS:
                    found.add(_address(message))
    return frozenset(found)


def _netlink(groups: int) -> socket.socket:
    kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK
    made = socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
    try:
        made.bind((0, groups))
    except BaseException:
        made.close()
        raise
    return made


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each message's type and what follows its header."""
    while len(data) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(data)
        yield kind, data[_HEADER.size : length]
        data = data[_aligned(max(length, _HEADER.size)) :]


def _address(message: bytes) -> int:
    """IFA_LOCAL; IFA_ADDRESS is the other end's where there is one."""
    attributes = dict(_attributes(message[_INTERFACE.size :]))
    ours = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS, b"")
    return int.from_bytes(ours, "big")


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        yield kind, data[_ATTRIBUTE.size : length]
        data = data[_aligned(max(length, _ATTRIBUTE.size)) :]


def _aligned(length: int) -> int:
    return (length + 3) & ~3
