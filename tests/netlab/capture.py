"""
What passed on a wire: TCP segments seen on one interface of a host.

Only headers are kept, in a list of bounded length.  To see segments as a wire carries
them, build the lab with ``offload=False``; a lossy link shows them in any case.
"""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass
from ipaddress import ip_address
from types import TracebackType

from tests.netlab.host import Host

ETH_P_ALL = 0x0003  # linux/if_ether.h
SO_RCVBUFFORCE = 33  # asm-generic/socket.h
HEADERS = 128  # IPv6's 40 bytes, TCP's 60, and some
FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10  # RFC 9293 section 3.1


@dataclass(frozen=True)
class Segment:
    """One TCP segment, without its payload."""

    source: str
    source_port: int
    destination: str
    destination_port: int
    flags: int
    sequence: int
    payload: int
    """Bytes of it."""
    acknowledgement: int
    mss: int | None
    """The MSS option, which only a SYN has."""


class Capture:
    """Segments on *interface* of *host*, for the length of a ``with``."""

    def __init__(self, host: Host, interface: str, limit: int = 100_000) -> None:
        self._segments: list[Segment] = []
        self._limit = limit
        self.missed = 0
        """Segments beyond the limit: seen, not kept."""
        self._socket = host.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
        self._socket.settimeout(0.05)
        try:
            # Larger than net.core.rmem_max allows, or bursts are lost.
            self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
        except PermissionError:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 26)
        self._socket.bind((interface, ETH_P_ALL))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Capture:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stops after all that has already been seen is read."""
        self._stopping.set()
        self._thread.join()
        self._socket.close()

    def segments(
        self, *, source_port: int | None = None, destination_port: int | None = None
    ) -> list[Segment]:
        """Those from *source_port*, to *destination_port*, or all, as they came."""
        return [
            s
            for s in list(self._segments)
            if source_port in (None, s.source_port)
            and destination_port in (None, s.destination_port)
        ]

    def syns(self, port: int) -> list[Segment]:
        """The SYNs to *port* and the answers to them."""
        return [
            s
            for s in list(self._segments)
            if s.flags & SYN and port in (s.source_port, s.destination_port)
        ]

    def largest(
        self, *, source_port: int | None = None, destination_port: int | None = None
    ) -> int:
        """The largest payload in one direction, in bytes."""
        seen = self.segments(source_port=source_port, destination_port=destination_port)
        return max((segment.payload for segment in seen), default=0)

    def _watch(self) -> None:
        while True:
            try:
                segment = parse(self._socket.recv(HEADERS))
            except TimeoutError:
                if self._stopping.is_set():
                    return
                continue
            if segment is None:
                continue
            if len(self._segments) < self._limit:
                self._segments.append(segment)
            else:
                self.missed += 1


def parse(packet: bytes) -> Segment | None:
    """The TCP segment in an IP *packet*, cut anywhere after its headers; or None."""
    version = packet[0] >> 4 if len(packet) >= 40 else 0
    if version == 4 and packet[9] == socket.IPPROTO_TCP:
        header = (packet[0] & 15) * 4
        size = struct.unpack_from("!H", packet, 2)[0] - header
        ends = packet[12:16], packet[16:20]
    elif version == 6 and packet[6] == socket.IPPROTO_TCP:
        header = 40
        size = struct.unpack_from("!H", packet, 4)[0]
        ends = packet[8:24], packet[24:40]
    else:
        return None
    ports = struct.unpack_from("!HH", packet, header)
    sequence, acknowledgement = struct.unpack_from("!II", packet, header + 4)
    offset, flags = packet[header + 12] >> 4, packet[header + 13]
    return Segment(
        str(ip_address(ends[0])),
        ports[0],
        str(ip_address(ends[1])),
        ports[1],
        flags,
        sequence,
        size - offset * 4,
        acknowledgement,
        _mss(packet[header + 20 : header + offset * 4]),
    )


def _mss(options: bytes) -> int | None:
    """The value of the MSS option (RFC 9293 section 3.1: kind 2, length 4)."""
    at = 0
    while at < len(options) and (kind := options[at]) != 0:
        if kind == 2:
            return int.from_bytes(options[at + 2 : at + 4])
        at += 1 if kind == 1 else max(2, options[at + 1])
    return None
