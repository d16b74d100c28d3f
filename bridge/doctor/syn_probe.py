"""
Asking for a size by TCP: a SYN that carries data to make it so large.

A server answers it as any SYN and takes no notice of the data (RFC 9293, section 3.4),
our kernel, which knows nothing of it, resets what that begins, and no program ever
hears of either.  Needs CAP_NET_RAW; passes firewalls that let nothing else through.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import random
import socket
import struct
from collections.abc import Iterator

from bridge.doctor.size_search import Answer, Reached, Refused, TooBig
from bridge.net.address import Address
from bridge.net.mtu import IP_HEADER, TCP_HEADER
from bridge.net.probing import PortFilter, for_path, for_raw_tcp
from bridge.net.returned import Returned, returned
from bridge.net.sockopt import Options, apply, for_family

PORTS = 256
_FIRST_PORTS = range(10_000, 30_000)
"""Below what kernels choose from for connections, so that it is nobody's."""

_TCP = struct.Struct("!HHIIBBHHH")  # RFC 9293, section 3.1
_SYN, _RST, _ACK = 0x02, 0x04, 0x10
_WINDOW = 65535
_HEADERS = 128
"""Bytes of a packet that are read: both headers, with options."""
_MOST = 10_000
"""Packets that are read at a time."""


class SynProbe:
    """To the port of *address*; *source* is the address of ours that leads there."""

    name = "TCP"

    def __init__(self, address: Address, options: Options, source: str) -> None:
        """Raises OSError: there cannot be such a socket, as without CAP_NET_RAW."""
        self._family = address.family
        self._to = address
        self._source = source
        self._first = random.choice(_FIRST_PORTS)
        self._sent: dict[int, tuple[int, int]] = {}
        self._last = 0
        self._count = 0
        self.socket = socket.socket(
            for_family(address.family),
            socket.SOCK_RAW | socket.SOCK_NONBLOCK,
            socket.IPPROTO_TCP,
        )
        try:
            self._set_up(options)
        except OSError:
            self.socket.close()
            raise

    def _set_up(self, options: Options) -> None:
        kept = PortFilter(self._family, self._first, self._first + PORTS - 1)
        ours = (kept.option, *for_path(self._family), *for_raw_tcp(self._family))
        apply(self.socket, (*ours, *options))
        where: tuple[str, int] | tuple[str, int, int, int] = (self._to.host, 0)
        if self._family == 6:
            scope = socket.if_nametoindex(self._to.scope) if self._to.scope else 0
            where = (self._to.host, 0, 0, scope)
        self.socket.bind((self._source, 0))
        self.socket.connect(where)
        # Until the filter came it was given all that the host received, and is full.
        for _ in self._packets():
            pass

    def send(self, size: int) -> Answer:
        """One SYN of *size* bytes with its headers; what this host says of it."""
        port = self._first + self._count % PORTS
        self._count += 1
        sequence = random.getrandbits(32)
        self._sent[port] = size, sequence
        self._last = size
        data = bytes(max(0, size - IP_HEADER[self._family] - TCP_HEADER))
        try:
            self.socket.send(self._segment(port, sequence, data))
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                told = [each.mtu for each in returned(self.socket) if not each.by]
                return TooBig(size, "", max(told, default=0))
            if error.errno not in (errno.ENOBUFS, errno.EAGAIN):
                return Refused("", error.strerror or str(error))
        return None

    def _segment(self, port: int, sequence: int, data: bytes) -> bytes:
        def head(checksum: int) -> bytes:
            ports = port, self._to.port
            offset = TCP_HEADER // 4 << 4
            return _TCP.pack(*ports, sequence, 0, offset, _SYN, _WINDOW, checksum, 0)

        if self._family == 6:  # the kernel's part
            return head(0) + data
        return head(checksum(self._source, self._to.host, head(0) + data)) + data

    def hear(self) -> Iterator[Answer]:
        """What has come back meanwhile; never raises."""
        for each in returned(self.socket):
            answer = self._understood(each)
            if answer is not None:
                yield answer
        for packet in self._packets():
            size = self._size_of(packet)
            if size:
                yield Reached(size)

    def _packets(self) -> Iterator[bytes]:
        """What it has been given since."""
        for _ in range(_MOST):
            try:
                yield self.socket.recv(_HEADERS)
            except BlockingIOError:
                return
            except OSError:  # one of those that stand in the error queue, too
                continue

    def _size_of(self, packet: bytes) -> int:
        """Of the probe that *packet* answers; 0 if it answers none."""
        start = (packet[0] & 15) * 4 if self._family == 4 and packet else 0
        if len(packet) < start + _TCP.size:
            return 0
        theirs, ours, _, ack, _, flags, *_ = _TCP.unpack_from(packet, start)
        size, sequence = self._sent.get(int(ours), (0, 0))
        if theirs != self._to.port or not size or not flags & _ACK:
            return 0
        # Of the data a closed port acknowledges all, an open one nothing.
        taken = (ack - sequence - 1) & 0xFFFFFFFF
        return size if taken <= size and flags & (_SYN | _RST) else 0

    def _understood(self, each: Returned) -> Answer:
        if not each.by:
            return None
        if each.number == errno.EMSGSIZE:  # a raw socket is not told of which packet
            size = self._last if each.mtu < self._last else each.mtu + 1
            return TooBig(size, each.by, each.mtu)
        return Refused(each.by, os.strerror(each.number))

    def close(self) -> None:
        self.socket.close()


def checksum(source: str, to: str, segment: bytes) -> int:
    """TCP's over IPv4, of a *segment* whose own field is 0 (RFC 9293, section 3.1)."""
    ends = b"".join(ipaddress.IPv4Address(each).packed for each in (source, to))
    whole = (
        ends + struct.pack("!HH", socket.IPPROTO_TCP, len(segment) & 0xFFFF) + segment
    )
    words = memoryview(whole + b"\0" * (len(whole) & 1)).cast("H")
    total = sum(map(socket.ntohs, words))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
