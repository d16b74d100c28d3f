"""
Sockets that were opened for us: systemd's socket activation (sd_listen_fds(3)).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

FIRST = 3
"""SD_LISTEN_FDS_START: where the passed descriptors begin."""


def systemd_sockets(
    environment: Mapping[str, str], pid: int
) -> dict[str, list[socket.socket]]:
    """
    The passed sockets by their names (FileDescriptorName=, "unknown" where unnamed).

    Empty when the variables are missing or meant for another process than *pid*:
    they are inherited by children that were not meant.
    """
    if environment.get("LISTEN_PID") != str(pid):
        return {}
    count = int(environment.get("LISTEN_FDS", "0"))
    names = environment.get("LISTEN_FDNAMES", "").split(":")
    sockets: dict[str, list[socket.socket]] = {}
    for offset in range(count):
        fd = FIRST + offset
        os.set_inheritable(fd, False)
        name = names[offset] if offset < len(names) and names[offset] else "unknown"
        sockets.setdefault(name, []).append(socket.socket(fileno=fd))
    return sockets
