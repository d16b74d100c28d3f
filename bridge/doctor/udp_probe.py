"""
Asking for a size by UDP: a datagram to a port where nobody listens, which a host
answers by ICMP (RFC 1122, section 4.1.3.1; RFC 4443, section 3.1).

Harmless to any server, needs no privilege, and is eaten by many a firewall.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator

from bridge.doctor.size_search import Answer, Reached, Refused, TooBig
from bridge.net.address import Address
from bridge.net.mtu import IP_HEADER
from bridge.net.probing import for_path
from bridge.net.returned import Returned, returned
from bridge.net.sockopt import Options, apply, for_family

UDP_HEADER = 8  # RFC 768

FIRST_PORT = 33434
"""As traceroute(8) has it: nobody listens from here on, by old custom."""
PORTS = 512

_NOT_OURS = frozenset({errno.ENOBUFS, errno.EAGAIN, errno.EINTR})
"""Of a packet that this host had no room for: it is lost like any other."""


class UdpProbe:
    """To one server, *address*, whose port is of no importance."""

    name = "UDP"

    def __init__(self, address: Address, options: Options, source: str = "") -> None:
        """Raises OSError: there cannot be such a socket."""
        family = for_family(address.family)
        self._header = IP_HEADER[address.family] + UDP_HEADER
        self._host = address.host
        self._scope = socket.if_nametoindex(address.scope) if address.scope else 0
        self._sent: dict[int, int] = {}
        self._count = 0
        self.socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            apply(self.socket, (*options, *for_path(address.family)))
            if source:
                self.socket.bind((source, 0))
        except OSError:
            self.socket.close()
            raise

    def send(self, size: int) -> Answer:
        """
        One datagram of *size* bytes with its headers.

        What this host itself says of it at once, if anything.
        """
        # Each to a port of its own: some routers quote no more of it than ports.
        port = FIRST_PORT + self._count % PORTS
        self._count += 1
        self._sent[port] = size
        where = (self._host, port)
        to = where if self.socket.family == socket.AF_INET else (*where, 0, self._scope)
        try:
            self.socket.sendto(bytes(max(0, size - self._header)), to)
        except OSError as error:
            return self._refused_here(size, error)
        return None

    def _refused_here(self, size: int, error: OSError) -> Answer:
        if error.errno == errno.EMSGSIZE:
            told = [each.mtu for each in returned(self.socket) if not each.by]
            return TooBig(size, "", max(told, default=0))
        if error.errno in _NOT_OURS or error.errno == errno.ECONNREFUSED:
            return None
        return Refused("", error.strerror or str(error))

    def hear(self) -> Iterator[Answer]:
        """What has come back meanwhile; never raises."""
        for each in returned(self.socket):
            answer = self._understood(each)
            if answer is not None:
                yield answer

    def _understood(self, each: Returned) -> Answer:
        size = self._sent.get(each.port)
        if size is None or not each.by:
            return None
        if each.number == errno.EMSGSIZE:
            return TooBig(size, each.by, each.mtu)
        if each.number == errno.ECONNREFUSED and each.by == self._host:
            return Reached(size)
        return Refused(each.by, os.strerror(each.number))

    def close(self) -> None:
        self.socket.close()
