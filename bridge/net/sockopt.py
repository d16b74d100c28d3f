"""
Socket options: the only file that calls ``setsockopt``.

A profile is turned into a tuple of options once; a socket gets them in order.  On
Linux an accepted socket inherits nearly all of them from its listener, so a front
costs no system call per connection; a dialed socket pays one for each.
"""

from __future__ import annotations

import math
import socket
import struct
from dataclasses import dataclass
from typing import Protocol

from bridge.net.mtu import SAFE_MSS

IPV6_TCLASS = 67  # linux/in6.h
IPV6_TRANSPARENT = 75  # linux/in6.h; socket has none of these two
IP_FREEBIND = 15  # linux/in.h
IP_TRANSPARENT = 19  # linux/in.h
SO_MARK = 36  # asm-generic/socket.h
TCP_FASTOPEN_CONNECT = 30  # linux/tcp.h, Linux 4.11
TCP_RTO_MAX_MS = 44  # linux/tcp.h, Linux 6.15
IPPROTO_MPTCP = 262  # linux/in.h, Linux 5.6

FAST_OPEN_QUEUE = 256
"""SYNs with data that may wait for their handshake (RFC 7413, section 5.1)."""

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


class Keepalive(Protocol):
    """When a silent connection is probed; *idle* and *interval* in seconds."""

    @property
    def idle(self) -> float: ...
    @property
    def interval(self) -> float: ...
    @property
    def probes(self) -> int: ...


class Tuning(Protocol):
    """How one side's sockets are tuned: what a profile of the configuration says."""

    @property
    def interface(self) -> str | None: ...
    @property
    def mss(self) -> str | int: ...
    @property
    def congestion(self) -> str | None: ...
    @property
    def send_buffer(self) -> int | None: ...
    @property
    def receive_buffer(self) -> int | None: ...
    @property
    def window_clamp(self) -> int | None: ...
    @property
    def unsent_low_water(self) -> int | None: ...
    @property
    def keepalive(self) -> Keepalive | None: ...
    @property
    def nodelay(self) -> bool: ...
    @property
    def quickack(self) -> bool: ...
    @property
    def fast_open(self) -> bool: ...
    @property
    def defer_accept(self) -> float | None: ...
    @property
    def dscp(self) -> int: ...
    @property
    def mark(self) -> int: ...
    @property
    def mptcp(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Option:
    """One ``setsockopt`` call, and the configuration's key it comes from."""

    key: str
    level: int
    name: int
    value: int | bytes

    @property
    def shown(self) -> str:
        """The value as the configuration has it."""
        if isinstance(self.value, int):
            return str(self.value)
        if self.name == SO_MARK:
            return str(struct.unpack("=I", self.value)[0])
        return self.value.rstrip(b"\0").decode()


Options = tuple[Option, ...]


class OptionError(OSError):
    """The kernel refused an option.  The message names the configuration's key."""


def for_listener(tuning: Tuning, family: int) -> Options:
    """
    Options of a listening TCP socket of *family* (4 or 6), before ``bind``.

    All of them pass to accepted sockets, except TCP_QUICKACK: see ``for_accepted``.
    """
    tcp = socket.IPPROTO_TCP
    options = _common(tuning, family)
    if tuning.fast_open:
        options += (Option("fast_open", tcp, socket.TCP_FASTOPEN, FAST_OPEN_QUEUE),)
    if tuning.defer_accept is not None:
        options += (
            Option(
                "defer_accept",
                tcp,
                socket.TCP_DEFER_ACCEPT,
                _seconds(tuning.defer_accept),
            ),
        )
    return options


def for_dial(tuning: Tuning, family: int) -> Options:
    """Options of a socket of *family* (4 or 6) that will ``connect``."""
    options = _common(tuning, family) + for_accepted(tuning)
    if tuning.fast_open:
        options += (Option("fast_open", socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1),)
    return options


def for_accepted(tuning: Tuning) -> Options:
    """What an accepted socket does not inherit: quick ACKs never last (tcp(7))."""
    if not tuning.quickack:
        return ()
    return (Option("quickack", socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1),)


def _common(tuning: Tuning, family: int) -> Options:
    return (
        _addressing(tuning, family)
        + _segments_and_buffers(tuning, family)
        + _timing(tuning)
    )


def _addressing(tuning: Tuning, family: int) -> Options:
    """Which way packets go, and how they are marked."""
    options: Options = ()
    if tuning.interface:
        name = tuning.interface.encode() + b"\0"
        options += (
            Option("interface", socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name),
        )
    if tuning.mark:
        mark = struct.pack("=I", tuning.mark)  # 32 bits, of which the first counts too
        options += (Option("mark", socket.SOL_SOCKET, SO_MARK, mark),)
    if tuning.dscp:
        # The upper six bits of the octet; ECN has the lower two (RFC 2474, section 3).
        octet = tuning.dscp << 2
        options += (Option("dscp", socket.IPPROTO_IP, socket.IP_TOS, octet),)
        if family == 6:  # which keeps IP_TOS for the IPv4 clients of a dual-stack one
            options += (Option("dscp", socket.IPPROTO_IPV6, IPV6_TCLASS, octet),)
    return options


def _segments_and_buffers(tuning: Tuning, family: int) -> Options:
    tcp = socket.IPPROTO_TCP
    mss = SAFE_MSS[family] if tuning.mss == "safe" else tuning.mss
    options: Options = ()
    if isinstance(mss, int):
        options += (Option("mss", tcp, socket.TCP_MAXSEG, mss),)
    if tuning.congestion is not None:
        algorithm = tuning.congestion.encode()
        options += (Option("congestion", tcp, socket.TCP_CONGESTION, algorithm),)
    for key, level, name, size in (
        ("send_buffer", socket.SOL_SOCKET, socket.SO_SNDBUF, tuning.send_buffer),
        ("receive_buffer", socket.SOL_SOCKET, socket.SO_RCVBUF, tuning.receive_buffer),
        ("window_clamp", tcp, socket.TCP_WINDOW_CLAMP, tuning.window_clamp),
        ("unsent_low_water", tcp, socket.TCP_NOTSENT_LOWAT, tuning.unsent_low_water),
    ):
        if size is not None:
            options += (Option(key, level, name, size),)
    return options


def _timing(tuning: Tuning) -> Options:
    tcp = socket.IPPROTO_TCP
    options: Options = ()
    if tuning.nodelay:
        options += (Option("nodelay", tcp, socket.TCP_NODELAY, 1),)
    if tuning.keepalive is not None:
        alive = tuning.keepalive
        options += (
            Option("keepalive", socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
            Option("keepalive.idle", tcp, socket.TCP_KEEPIDLE, _seconds(alive.idle)),
            Option(
                "keepalive.interval",
                tcp,
                socket.TCP_KEEPINTVL,
                _seconds(alive.interval),
            ),
            Option("keepalive.probes", tcp, socket.TCP_KEEPCNT, alive.probes),
        )
    return options


def _seconds(seconds: float) -> int:
    """The kernel takes whole seconds here, and none is no answer."""
    return max(1, math.ceil(seconds))


def apply(sock: socket.SocketType, options: Options) -> None:
    """Set *options* in order.  Raises OptionError."""
    for option in options:
        try:
            sock.setsockopt(option.level, option.name, option.value)
        except OSError as error:
            raise OptionError(
                error.errno, f"{option.key}: {error.strerror} (value {option.shown})"
            ) from error


def for_family(family: int) -> socket.AddressFamily:
    """The kernel's name of IPv4 or IPv6."""
    return _FAMILIES[family]


# Single options that are no profile's


IP_BIND_ADDRESS_NO_PORT = 24
"""<linux/in.h>; also for IPv6 sockets, at level IPPROTO_IP (ip(7))."""


NO_PORT_YET = Option("source", socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
"""Let ``connect`` pick the port: it need only be free towards that one server."""


HELD_ACK = Option("handshake", socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
"""
Before ``connect``: let the ACK that ends the handshake ride on the first bytes, until
``release_ack``, or for 200 ms (TCP_DELACK_MAX, linux/include/net/tcp.h).
"""


def release_ack(sock: socket.SocketType) -> None:
    """Send it unless it has gone; and acknowledge from now on as the kernel does."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def set_dual_stack(sock: socket.SocketType, dual_stack: bool) -> None:
    """Always said explicitly: the default is the sysctl ``bindv6only``."""
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(not dual_stack))


def set_reuse_address(sock: socket.SocketType) -> None:
    """Bind although old connections of this port are in TIME-WAIT."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)


def set_reuse_port(sock: socket.SocketType) -> None:
    """Bind beside other sockets of this user that are set so, too."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def set_transparent(sock: socket.SocketType, family: int) -> None:
    """
    Accept for addresses that are not this host's.

    IP_TRANSPARENT where the process may (CAP_NET_ADMIN), otherwise IP_FREEBIND, which
    is enough to bind an address that is not there yet (ip(7)).
    """
    try:
        require_transparent(sock, for_family(family))
    except PermissionError:
        sock.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)


def require_transparent(sock: socket.SocketType, family: int) -> None:
    """
    IP_TRANSPARENT on a socket of the kernel's *family*: it may have any address there
    is, as TPROXY and ``source: client`` need.  Raises PermissionError.
    """
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_TRANSPARENT, 1)


URGENT_INLINE = Option("urgent data", socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
"""
Leave urgent data in the stream, as RFC 6093, section 5 asks of everyone.

Before any can come: until then Linux takes the byte of one mark out of the stream when
it meets the next (tcp_check_urg, net/ipv4/tcp_input.c).  Accepted ones inherit it.
"""


def set_urgent_inline(sock: socket.SocketType) -> bool:
    """URGENT_INLINE; False of MPTCP, which has neither the option nor urgent data."""
    try:
        apply(sock, (URGENT_INLINE,))
    except OptionError:
        return False
    return True


SO_PEEK_OFF = 42  # asm-generic/socket.h


def peek_from(sock: socket.SocketType, offset: int) -> None:
    """
    Let MSG_PEEK begin *offset* bytes behind what was read, and then where the last one
    ended (socket(7)).  Raises OSError on TCP before Linux 6.10.
    """
    sock.setsockopt(socket.SOL_SOCKET, SO_PEEK_OFF, offset)


LONGEST_WAIT = 120.0
"""Seconds between two retransmissions or probes at most: the kernel's TCP_RTO_MAX."""


def set_longest_wait(sock: socket.SocketType, seconds: float) -> None:
    """Another such maximum; nothing happens on kernels before 6.15, or without TCP."""
    try:
        sock.setsockopt(socket.IPPROTO_TCP, TCP_RTO_MAX_MS, round(seconds * 1000))
    except OSError:
        pass


def set_nodelay(sock: socket.SocketType, on: bool) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(on))


def set_keepalive(sock: socket.SocketType, on: bool) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, int(on))


_RESET = struct.pack("=ii", 1, 0)


def reset_on_close(sock: socket.SocketType) -> None:
    """``close`` will send a RST and forget what was not delivered (socket(7))."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
