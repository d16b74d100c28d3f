"""ClientHellos: built by hand, and taken from real programs."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterable, Sequence
from itertools import pairwise

Extensions = Sequence[tuple[int, bytes]]

GREASE = (0x0A0A, 0x5A5A, 0xFAFA)
RANDOM = bytes(range(32))


def vector(size: int, data: bytes) -> bytes:
    """*data* behind its length."""
    return len(data).to_bytes(size, "big") + data


def server_name(name: bytes, kind: int = 0) -> tuple[int, bytes]:
    return 0, vector(2, bytes([kind]) + vector(2, name))


def protocols(*names: bytes) -> tuple[int, bytes]:
    return 16, vector(2, b"".join(vector(1, name) for name in names))


def versions(*numbers: int) -> tuple[int, bytes]:
    return 43, vector(1, b"".join(number.to_bytes(2, "big") for number in numbers))


def body(extensions: Extensions | None, version: int = 0x0303) -> bytes:
    """A ClientHello without its header; None: not even an empty list of extensions."""
    fixed = version.to_bytes(2, "big") + RANDOM + vector(1, b"s" * 32)
    fixed += vector(2, bytes.fromhex("0a0a13011302c02f")) + vector(1, b"\0")
    if extensions is None:
        return fixed
    parts = (kind.to_bytes(2, "big") + vector(2, data) for kind, data in extensions)
    return fixed + vector(2, b"".join(parts))


def message(content: bytes, kind: int = 1) -> bytes:
    return bytes([kind]) + vector(3, content)


def records(data: bytes, cuts: Iterable[int] = ()) -> bytes:
    """*data* as handshake records, cut at these places."""
    edges = [0, *sorted(set(cuts)), len(data)]
    pieces = [data[a:b] for a, b in pairwise(edges) if a < b]
    return b"".join(b"\x16\x03\x01" + vector(2, piece) for piece in pieces)


def hello(*extensions: tuple[int, bytes]) -> bytes:
    """One whole hello in one record."""
    return records(message(body(extensions)))


def of_python(name: str | None, *alpn: str) -> bytes:
    """What Python's ssl module would send."""
    context = ssl.create_default_context()
    context.check_hostname = False
    if alpn:
        context.set_alpn_protocols(list(alpn))
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = context.wrap_bio(into, out, server_hostname=name)
    try:
        connection.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def of_program(*command: str) -> bytes:
    """
    The first bytes that *command* sends, in which PORT stands for where to, once they
    make a whole record.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        port = str(listener.getsockname()[1])
        words = [word.replace("PORT", port) for word in command]
        quiet = subprocess.DEVNULL
        with subprocess.Popen(words, stdin=quiet, stdout=quiet, stderr=quiet) as run:
            try:
                connection, _ = listener.accept()
                with connection, connection.makefile("rb") as reader:
                    header = reader.read(5)
                    return header + reader.read(int.from_bytes(header[3:5], "big"))
            finally:
                run.kill()
