"""
What a PROXY header says, as a value: for whom a connection was made, and what else its
sender knows of it.

The specification is that of 2026-04-27.  Not here: its two forms on the wire
(``proxy_v1``, ``proxy_v2``), and reading either (``proxy_header``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from bridge.net import tlv
from bridge.net.address import Address
from bridge.net.names import escaped
from bridge.wire.proxy_tlv import Ssl, Tlv, first

MAX_UNIX_NAME = 108
"""Bytes of one UNIX address in a header, section 2.2."""


@dataclass(frozen=True, slots=True)
class UnixName:
    """
    One end of a UNIX socket: a path, an abstract name (it begins with NUL), or empty,
    as a client's mostly is (unix(7)).
    """

    name: bytes

    def __str__(self) -> str:
        """For logs: printable ASCII, an abstract name behind ``@``."""
        mark = "@" if self.name[:1] == b"\0" else ""
        return f"unix:{mark}{escaped(self.name.removeprefix(bytes(1)))}"


Endpoint: TypeAlias = Address | UnixName


def told_end(end: Endpoint) -> tuple[str, int]:
    """One end in a header, as ``sockaddr.told`` tells the kernel's."""
    return (end.host, end.port) if isinstance(end, Address) else ("unix", 0)


@dataclass(frozen=True, slots=True)
class ProxyHeader:
    """
    One header, whichever version it came in or goes out in.

    Three kinds of what was *read*:

    * ``source`` and ``destination`` are there: they take the place of the connection's
      own (getpeername(2), getsockname(2)).
    * Both are None, ``local`` is false: the sender does not know them (``UNKNOWN``,
      AF_UNSPEC).  The connection's own stand, as if there were no header, beside the
      ``tlvs``.
    * ``local``: the sender connects on its own behalf, mostly to check us.  The
      connection's own stand, and all else that the header had is discarded.

    Hosts are canonical: an IPv4 host in IPv6's clothes (``::ffff:192.0.2.1``) is read
    as IPv4.  Scopes are never read and never written (RFC 4007, section 9).

    Raises ValueError when one end is there without the other, or they are IP and UNIX.
    """

    source: Endpoint | None = None
    """The client."""
    destination: Endpoint | None = None
    """Whom the client connected to."""
    tlvs: tuple[Tlv, ...] = ()
    """Type and value, in the order of the header.  One that was read has neither its
    checksum here, which was right, nor padding.  Types of SINGLE are here once."""
    local: bool = False
    """One to be *written* may have the socket's own addresses beside it: version 1,
    which knows no LOCAL, says those; version 2 says none."""
    version: int = field(default=0, compare=False)
    """1 or 2, of a header that was read."""
    length: int = field(default=0, compare=False)
    """Bytes that it took, of a header that was read: so many are to be consumed."""

    def __post_init__(self) -> None:
        if type(self.source) is not type(self.destination):
            raise ValueError(
                "source and destination are IP, UNIX or None, both of them"
            )

    def get(self, kind: int) -> bytes | None:
        """The first value of type *kind* (``net.tlv``)."""
        return first(self.tlvs, kind)

    @property
    def authority(self) -> bytes | None:
        """
        The name that the client asked for, as it wrote it; UTF-8, if it kept to that.

        The client chose these bytes: ``net.names.asked_name`` makes a name of them,
        ``net.names.escaped`` what may be told.
        """
        return self.get(tlv.AUTHORITY)

    @property
    def alpn(self) -> bytes | None:
        """The protocol agreed on with the client (RFC 7301), such as ``h2``."""
        return self.get(tlv.ALPN)

    @property
    def unique_id(self) -> bytes | None:
        """Up to 128 opaque bytes.  None where it is empty: HAProxy says "none" so."""
        return self.get(tlv.UNIQUE_ID) or None

    @property
    def ssl(self) -> Ssl | None:
        """
        What the sender says of the client's TLS.  Look at its ``encrypted``: HAProxy
        sends this of clients without TLS too.
        """
        value = self.get(tlv.SSL)
        return None if value is None else Ssl.parse(value)
