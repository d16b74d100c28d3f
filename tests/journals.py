"""journald's side of its native protocol: a socket, and a reader of entries."""

from __future__ import annotations

import mmap
import os
import socket
import struct
from pathlib import Path


def read_entry(data: bytes) -> dict[str, str]:
    """The fields of an entry; an AssertionError for what journald would not take."""
    found: dict[str, str] = {}
    while data:
        head, _, rest = data.partition(b"\n")
        name, equals, value = head.partition(b"=")
        if not equals:
            (size,) = struct.unpack("<Q", rest[:8])
            value, end, data = (
                rest[8 : 8 + size],
                rest[8 + size :][:1],
                rest[9 + size :],
            )
            assert len(value) == size and end == b"\n"
        else:
            data = rest
        assert name.decode() not in found
        found[name.decode()] = value.decode()
    return found


class Journald:
    """One that listens at *path*, with room for few."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)

    def entry(self) -> dict[str, str]:
        """The next one, which is there already."""
        data, fds, _, _ = socket.recv_fds(self._socket, 1 << 20, 4)
        for fd in fds:
            size = os.fstat(fd).st_size
            with mmap.mmap(fd, size, prot=mmap.PROT_READ) as file:
                data += file[:]
            os.close(fd)
        return read_entry(data)

    def close(self) -> None:
        self._socket.close()
        self.path.unlink(missing_ok=True)
