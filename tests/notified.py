"""A service manager for tests: whom sd_notify(3) is addressed to."""

from __future__ import annotations

import socket
import struct

_UCRED = struct.Struct("3i")
"""pid, uid, gid: unix(7)."""


class Receiver:
    """A service manager: the datagrams that came, each as its lines."""

    def __init__(self, address: str | bytes) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.senders: set[int] = set()
        """The processes that have said something, as the kernel knows them."""

    def heard(self) -> list[list[str]]:
        """All since the last time."""
        found: list[list[str]] = []
        while True:
            try:
                data, ancillary, _, _ = self._socket.recvmsg(4096, 256)
            except BlockingIOError:
                return found
            found.append(data.decode().split("\n"))
            for _, _, credentials in ancillary:
                self.senders.add(_UCRED.unpack(credentials)[0])

    def close(self) -> None:
        self._socket.close()
