"""
TLS for tests: contexts for our side, and far ends that a test drives step by step.

The far ends are Python's own ``ssl``, so that two implementations talk to each other,
and usually two releases of OpenSSL.
"""

from __future__ import annotations

import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import cast

import pytest
from cryptography import x509
from OpenSSL import SSL, crypto

from bridge.net.handshake import Handshake
from bridge.net.security import Security, TLSError
from bridge.net.tls import TLSStream
from tests.authority import Authority, Issued
from tests.pumping import Turner, tcp_pair

NAME = "web.test"
TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
VERSIONS = pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
_NUMBERS = {TLS_1_2: SSL.TLS1_2_VERSION, TLS_1_3: SSL.TLS1_3_VERSION}


@cache
def authority() -> Authority:
    return Authority()


@cache
def issued() -> Issued:
    """The server's pair."""
    return authority().issue(NAME)


def accepting(highest: ssl.TLSVersion = TLS_1_3) -> Security:
    """A front's, on our side."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate(issued().certificate)
    context.use_privatekey(issued().key)
    context.set_max_proto_version(_NUMBERS[highest])
    context.set_session_id(b"test")
    return Security(context, accepts=True)


def dialing(highest: ssl.TLSVersion = TLS_1_3, resumes: bool = False) -> Security:
    """A server's, on our side: its certificate must be the authority's."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(_NUMBERS[highest])
    store = context.get_cert_store()
    assert store is not None
    trusted = x509.load_pem_x509_certificate(authority().pem)
    store.add_cert(crypto.X509.from_cryptography(trusted))
    context.set_verify(SSL.VERIFY_PEER)
    return Security(context, accepts=False, name=NAME, resumes=resumes)


@cache
def client_context() -> ssl.SSLContext:
    """A far end's that dials."""
    return ssl.create_default_context(cadata=authority().pem.decode("ascii"))


@cache
def server_context() -> ssl.SSLContext:
    """A far end's that accepts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        files = issued().write(Path(folder), "pair")
        context.load_cert_chain(files.certificate, files.key)
    return context


class Far:
    """
    The far end of *raw*: a client, or a server.  Nothing happens but in ``turn``.

    ``seen`` has ``close_notify``, ``fin`` and ``reset`` in the order they came.
    *context* is another than the usual one; *session* is to be resumed.
    """

    def __init__(
        self,
        raw: socket.socket,
        server: bool = False,
        context: ssl.SSLContext | None = None,
        session: ssl.SSLSession | None = None,
    ) -> None:
        raw.setblocking(False)
        self.raw = raw
        self._into, self._from = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = context or (server_context() if server else client_context())
        name = None if server else NAME
        self.tls = context.wrap_bio(
            self._into, self._from, server, server_hostname=name, session=session
        )
        self.shaken = False
        self.received = b""
        self.seen: list[str] = []
        self.error = ""
        self.paused = False
        self.first = b""
        """What it sends together with the last of its handshake."""
        self.at_once = 1 << 30
        """Most bytes that ``turn`` sends."""
        self._ended = False
        self._unsent = b""

    def has(self, what: str) -> bool:
        """Turn, and tell whether *what* has been seen."""
        self.turn()
        return what in self.seen

    def got(self, data: bytes) -> bool:
        """Turn, and tell whether *data* is what has been received."""
        self.turn()
        return self.received == data

    def turn(self) -> None:
        """Read, understand and write what there is."""
        self._hear()
        try:
            if not self.shaken:
                self._shake()
            while not self.paused and "close_notify" not in self.seen:
                data = self.tls.read(1 << 16)
                self.received += data
                if not data:
                    self.seen.append("close_notify")
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.seen.append("close_notify")
        except ssl.SSLError as error:
            self.error = self.error or str(error)
        if self._ended and not self.paused and "fin" not in self.seen:
            self.seen.append("fin")
        self.speak()

    def _shake(self) -> None:
        self.tls.do_handshake()
        self.shaken = True
        if self.first:
            self.tls.write(self.first)

    def _hear(self) -> None:
        try:
            while not (self.paused or self._ended or "reset" in self.seen):
                data = self.raw.recv(1 << 16)
                self._into.write(data)
                self._ended = not data
        except BlockingIOError:
            pass
        except (ConnectionResetError, BrokenPipeError):
            self.seen.append("reset")

    def speak(self) -> None:
        """Write what waits, as far as the kernel takes it."""
        self._unsent += self._from.read()
        try:
            sent = self.raw.send(self._unsent[: self.at_once])
            self._unsent = self._unsent[sent:]
        except OSError:
            pass

    def urge(self) -> None:
        """The next byte that waits, as urgent data."""
        self.raw.send(self._unsent[:1], socket.MSG_OOB)
        self._unsent = self._unsent[1:]

    @property
    def unsent(self) -> int:
        return len(self._unsent)

    def send(self, data: bytes) -> None:
        self.tls.write(data)
        self.speak()

    def notify(self) -> None:
        """A close_notify, and on we read."""
        try:
            self.tls.unwrap()
        except ssl.SSLError:  # it wants to see ours
            pass
        self.speak()

    def fin(self) -> None:
        """A FIN, and nothing before it."""
        self.raw.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.raw.close()


class TLSPeer(ssl.SSLSocket):
    """A blocking far end that half-closes and closes as TLS has it."""

    def __new__(cls, raw: socket.socket) -> TLSPeer:
        made = client_context().wrap_socket(
            raw, server_hostname=NAME, suppress_ragged_eofs=False
        )
        made.__class__ = cls
        return cast(TLSPeer, made)

    def __init__(self, raw: socket.socket) -> None:
        pass

    def recv(self, size: int = 1024, flags: int = 0) -> bytes:
        try:
            return super().recv(size, flags)
        except ssl.SSLWantReadError:
            raise BlockingIOError from None
        except ssl.SSLEOFError:
            raise ConnectionResetError from None

    def shutdown(self, how: int) -> None:
        timeout = self.gettimeout()
        self.setblocking(False)
        try:
            self.unwrap()
        except (ssl.SSLError, OSError):  # it wants an answer
            pass
        self.settimeout(timeout)

    def close(self) -> None:
        if self.fileno() >= 0:
            self.shutdown(socket.SHUT_WR)
        super().close()


class Outcome:
    """Waits for a handshake of ours."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def secured(self, stream: TLSStream) -> None:
        self.told.append("secured")

    def unsecured(self, stream: TLSStream, error: TLSError) -> None:
        self.told.append(str(error))


class Pair:
    """A stream of ours, not yet shaken, and its far end."""

    def __init__(
        self,
        turner: Turner,
        ends: tuple[socket.socket, socket.socket],
        security: Security,
    ) -> None:
        self.turner = turner
        self.outcome = Outcome()
        ours, theirs = ends
        self.stream = TLSStream(turner.stream(ours), security, linger=5)
        self.far = Far(theirs, server=not security.accepts)

    def until(self, reached: Callable[[], object]) -> None:
        """Turn both until *reached*."""

        def turned() -> object:
            self.far.turn()
            return reached()

        self.turner.until(turned)

    def settle(self) -> None:
        """Turn both until nothing moves any more."""
        for _ in range(3):
            self.far.turn()
            self.turner.settle()
        self.far.turn()

    @property
    def text(self) -> memoryview:
        """What is pulled and pushed."""
        return self.stream.seal.channel.text

    def begin(self) -> None:
        """Begin the handshake."""
        Handshake(self.stream, self.outcome).begin()

    def shake(self) -> None:
        self.begin()
        self.until(lambda: self.outcome.told and self.far.shaken)
        assert self.outcome.told == ["secured"]

    def close(self) -> None:
        self.stream.abort()
        self.far.close()


class Maker:
    """Makes pairs that end with the test."""

    def __init__(self, turner: Turner) -> None:
        self.turner = turner
        self.made: list[Pair] = []

    def pair(self, security: Security) -> Pair:
        self.made.append(Pair(self.turner, tcp_pair(), security))
        return self.made[-1]

    def shaken(self, security: Security | None = None) -> Pair:
        pair = self.pair(security or accepting())
        pair.shake()
        return pair


@pytest.fixture
def make(turner: Turner) -> Iterator[Maker]:
    maker = Maker(turner)
    yield maker
    for pair in maker.made:
        pair.close()


def pull(pair: Pair) -> bytes:
    """What one ``pull`` gives, once it gives something or the end."""
    got: list[int] = []

    def pulled() -> bool:
        size = pair.stream.pull()
        got.append(size)
        return size >= 0

    pair.until(pulled)
    return pair.text[: got[-1]].tobytes()
