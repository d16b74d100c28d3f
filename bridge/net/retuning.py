"""
A listening socket gets another profile, as if it had been made with that.

Here: what of the old one has to be undone, and how.  Not here: what can only be said
before ``bind``, which is part of a socket's name (``config.bindings``).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

from bridge.net import sockopt
from bridge.net.sockopt import Option, OptionError, Options

SO_BUF_LOCK = 72  # asm-generic/socket.h, Linux 5.14
# SOCK_SNDBUF_LOCK and SOCK_RCVBUF_LOCK, linux/socket.h.
_LOCKS = {socket.SO_SNDBUF: 1, socket.SO_RCVBUF: 2}
_CONGESTION = socket.IPPROTO_TCP, socket.TCP_CONGESTION

_UNCLAMPED = 65535 << 14
"""
The largest window there is (RFC 7323, section 2.3).  A socket that listens may not be
given the 0 that stands for none (tcp_set_window_clamp, net/ipv4/tcp.c).
"""

_NONE: dict[tuple[int, int], int | bytes] = {
    (socket.SOL_SOCKET, sockopt.SO_MARK): struct.pack("=I", 0),
    (socket.IPPROTO_IP, socket.IP_TOS): 0,
    (socket.IPPROTO_IPV6, sockopt.IPV6_TCLASS): 0,
    (socket.IPPROTO_TCP, socket.TCP_MAXSEG): 0,
    (socket.IPPROTO_TCP, socket.TCP_WINDOW_CLAMP): _UNCLAMPED,
    (socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT): 0,
    (socket.IPPROTO_TCP, socket.TCP_NODELAY): 0,
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE): 0,
    (socket.IPPROTO_TCP, socket.TCP_FASTOPEN): 0,
    (socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT): 0,
}
"""How an option is switched off.  Those of keepalive mean nothing without it."""


def unused(listening: socket.socket) -> socket.socket:
    """Another socket of the same kind, on which options may be tried."""
    return socket.socket(listening.family, listening.type, listening.proto)


def retune(
    listening: socket.socket, old: Options, new: Options
) -> Iterator[OptionError]:
    """
    Set what *new* has and *old* has not, and undo the reverse.

    Those who are accepted from then on have it; who waits in the queue already, or is
    amid the handshake, has one or the other.  What the kernel refuses stays as it was,
    and is told.
    """
    with unused(listening) as fresh:
        todo = (*_undone(fresh, old, new), *(each for each in new if each not in old))
    for option in todo:
        try:
            sockopt.apply(listening, (option,))
        except OptionError as error:
            yield error


def turn_transparent(listening: socket.socket, on: bool) -> None:
    """As ``sockopt.set_transparent`` does before ``bind``; or not any more."""
    six = listening.family == socket.AF_INET6
    if on:
        sockopt.set_transparent(listening, 6 if six else 4)
        return
    level, name = socket.IPPROTO_IP, sockopt.IP_TRANSPARENT
    if six:
        level, name = socket.IPPROTO_IPV6, sockopt.IPV6_TRANSPARENT
    sockopt.apply(listening, (Option("transparent", level, name, 0),))


def _undone(fresh: socket.socket, old: Options, new: Options) -> Iterator[Option]:
    kept = {(option.level, option.name) for option in new}
    freed = ""
    for option in old:
        what = option.level, option.name
        if what in kept:
            continue
        if option.level == socket.SOL_SOCKET and option.name in _LOCKS:
            # The kernel doubles what it is told, and tells what it has.
            size = fresh.getsockopt(*what) // 2
            yield Option(option.key, *what, size)
            freed = option.key
        elif what == _CONGESTION:
            yield Option(option.key, *what, fresh.getsockopt(*what, 16))
        elif what in _NONE:
            yield Option(option.key, *what, _NONE[what])
    if freed:  # for autotuning
        held = sum(
            lock for name, lock in _LOCKS.items() if (socket.SOL_SOCKET, name) in kept
        )
        yield Option(freed, socket.SOL_SOCKET, SO_BUF_LOCK, held)
