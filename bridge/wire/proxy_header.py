"""
The PROXY protocol's header, read and written: versions 1 and 2 of the specification of
2026-04-27.  Bytes in, a ``ProxyHeader`` out, and back; nothing here knows sockets.

Whose headers are believed is decided elsewhere, and before this: a header is read of
everybody on a list and of nobody else, and never guessed at (section 2).  So is how
long one is waited for; less than 3 seconds would not survive one lost segment.

A caller has two ways to read one, and with either what follows stays in the kernel:

* Peek (recv(2), MSG_PEEK) at up to MAX_HEADER bytes, hand ``read_header`` all that is
  there, and, once there is a header, consume its ``length``.  Two system calls.  A FIN
  is not seen in what is peeked at: watch for it (EPOLLRDHUP), the header is then cut.
* Read no more than a HeaderReader ``wants`` and feed it, until it has one.  Three
  system calls for version 2, a dozen for version 1, whose length stands nowhere.
"""

from __future__ import annotations

from typing import Literal

from bridge.net.address import Address
from bridge.wire import proxy_v1, proxy_v2
from bridge.wire.proxy_tlv import ProxyError
from bridge.wire.proxy_v2 import MAX_HEADER, client_of, usual
from bridge.wire.proxy_value import ProxyHeader

__all__ = [
    "MAX_HEADER",
    "HeaderReader",
    "as_written",
    "client_of",
    "read_header",
    "usual",
    "wanted",
    "write_header",
]


def read_header(data: bytes | bytearray) -> ProxyHeader | None:
    """
    Read *data* from its start; what follows the header is not looked at.

    None means that more is needed, which MAX_HEADER bytes never do.  Raises ProxyError
    as soon as it can be no header.
    """
    if not data:
        return None
    if data[0] == proxy_v1.START[0]:
        return proxy_v1.read(data)
    if data.startswith(proxy_v2.SIGNATURE[: len(data)]):
        return proxy_v2.read(data)
    raise ProxyError(f"it begins as no PROXY header does: byte 0x{data[0]:02x}")


def wanted(data: bytes | bytearray) -> int:
    """
    How many bytes after *data*, for which ``read_header`` said None, certainly belong
    to the header: so many may be read.  At least 1.
    """
    if not data:
        return proxy_v1.SHORTEST
    if data[0] == proxy_v1.START[0]:
        return proxy_v1.wants(data)
    return proxy_v2.wants(data)


def as_written(header: ProxyHeader, data: bytes) -> bool:
    """
    Whether *header*, of a client with an address and without fields, stands in *data*,
    from whose start it was read, as ``write_header`` would write it in its version.
    """
    if header.tlvs or not isinstance(header.source, Address):
        return False
    if header.version == 1:
        return data.startswith(proxy_v1.write(header))
    return proxy_v2.as_written(header)


class HeaderReader:
    """Collects a header out of pieces of any size."""

    def __init__(self) -> None:
        self._data = bytearray()
        self.rest = b""
        """What was fed beyond the header: nothing, if never more than it wants was."""

    @property
    def wants(self) -> int:
        """Bytes that may be read now without reading beyond the header."""
        return wanted(self._data)

    def feed(self, data: bytes) -> ProxyHeader | None:
        """
        The header, once *data* completes it; None before.  Raises ProxyError.

        Not to be called again after either of the other two.
        """
        self._data += data
        header = read_header(self._data)
        if header is not None:
            self.rest = bytes(self._data[header.length :])
        return header


def write_header(
    header: ProxyHeader, version: Literal[1, 2], checksum: bool = False
) -> bytes:
    """
    *header* as it goes to a server, in one piece with what the client says first.

    An IPv6 client has an IPv6 destination, whichever family the server is of: the
    address of ours that it has reached.  A check of ours sends one that is ``local``,
    with its socket's own two addresses for version 1's sake, which has no word for it.
    What came in as LOCAL or without addresses is not to be sent on as it is: it goes
    out with the addresses of the connection that it came over.  For a client without an
    address (a UNIX socket's) LOCAL is what HAProxy sends, and every receiver has to
    accept it; HAProxy refuses AF_UNIX and AF_UNSPEC, up to 3.5.

    *version* 1 says addresses and no more: TLVs and *checksum* are left out.  Raises
    ValueError for what no header holds, such as a UNIX name of 109 bytes.
    """
    if version == 1:
        return proxy_v1.write(header)
    return proxy_v2.write(header, checksum)
