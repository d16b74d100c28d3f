"""
Options of sockets that ask what a path carries, and carry nothing themselves.

Not here: who asks (``doctor``), and what comes back (``returned``).
"""

from __future__ import annotations

import ctypes
import socket
import struct

from bridge.net.sockopt import Option, Options, Tuning, for_dial

IP_MTU_DISCOVER, IP_RECVERR = 10, 11  # linux/in.h
IPV6_CHECKSUM, IPV6_MTU_DISCOVER, IPV6_RECVERR = 7, 23, 25  # linux/in6.h
_PMTUDISC_PROBE = 3
SO_ATTACH_FILTER = 26  # asm-generic/socket.h
_TCP_CHECKSUM_AT = 16  # RFC 9293, section 3.1

_KEY = "path"
"""What an error names: no key of the configuration sets any of these."""


def for_path(family: int) -> Options:
    """
    Of a datagram or raw socket of *family* (4 or 6): what it sends is never fragmented
    and as large as the link carries, whatever a route says, and what ICMP says of it
    stands in its error queue (ip(7), ipv6(7)).
    """
    if family == 4:
        four = socket.IPPROTO_IP
        return (
            Option(_KEY, four, IP_MTU_DISCOVER, _PMTUDISC_PROBE),
            Option(_KEY, four, IP_RECVERR, 1),
        )
    six = socket.IPPROTO_IPV6
    return (
        Option(_KEY, six, socket.IPV6_DONTFRAG, 1),
        Option(_KEY, six, IPV6_MTU_DISCOVER, _PMTUDISC_PROBE),
        Option(_KEY, six, IPV6_RECVERR, 1),
    )


def for_way(tuning: Tuning, family: int) -> Options:
    """Which way its packets go, as those of sessions do; a part of ``for_dial``."""
    keys = ("interface", "mark", "dscp")
    return tuple(each for each in for_dial(tuning, family) if each.key in keys)


def for_raw_tcp(family: int) -> Options:
    """The kernel fills in the checksum, which it does over IPv6 alone (RFC 3542)."""
    if family == 4:
        return ()
    return (Option(_KEY, socket.IPPROTO_IPV6, IPV6_CHECKSUM, _TCP_CHECKSUM_AT),)


class PortFilter:
    """
    Segments to the ports from *first* to *last*, of all that a raw TCP socket of
    *family* would be given: those of every session (linux/filter.h).

    To be kept until ``option`` is applied: the kernel copies the program from here.
    """

    def __init__(self, family: int, first: int, last: int) -> None:
        # What an IPv4 socket gets begins with the IP header, of IPv6 with TCP's.
        load = [(0xB1, 0, 0, 0), (0x48, 0, 0, 2)] if family == 4 else [(0x28, 0, 0, 2)]
        compare = [(0x35, 0, 2, first), (0x25, 1, 0, last)]
        take = [(0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0)]
        steps = [*load, *compare, *take]
        program = b"".join(struct.pack("=HBBI", *step) for step in steps)
        self._program = ctypes.create_string_buffer(program, len(program))
        head = struct.pack("@HP", len(steps), ctypes.addressof(self._program))
        self.option = Option(_KEY, socket.SOL_SOCKET, SO_ATTACH_FILTER, head)
