"""
What servers are told of a client before its first byte: a PROXY header.

Here: what is said, of which session, and what a check of ours says in the same place.
Not here: its form (``wire.proxy_header``), when it leaves (``net.dial``), and which
header the client came with (``identifying``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from bridge.net import tlv
from bridge.net.address import Address
from bridge.net.names import ASKED, read_name
from bridge.net.sockaddr import Socket, told
from bridge.net.tls import TLSStream
from bridge.net.tlsinfo import certificate_names
from bridge.wire.proxy_header import write_header
from bridge.wire.proxy_tlv import Ssl, outgoing
from bridge.wire.proxy_value import ProxyHeader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from OpenSSL import SSL

    from bridge.net.sockaddr import SocketAddress
    from bridge.net.stream import Stream
    from bridge.session.destination import SendProxy
    from bridge.session.terms import Terms
    from bridge.wire.proxy_tlv import Tlv
    from bridge.wire.proxy_value import Endpoint


class Introduced(Protocol):
    """Whose server it is: a session."""

    @property
    def front(self) -> Stream: ...

    @property
    def identity(self) -> ProxyHeader | None: ...

    @property
    def asked(self) -> str: ...

    @property
    def terms(self) -> Terms: ...

    name: str
    """What it is called in its record, once that was asked."""


class Preface:
    """
    Of *introduced*, in the form *how*.

    It is the same for each server that is tried: made once, when the first of them is
    connected.
    """

    __slots__ = ("_how", "_introduced", "_written")

    def __init__(self, introduced: Introduced, how: SendProxy) -> None:
        self._introduced = introduced
        self._how = how
        self._written = b""

    @property
    def more(self) -> bool:
        """Something of the client's is there, and goes with it in one segment."""
        front = self._introduced.front
        return front.readable or front.ended

    @property
    def size(self) -> int:
        """Bytes that a server got first, if it got anything."""
        return len(self._written)

    def over(self, sock: Socket) -> bytes:
        if not self._written:
            how = self._how
            header = self._introduced.identity
            if header is None or header.tlvs or how.added or not _is_ip(header):
                header = _header(self._introduced, how)
            self._written = write_header(header, how.version, tlv.CRC32C in how.added)
        return self._written


class OwnPreface:
    """Of a check, which speaks for nobody: LOCAL, or in version 1 its own addresses."""

    more = False

    def __init__(self, version: Literal[1, 2]) -> None:
        self._version = version

    def over(self, sock: Socket) -> bytes:
        ours, theirs = _ends(sock) if self._version == 1 else (None, None)
        return write_header(ProxyHeader(ours, theirs, local=True), self._version)


def _header(introduced: Introduced, how: SendProxy) -> ProxyHeader:
    identity, front = introduced.identity, introduced.front
    client: Endpoint | None
    listen: Endpoint | None
    if identity is not None and identity.source is not None:
        client, listen = identity.source, identity.destination
    else:
        client, listen = _end(front.peer), _end(front.socket.getsockname())
    if not isinstance(client, Address) or not isinstance(listen, Address):
        return ProxyHeader(local=True)  # of a unix socket; AF_UNIX is widely refused
    came = identity.tlvs if identity is not None else ()
    fields = outgoing(came, how.passed, _added(introduced, how.added))
    return ProxyHeader(client, listen, fields)


def _is_ip(header: ProxyHeader) -> bool:
    return isinstance(header.source, Address)


def _ends(sock: Socket) -> tuple[Address, Address] | tuple[None, None]:
    try:
        ours, theirs = _end(sock.getsockname()), _end(sock.getpeername())
    except OSError:  # it was reset already, as whoever sends will hear
        return None, None
    if ours is None or theirs is None:  # a unix socket's
        return None, None
    return ours, theirs


def _end(where: SocketAddress) -> Address | None:
    """One end of a socket, without its zone, which is nobody else's (RFC 4007)."""
    if not isinstance(where, tuple):
        return None
    host, port = told(where)
    return Address(host.partition("%")[0], port)


def _added(introduced: Introduced, kinds: tuple[int, ...]) -> Iterator[Tlv]:
    """Those of *kinds* that there is something to say of."""
    front = introduced.front
    secure = front if isinstance(front, TLSStream) and front.protected else None
    connection = secure.connection if secure is not None else None
    for kind in kinds:
        if kind == tlv.AUTHORITY:
            value = _authority(introduced.asked, connection)
        elif kind == tlv.UNIQUE_ID:
            introduced.name = introduced.name or introduced.terms.house.next_name()
            value = introduced.name.encode()
        elif connection is not None and kind == tlv.ALPN:
            value = connection.get_alpn_proto_negotiated()
        elif secure is not None and kind == tlv.SSL:
            value = _ssl(secure)
        else:
            value = b""
        if value:
            yield kind, value


def _authority(asked: str, connection: SSL.Connection | None) -> bytes:
    """The name, if it is one: what was asked for may be anything."""
    if not asked and connection is not None:  # one certificate: nobody else has read it
        asked = (connection.get_servername() or b"").decode("ascii", "replace")
    return (read_name(asked, ASKED) or "").encode("ascii")


def _ssl(secure: TLSStream) -> bytes:
    connection = secure.connection
    shown, common_name = certificate_names(connection)
    names = {
        tlv.SSL_VERSION: connection.get_protocol_version_name(),
        tlv.SSL_CIPHER: connection.get_cipher_name() or "",
        tlv.SSL_CN: common_name,
    }
    # Whoever shows a certificate that is not good has not got this far.
    verify = 0 if shown else None
    return Ssl.of(names, verify, resumed=secure.seal.resumed).as_tlv()[1]
