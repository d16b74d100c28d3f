"""
Listening sockets: made and bound with the options that accepted ones will inherit.

Not here: accepting (``port``).
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Network

from bridge.net import sockopt
from bridge.net.address import Address
from bridge.net.sockaddr import sockaddr


@dataclass(frozen=True, slots=True)
class Listener:
    """A bound socket, and what goes with it."""

    socket: socket.socket
    for_accepted: sockopt.Options = ()
    """Options that accepted sockets do not inherit."""
    path: str = ""
    """Of a unix socket that is ours to remove at the end."""
    inode: tuple[int, int] = (0, 0)
    """Device and number of that: what another has put there since is not ours."""
    key: str = ""
    """What it is known by over reloads (``config.bindings``)."""
    networks: tuple[IPv6Network, ...] = ()
    """Whose addresses it is for, of all that it takes; empty: all of them."""

    def remove_name(self) -> None:
        """Remove the unix socket's file, if it still is there.  Raises OSError."""
        if self.path and _inode(self.path) == self.inode:
            os.unlink(self.path)


def listen_tcp(
    address: Address,
    tuning: sockopt.Tuning,
    *,
    dual_stack: bool,
    transparent: bool,
    beside: bool = False,
) -> Listener:
    """
    A bound TCP socket with the options of *tuning*, not listening yet.

    *beside*: others of this user may have the same address, or one that takes it in;
    all of them have to be set so (SO_REUSEPORT), before or since they were bound.

    SO_RCVBUF and TCP_MAXSEG only show in the SYN when set before ``listen``.  Raises
    OSError: the address is taken or not ours, or the kernel refuses an option.
    """
    family = sockopt.for_family(address.family)
    protocol = sockopt.IPPROTO_MPTCP if tuning.mptcp else socket.IPPROTO_TCP
    sock = socket.socket(family, socket.SOCK_STREAM, protocol)
    try:
        sockopt.set_reuse_address(sock)
        if beside:
            sockopt.set_reuse_port(sock)
        if address.family == 6:
            sockopt.set_dual_stack(sock, dual_stack)
        if transparent:
            sockopt.set_transparent(sock, address.family)
        sockopt.apply(sock, sockopt.for_listener(tuning, address.family))
        sock.bind(sockaddr(address))
    except BaseException:
        sock.close()
        raise
    return Listener(sock, sockopt.for_accepted(tuning))


def listen_diverted(
    address: Address, tuning: sockopt.Tuning, *, beside: bool = False
) -> Listener:
    """
    For connections to any address and port that TPROXY brings to *address*, of IPv6.

    Raises OSError, as ``listen_tcp``; PermissionError without CAP_NET_ADMIN.
    """
    made = listen_tcp(
        address, tuning, dual_stack=False, transparent=False, beside=beside
    )
    try:
        sockopt.require_transparent(made.socket, socket.AF_INET6)
    except BaseException:
        made.socket.close()
        raise
    return made


def listen_unix(path: str, mode: int = 0o660) -> Listener:
    """
    A bound unix socket that only this user and group may connect to, or as *mode* says.

    The mode is there before the name is: a chmod afterwards leaves a gap, and would
    follow a link.  A socket nobody listens on (left by a crash) is replaced; anything
    else at *path* is an OSError.
    """
    _remove_stale(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _umask(0o777 & ~mode):
            sock.bind(path)
        inode = _inode(path)
    except BaseException:
        sock.close()
        raise
    return Listener(sock, path=path, inode=inode)


def _inode(path: str) -> tuple[int, int]:
    found = os.lstat(path)
    return found.st_dev, found.st_ino


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def _remove_stale(path: str) -> None:
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileExistsError(errno.EEXIST, "something else than a socket is there")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
            return
        except BlockingIOError:  # somebody listens, and hears nothing: a full backlog
            pass
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
