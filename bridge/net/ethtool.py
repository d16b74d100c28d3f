"""
What a network interface does for the processor: offloads, as ethtool(8) tells of them.

Anybody may ask (SIOCETHTOOL with a GET); what a driver does not know is None.
"""

from __future__ import annotations

import ctypes
import fcntl
import socket
import struct
from collections.abc import Mapping

_SIOCETHTOOL = 0x8946  # linux/sockios.h
_COMMANDS = {"gro": 0x2B, "gso": 0x23, "tso": 0x1E}  # ETHTOOL_G*, linux/ethtool.h

Offloads = Mapping[str, bool | None]
"""By ``gro``, ``gso`` and ``tso``: whether it is on; None: nobody knows."""

UNKNOWN: Offloads = dict.fromkeys(_COMMANDS)


def offloads(interface: str) -> Offloads:
    """Those of *interface*; never raises."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            return {
                name: _asked(sock, interface, command)
                for name, command in _COMMANDS.items()
            }
    except OSError:
        return UNKNOWN


def _asked(sock: socket.socket, interface: str, command: int) -> bool | None:
    value = ctypes.create_string_buffer(struct.pack("=II", command, 0), 8)
    name = interface.encode()[:15]
    request = struct.pack("@16sP16x", name, ctypes.addressof(value))  # struct ifreq
    try:
        fcntl.ioctl(sock.fileno(), _SIOCETHTOOL, request)
    except OSError:
        return None
    return bool(struct.unpack("=II", value.raw)[1])
