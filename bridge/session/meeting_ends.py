"""
The ends of a data connection, as they follow from those of its control connection.

Here: at which address of ours one is met, who may come there, and whom it is relayed
to, from which address.  Not here: the meeting (``meeting``).
"""

from __future__ import annotations

import errno
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from bridge.farm.server import Server
from bridge.net import sockopt
from bridge.net.address import Address
from bridge.net.dial import Target
from bridge.net.sockaddr import SocketAddress, told

if TYPE_CHECKING:
    from bridge.net.sockopt import Tuning
    from bridge.net.stream import Stream
    from bridge.session.place import Place

FREE_BIND = sockopt.Option("ftp", socket.IPPROTO_IP, sockopt.IP_FREEBIND, 1)
"""
Leave from an address that is no interface's but that of a local route (AnyIP), which
bind(2) takes for a stranger's if it is of IPv6 (inet6_bind, net/ipv6/af_inet6.c).
"""

Where: TypeAlias = tuple[str, int] | tuple[str, int, int, int]
"""An IP address and a port, as the kernel has them."""


def ours(stream: Stream) -> Where:
    """Our end of *stream*, IPv4 as IPv4.  Raises OSError: that is no IP address."""
    return _plain(stream.socket.getsockname())


def theirs(stream: Stream) -> Where:
    """Its other end, likewise."""
    return _plain(stream.peer)


def _plain(where: SocketAddress) -> Where:
    """A dual-stack socket has IPv4 clients as addresses of IPv6."""
    if not isinstance(where, tuple):
        raise OSError(errno.EAFNOSUPPORT, "a unix socket has no data connections")
    host, port = told(where)
    return (host, port) if ":" not in host else where


def at_port(where: Where, port: int) -> Where:
    """*where*, but for its port."""
    return (where[0], port) if len(where) == 2 else (where[0], port, *where[2:])


def address(where: Where, port: int) -> Address:
    """The same to listen at.  Raises OSError: its interface is gone."""
    zone = where[3] if len(where) == 4 else 0
    scope = socket.if_indextoname(zone) if zone else ""
    return Address(where[0], port, scope)


def client_target(front: Stream, host: str, port: int, tuning: Tuning) -> Target:
    """
    The client at *port* of *host*, whose control connection is *front*: dialed from the
    address that it has come to.
    """
    here, there = ours(front), theirs(front)
    if there[0] != host:  # somebody else speaks for it
        there = (host, port, 0, 0) if ":" in host else (host, port)
    four = len(there) == 2
    options = sockopt.for_dial(tuning, 4 if four else 6)
    family = socket.AF_INET if four else socket.AF_INET6
    target = Target(
        family, at_port(there, port), (FREE_BIND, *options), at_port(here, 0)
    )
    return target.answering()


def server_at(place: Place, back: Stream, port: int) -> Server:
    """
    The server that *place* is at, *back* being connected to it, at *port* instead.

    Dialed from where *back* comes from: else it would take us for a stranger.
    """
    server, there = place.server, theirs(back)
    assert server is not None
    each = (*server.race, server.target)
    like = next((one for one in each if one.host == there[0]), server.target)
    target = replace(
        like.answering(),
        sockaddr=at_port(there, port),
        source=at_port(ours(back), 0),
        security=None,
    )
    if server.per_client:  # the farm's origin finds the client's again
        target = replace(target, source=None)
        return Server(server.name, target, per_client=True)
    ways = {place.source: target} if place.source else {}
    return Server(server.name, target, ways=ways)


def server_come(place: Place, back: Stream) -> Server:
    """The server that has come to us by itself, on *back*."""
    assert place.server is not None
    there = theirs(back)
    family = socket.AF_INET if len(there) == 2 else socket.AF_INET6
    return Server(place.server.name, Target(family, there, ()))
