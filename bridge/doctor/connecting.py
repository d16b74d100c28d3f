"""
What a real connection tells of a path: that there is one, its round trip, and the
largest segment that either end will ever send.

Nothing is sent over it.  It is closed as a check of ``kind: tcp`` is.
"""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass

from bridge.net.address import Address
from bridge.net.mtu import IP_HEADER, TCP_HEADER
from bridge.net.sockopt import Options, apply, for_family
from bridge.net.tcpinfo import segments


@dataclass(frozen=True, slots=True)
class Connected:
    """What became of it."""

    why: str = ""
    """Why there is none; empty: there is one."""
    largest: int = 0
    """Bytes of the largest packet that TCP would send; 0: not known."""
    route: int = 0
    """The MTU that this host goes by; 0: not known."""
    rtt: float = 0.0
    """Seconds; 0: not known."""
    source: str = ""
    """Our address."""

    @property
    def is_limited_by_server(self) -> bool:
        """Its MSS, or that of somebody who clamps it, is what counts."""
        return 0 < self.largest < self.route


class Connecting:
    """A connection that is being made to *address*."""

    def __init__(self, address: Address, options: Options, source: str = "") -> None:
        """Raises OSError: there cannot be such a socket."""
        self._family = address.family
        self.outcome: Connected | None = None
        """None: it is not decided yet."""
        family = for_family(address.family)
        self.socket = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            apply(self.socket, options)
            if source:
                self.socket.bind((source, 0))
            self._begin(address)
        except OSError:
            self.socket.close()
            raise

    def _begin(self, address: Address) -> None:
        where: tuple[str, int] | tuple[str, int, int, int]
        where = (address.host, address.port)
        if address.family == 6:
            scope = socket.if_nametoindex(address.scope) if address.scope else 0
            where = (address.host, address.port, 0, scope)
        number = self.socket.connect_ex(where)
        if number not in (0, errno.EINPROGRESS):
            self.outcome = Connected(os.strerror(number))

    def look(self) -> None:
        """It is writable: it has succeeded or failed."""
        number = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            self.outcome = Connected(os.strerror(number))
            return
        sent = segments(self.socket)
        headers = IP_HEADER[self._family] + TCP_HEADER
        try:
            source = str(self.socket.getsockname()[0])
        except OSError:
            source = ""
        self.outcome = Connected(
            largest=sent.mss + sent.options + headers if sent.mss else 0,
            route=sent.pmtu,
            rtt=sent.rtt,
            source=source,
        )

    def give_up(self) -> None:
        """There is no time left for it."""
        self.outcome = Connected(os.strerror(errno.ETIMEDOUT))

    def close(self) -> None:
        self.socket.close()
