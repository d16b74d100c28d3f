"""
The first message of a TLS client, read without answering it.

Bytes in, a value out, "more is needed" or one error; nothing is decrypted and no
certificate is looked at.  What follows from a name is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.net.names import ASKED, escaped, read_name
from bridge.net.signing import Offer

MAX_HELLO = 16384
"""
Bytes of the message.  Those of today's browsers are 600 to 2,000; TLS itself would
allow 16 MiB, which nobody may make us keep.  It is also what one record holds.
"""
MAX_BYTES = MAX_HELLO + 2048
"""Bytes it may take on the wire: with headers of 5 bytes, in up to 400 records."""

_RECORD_HEADER = 5  # type, version, length: RFC 8446 section 5.1
_MESSAGE_HEADER = 4  # type, length: section 4
_HANDSHAKE, _CLIENT_HELLO = 22, 1
_MAX_RECORD = 1 << 14
_SERVER_NAME, _ALPN, _SUPPORTED_VERSIONS = 0, 16, 43  # section 4.2
_GROUPS, _SIGNATURES = 10, 13  # likewise
_HOST_NAME = 0  # RFC 6066 section 3

_CUT = "the ClientHello ends inside a field"


class HelloError(ValueError):
    """This is no ClientHello.  The message is one line, without the peer's bytes."""


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What a client says of itself in the clear."""

    server_name: str | None
    """Whom it wants (RFC 6066): lower case, A-labels, no dot at the end.  None where it
    names nobody, or what can be nobody's name, such as an address.  With Encrypted
    Client Hello it is the outer name, the only one that is not encrypted."""
    protocols: tuple[bytes, ...]
    """What it would speak (ALPN, RFC 7301), in its order of preference."""
    versions: tuple[int, ...]
    """The versions it speaks, its favourite first: 0x0304 is TLS 1.3."""
    asked: str = ""
    """Whom it wants, as it wrote it, in printable ASCII; empty: it names nobody."""
    offer: Offer = field(default=Offer(), compare=False, repr=False)
    """What it can verify."""

    @classmethod
    def parse(cls, data: bytes) -> ClientHello | None:
        """
        Read *data* from its start; what follows the message is passed over.

        None means that more is needed.  Raises HelloError.
        """
        return HelloReader().feed(data)


class HelloReader:
    """
    Collects a ClientHello out of pieces of any size.

    A message may be split over records anywhere, and records over segments.  Each byte
    is looked at once, so small pieces cost their sender more than us.
    """

    def __init__(self) -> None:
        self._taken = 0
        self._record = bytearray()
        self._message = bytearray()

    def feed(self, data: bytes) -> ClientHello | None:
        """
        The hello, once *data* completes it; None before.  Raises HelloError.

        Not to be called again after either of the other two.
        """
        self._taken += len(data)
        self._record += data
        while self._next_record():
            hello = self._finished()
            if hello is not None:
                return hello
        if self._taken > MAX_BYTES:
            raise HelloError(f"the ClientHello is longer than {MAX_BYTES} bytes")
        return None

    def _next_record(self) -> bool:
        """Move one whole record's content to the message, if one is there."""
        record = self._record
        if record:
            _check_record(record)
        if len(record) < _RECORD_HEADER:
            return False
        end = _RECORD_HEADER + int.from_bytes(record[3:5], "big")
        if len(record) < end:
            return False
        self._message += record[_RECORD_HEADER:end]
        del record[:end]
        return True

    def _finished(self) -> ClientHello | None:
        message = self._message
        if message[0] != _CLIENT_HELLO:
            raise HelloError(f"handshake message {message[0]} is no ClientHello")
        if len(message) < _MESSAGE_HEADER:
            return None
        length = int.from_bytes(message[1:4], "big")
        if length > MAX_HELLO:
            raise HelloError(f"a ClientHello of {length} bytes is too long")
        end = _MESSAGE_HEADER + length
        if len(message) < end:
            return None
        return _hello(bytes(message[_MESSAGE_HEADER:end]))


def _check_record(start: bytearray) -> None:
    """As much of a record's header as *start*, not empty, has of it."""
    if start[0] != _HANDSHAKE:
        raise HelloError(f"not TLS: a byte 0x{start[0]:02x} begins no handshake record")
    if len(start) > 1 and start[1] != 3:  # SSL 3 to TLS 1.3: RFC 8446 appendix D
        raise HelloError(f"not TLS: a record of version {start[1]}.x")
    if len(start) >= _RECORD_HEADER:
        length = int.from_bytes(start[3:5], "big")
        # Fragments of no length would cost work for nothing: RFC 8446 section 5.1.
        if not 0 < length <= _MAX_RECORD:
            raise HelloError(f"a handshake record of {length} bytes")


class _Reader:
    """Reads vectors off the front of some bytes.  Raises HelloError at their end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, count: int) -> bytes:
        at, self._at = self._at, self._at + count
        if self._at > len(self._data):
            raise HelloError(_CUT)
        return self._data[at : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        """What stands behind its length of *size* bytes: RFC 8446 section 3.4."""
        return self.take(self.number(size))


def _hello(body: bytes) -> ClientHello:
    """RFC 8446 section 4.1.2."""
    reader = _Reader(body)
    version = reader.number(2)
    if version >> 8 != 3:
        raise HelloError(f"a ClientHello of version 0x{version:04x}")
    reader.take(32)  # random
    if len(reader.vector(1)) > 32:
        raise HelloError("its session id is too long")
    suites = reader.vector(2)
    if not suites or len(suites) % 2:
        raise HelloError("its list of cipher suites is broken")
    if not reader.vector(1):
        raise HelloError("its list of compression methods is empty")
    extensions = _extensions(reader.vector(2)) if reader else {}
    if reader:
        raise HelloError("bytes follow its extensions")
    written = _server_name(extensions.get(_SERVER_NAME))
    versions = _versions(extensions.get(_SUPPORTED_VERSIONS), version)
    groups, signatures = extensions.get(_GROUPS), extensions.get(_SIGNATURES)
    return ClientHello(
        read_name(written.decode("ascii", "replace"), ASKED),
        _protocols(extensions.get(_ALPN)),
        versions,
        escaped(written),
        Offer(versions, suites, groups, signatures),
    )


def _extensions(data: bytes) -> dict[int, bytes]:
    """
    All extensions by type.

    One that stands there twice is an error (RFC 8446, section 4.2): of two names, we
    might route by the one and the server answer for the other.
    """
    found: dict[int, bytes] = {}
    at, end = 0, len(data)
    while at < end:  # by hand, not by _Reader: there are a dozen, in every hello
        start = at + 4
        if start > end:
            raise HelloError(_CUT)
        kind = data[at] << 8 | data[at + 1]
        if kind in found:
            raise HelloError(f"its extension {kind} stands there twice")
        at = start + (data[at + 2] << 8 | data[at + 3])
        if at > end:
            raise HelloError(_CUT)
        found[kind] = data[start:at]
    return found


def _server_name(data: bytes | None) -> bytes:
    """
    RFC 6066 section 3: a list that may have one name only, as it is written.

    Whatever stands there is no fault: names with a port or an address are sent by some,
    and who has no such name is for others to say.
    """
    if data is None:
        return b""
    outer = _Reader(data)
    names = _Reader(outer.vector(2))
    if outer or not names or names.number(1) != _HOST_NAME:
        raise HelloError("its server name is broken")
    written = names.vector(2)
    if names:
        raise HelloError("it has more than one server name")
    return written


def _protocols(data: bytes | None) -> tuple[bytes, ...]:
    """RFC 7301 section 3.1."""
    if data is None:
        return ()
    outer = _Reader(data)
    reader, found = _Reader(outer.vector(2)), list[bytes]()
    while reader:
        found.append(reader.vector(1))
    if outer or not found or b"" in found:
        raise HelloError("its list of protocols is broken")
    return tuple(name for name in found if len(name) != 2 or not _grease(name))


def _versions(data: bytes | None, oldest: int) -> tuple[int, ...]:
    """RFC 8446 section 4.2.1; before it, the one in front is the only one."""
    if data is None:
        return (oldest,)
    outer = _Reader(data)
    listed = outer.vector(1)
    if outer or not listed or len(listed) % 2:
        raise HelloError("its list of versions is broken")
    pairs = (listed[at : at + 2] for at in range(0, len(listed), 2))
    return tuple(int.from_bytes(pair, "big") for pair in pairs if not _grease(pair))


def _grease(pair: bytes) -> bool:
    """Whether it is one of the values that mean nothing: RFC 8701, section 2."""
    return pair[0] == pair[1] and pair[0] & 0x0F == 0x0A
