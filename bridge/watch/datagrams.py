"""
Lines that end up elsewhere one by one, each a datagram: what a syslog daemon takes, at
a unix socket or by UDP (RFC 5426).

Here: the socket, and that a daemon which was started again is found again.  Not here:
what a line says (``syslog``).
"""

from __future__ import annotations

import errno
import socket
from contextlib import suppress

from bridge.watch.target import WHOLE

MOST = 8192
"""
Bytes of a message: what rsyslog takes where it is not told of more, and within what UDP
carries.  A longer one is cut.
"""

RETRY = 0.002
"""
Seconds between two tries at a daemon that is slow.

A unix socket keeps ten messages where nobody has said otherwise
(net.unix.max_dgram_qlen), and a daemon that reads has done so long before that.
"""

LEAST = 1024
"""Bytes of one that the way does not take."""

_CUT = b"..."

_FLAGS = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL

_GONE = frozenset(
    {errno.ENOENT, errno.ECONNREFUSED, errno.ENOTCONN, errno.ECONNRESET, errno.EPIPE}
)
"""Nobody is there any more; perhaps somebody else is."""


class Datagrams:
    """
    To *address*: the path of a unix socket, or a literal host (with its interface, if
    that is link-local) and a port.

    Nobody has to be there yet: until then writing raises OSError.
    """

    most = WHOLE
    retry = RETRY

    def __init__(self, address: str | tuple[str, int]) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        with suppress(OSError):  # while this user may, and the path means something
            self._connect()

    @property
    def _by_udp(self) -> bool:
        return not isinstance(self._address, str)

    def _connect(self) -> socket.socket:
        self.close()
        made = socket.socket(self._family(), socket.SOCK_DGRAM)
        try:
            made.connect(self._address)
        except BaseException:
            made.close()
            raise
        self._socket = made
        return made

    def _family(self) -> int:
        if isinstance(self._address, str):
            return socket.AF_UNIX
        return socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET

    def write(self, data: bytes) -> int:
        """
        Send lines of *data*, of which none may be left in half.  How many bytes that
        was.  Raises OSError if the first could not be sent.
        """
        start = 0
        try:
            while start < len(data):
                end = data.find(b"\n", start) + 1 or len(data)
                self._send(bounded(data[start:end].rstrip(b"\n"), MOST))
                start = end
        except BlockingIOError:
            pass
        except OSError:
            if not start:
                raise
        return start

    def _send(self, message: bytes) -> None:
        made = self._socket or self._connect()
        try:
            made.send(message, _FLAGS)
        except BlockingIOError:
            raise
        except OSError as error:
            if error.errno == errno.EMSGSIZE:  # no waiting makes it shorter
                made.send(bounded(message, LEAST), _FLAGS)
                return
            # By UDP this is what became of the message before, or of the way.
            self.close()
            if self._by_udp or error.errno not in _GONE:
                raise
            self._connect().send(message, _FLAGS)

    def is_file(self, path: str) -> bool:
        """A daemon's socket is no file to write to."""
        return False

    def reopen(self) -> None:
        """Find the daemon again, if it is there: what is written next says if not."""
        with suppress(OSError):
            self._connect()

    def close(self) -> None:
        made, self._socket = self._socket, None
        if made is not None:
            made.close()


def bounded(message: bytes, most: int) -> bytes:
    """
    *message*, in *most* bytes.  No character is left in half.

    >>> bounded("aé€".encode(), 5), bounded("aé".encode(), 3)
    (b'a...', b'a\xc3\xa9')
    """
    if len(message) <= most:
        return message
    cut = most - len(_CUT)
    while cut and message[cut] & 0xC0 == 0x80:  # within a character of UTF-8
        cut -= 1
    return message[:cut] + _CUT
