"""
The record: what is said of a session when it is over.

A value without behaviour.  Whoever tells of sessions (the access log, and counters
and metrics beside it) reads it; nobody writes to it.
"""

from __future__ import annotations

from typing import NamedTuple

from bridge.net.spent import Times
from bridge.net.tcpinfo import NO_ANSWER
from bridge.net.tlsinfo import TlsInfo


class Sides(NamedTuple):
    """
    What both kernels' sockets knew at the end.  Costs a few system calls a session,
    so it is only asked for when somebody reads it.
    """

    listen: tuple[str, int] = ("", 0)
    """Address and port as the client saw them."""
    source: tuple[str, int] = ("", 0)
    """Our own address and port towards the server."""
    front: bytes = NO_ANSWER
    """TCP_INFO as the kernel gave it: see ``tcpinfo.decoded``."""
    back: bytes = NO_ANSWER
    limited_by: str = "none"
    """See ``limited``."""
    times: Times | None = None
    """What that was told by; None where the session was too short for it."""


class Record(NamedTuple):
    """One session.  Times in seconds on the monotonic clock; sizes in bytes."""

    session: str
    front: str
    farm: str
    """Empty where the name that was asked for leads to none."""
    server: str
    """Its name in the configuration; empty when none was chosen."""
    back: tuple[str, int]
    """The server's address and port."""
    client: tuple[str, int]
    ending: str
    """Empty: it goes on, and this is a heartbeat (``log.every``)."""
    letters: str
    """How HAProxy would say it: who ended the session, and in which phase."""
    reason: str
    """Why it ended so, where ``ending`` does not say it all; or empty."""
    accepted: float
    dial_began: float | None
    """When the first attempt began."""
    dialed: float | None
    """When the server's handshake was through."""
    closed: float
    up: int
    """Received from the client."""
    down: int
    """Received from the server."""
    lost: int
    """Received from either side and not delivered to the other."""
    retries: int
    queued: int
    """How many were in the farm's queue when it had to wait, itself included."""
    active: int
    """Sessions there were at the end, this one included: in all ..."""
    front_active: int
    farm_active: int
    server_active: int
    sides: Sides | None
    tls: TlsInfo | None = None
    """Of the front, where it has TLS and the handshake was through."""
    asked: str = ""
    """The name that the client asked for (SNI), where its ClientHello was read."""
    via: tuple[str, int] | None = None
    """Who connected to us, where that has named the client in a PROXY header."""
    control: str = ""
    """The session that this one moves data for, in mode ``ftp``."""
