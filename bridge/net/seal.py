"""
TLS records into plaintext and back, for one connection, without a socket.

Here: ``Seal``, and the ``Channel`` that all of a pump share.  Not here: who reads and
writes the socket (``sealed``), or what a context allows (its maker).

OpenSSL is given memory to read from and to write to, never the descriptor.  So it never
"wants to write" in the middle of a read; one system call takes up to SIZE bytes of
records in, or out, where OpenSSL on a descriptor needs two for each record read and one
for each written; and whether a stream was cut off is seen by us and not guessed.

This file and ``mould`` reach below pyOpenSSL's public names.  Its ``recv_into``
allocates and copies for each record, and says "no more" by raising.  Measured with
TLS 1.3 and AES-256-GCM, in microseconds:

=======================  ====================  ================  ==============
what                     descriptor, public    memory, public    memory, so
=======================  ====================  ================  ==============
a small message read     8.4                   7.9               3.9
a small message written  6.3                   7.4               5.3
64 KiB written           38                    34                25
=======================  ====================  ================  ==============

So is the handshake, which says "no more" twice.  What is asked of a connection in rare
cases (its protocol, certificates) is pyOpenSSL's own.
"""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL

from bridge.net.mould import ffi, lib

SIZE = 64 * 1024
"""Bytes taken from a socket at once, records or not."""

PIECE = 16 * 1024
"""
Bytes handed to OpenSSL at once: one record's plaintext at most (RFC 8446, section 5.1).
Its memory grows to the largest piece it ever held, and stays so while the session
idles.
"""

TEXT_ROOM = SIZE + 2 * PIECE
"""What SIZE bytes can become, after an incomplete record of earlier."""

WIRE_ROOM = 2 * SIZE
"""More than TEXT_ROOM in records, each at most 256 bytes longer (section 5.2)."""

ORDINARY = 40
"""
Bytes that one record is longer than its data, and less than two: 22 with TLS 1.3, 29
with TLS 1.2.
"""

READS = 256
"""
Calls of SSL_read before others get their turn: 180 microseconds of records with a byte
in each.  SIZE bytes are 45 records of 1,460 bytes, and 4 of the largest.
"""

ASIDES = 32
"""
Records without data, likewise: answering a KeyUpdate takes OpenSSL 12 microseconds, and
SIZE bytes could hold 2,400 of them.
"""

_read, _write, _why = lib.SSL_read, lib.SSL_write, lib.SSL_get_error
_shake, _shut = lib.SSL_do_handshake, lib.SSL_shutdown
_feed, _take = lib.BIO_write, lib.BIO_read
_WANT_READ: int = lib.SSL_ERROR_WANT_READ
_asked, _HOST_NAME = lib.SSL_get_servername, lib.TLSEXT_NAMETYPE_host_name
_waits, _WHERE = lib.BIO_get_mem_data, ffi.new("char **")
_TURN = range(READS)


class Channel:
    """
    Two buffers between sockets.  One pair serves all streams of a pump, since one at a
    time has its turn: what is in them is nobody's beyond one call.
    """

    __slots__ = ("at_text", "at_wire", "text", "wire")

    def __init__(self) -> None:
        self.at_text: Any = ffi.new("char[]", TEXT_ROOM)
        self.at_wire: Any = ffi.new("char[]", WIRE_ROOM)
        self.text = memoryview(ffi.buffer(self.at_text))
        """Plaintext, on its way from one socket to another."""
        self.wire = memoryview(ffi.buffer(self.at_wire))
        """Records."""


class Seal:
    """
    What stands between the text and the wire of *channel* for *connection*, which has
    no socket and is of a ``Mould``.

    Not to be used on while ``failure`` is set: OpenSSL gave the connection up.
    """

    __slots__ = (
        "_from", "_into", "_ssl", "asides", "channel", "connection", "failure",
        "pending", "stopped",
    )  # fmt: skip

    def __init__(self, connection: SSL.Connection, channel: Channel) -> None:
        raw: Any = connection
        self.connection = connection
        self.channel = channel
        self._ssl = raw._ssl
        self._into = raw._into_ssl
        self._from = raw._from_ssl
        self.asides = 0
        """
        Records without data that were read, if others came right behind them: key
        updates, tickets, whatever asks to negotiate again.  OpenSSL itself counts empty
        ones and alerts, and fails after a few in a row.
        """
        self.pending = False
        """
        Before more is fed there is something to do: what was fed is not all read yet
        (``unseal(0)``), OpenSSL may have something to say, or it is ``stopped``.
        """
        self.stopped = False
        """Nothing more will come: close_notify was read, or something unreadable."""
        self.failure: SSL.Error | None = None
        """Why, if it was not close_notify."""

    @property
    def version(self) -> int:
        """``SSL.TLS1_3_VERSION``, or one of its kind."""
        number: int = lib.SSL_version(self._ssl)
        return number

    @property
    def asked(self) -> bytes:
        """The server name that the client asked for; empty: none."""
        name = _asked(self._ssl, _HOST_NAME)
        return ffi.string(name) if name else b""

    @property
    def resumed(self) -> bool:
        """Whether the handshake, which is through, took up an earlier session."""
        return bool(lib.SSL_session_reused(self._ssl))

    def shake(self, size: int = 0) -> bool:
        """
        Go on with the handshake, and with the first *size* bytes of ``wire``, at most
        PIECE of them: whether it is through.  Raises SSL.Error.
        """
        if size:
            _feed(self._into, self.channel.at_wire, size)
        result = _shake(self._ssl)
        if result == 1:
            self.pending = _waits(self._into, _WHERE) > 0  # came right behind it
            return True
        if _why(self._ssl, result) != _WANT_READ:
            self._raise(result)
        return False

    def feed(self, size: int) -> None:
        """Hand over the first *size* bytes of ``wire``, at most PIECE of them."""
        _feed(self._into, self.channel.at_wire, size)

    def unseal(self, size: int, most: int = TEXT_ROOM) -> int:
        """
        Open the first *size* bytes of ``wire``: how many bytes of ``text`` they gave.

        Fewer when a record is not complete yet; when there were too many small ones for
        one turn, some without data, or more than *most* (``pending``); ``stopped`` when
        no more can come.  With size 0: what was fed earlier.
        """
        ssl, into, got, fed, asides = self._ssl, self._into, 0, 0, 0
        text = self.channel.at_text
        self.pending = False
        if size:
            fed = size if size < PIECE else PIECE
            _feed(into, self.channel.at_wire, fed)
        for _ in _TURN:
            result = _read(ssl, text + got, most - got)
            if result > 0:
                got += result
                if got == most:
                    break
                # Mostly that was one record, and all: OpenSSL need not say so.
                if size - got > ORDINARY or fed < size or _waits(into, _WHERE):
                    continue
            elif _why(ssl, result) != _WANT_READ:
                self._stop(result)
                return got
            elif _waits(into, _WHERE):  # it has read a record, and not one of data
                asides += 1
                if asides == ASIDES:
                    break
                continue
            elif fed < size:
                fed += self._feed_next(fed, size)
                continue
            if asides:
                self._set_aside(asides)
            return got
        while fed < size:
            fed += self._feed_next(fed, size)
        self._set_aside(asides)
        return got

    def _feed_next(self, fed: int, size: int) -> int:
        """Feed a piece behind the first *fed* bytes of *size*: its size."""
        piece = size - fed
        if piece > PIECE:
            piece = PIECE
        _feed(self._into, self.channel.at_wire + fed, piece)
        return piece

    def _set_aside(self, count: int) -> None:
        self.asides += count
        self.pending = True

    def seal(self, size: int) -> int:
        """
        Make records of the first *size* bytes of ``text``: how many bytes of ``wire``.

        Whatever else OpenSSL had to say comes with them.  Raises SSL.Error, after
        ``shut`` for one.
        """
        ssl, done, made = self._ssl, 0, 0
        text, wire = self.channel.at_text, self.channel.at_wire
        while done < size:
            piece = size - done
            if piece > PIECE:
                piece = PIECE
            result = _write(ssl, text + done, piece)
            if result <= 0:
                self._raise(result)
            done += result
            made += _take(self._from, wire + made, WIRE_ROOM - made)
        return made

    def take(self) -> int:
        """What OpenSSL has to say by itself: bytes of ``wire``, 0 when nothing."""
        size: int = _take(self._from, self.channel.at_wire, WIRE_ROOM)
        return size if size > 0 else 0

    def shut(self) -> None:
        """Make a close_notify.  Nothing can be sealed any more."""
        if _shut(self._ssl) < 0:  # in mid-handshake, or failed: nothing to close
            lib.ERR_clear_error()

    def _raise(self, result: int) -> None:
        connection: Any = self.connection
        connection._raise_ssl_error(self._ssl, result)

    def _stop(self, result: int) -> None:
        self.stopped = self.pending = True
        try:
            self._raise(result)
        except SSL.ZeroReturnError:
            pass
        except SSL.Error as error:
            self.failure = error.with_traceback(None)  # which refers to this


def reason_of(error: SSL.Error) -> str:
    """What OpenSSL said first of *error*, in one line: ``no shared cipher``."""
    try:
        said = error.args[0][0][-1]
    except (IndexError, TypeError):
        said = ""
    return said or "the handshake failed"


def verdict_of(code: int) -> str:
    """OpenSSL's words for why it did not believe a certificate (X509_V_ERR_...)."""
    words: bytes = ffi.string(lib.X509_verify_cert_error_string(code))
    return words.decode("ascii", "replace")
