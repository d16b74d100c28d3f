"""TLS between two connections over memory: nothing to wait for, nothing to time out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from OpenSSL import SSL

from tests.authority import Files


@dataclass(frozen=True)
class FrontTls:
    """What a configuration says of a front's TLS."""

    certificates: Sequence[Entry]
    minimum: str = "1.2"
    alpn: Sequence[str] = ()
    strict_sni: bool = False
    tickets: bool = True
    client_ca: Path | None = None
    client_certificate: str = "none"


@dataclass(frozen=True)
class Entry:
    """What it says of one certificate."""

    certificate: Path
    key: Path | None
    client_ca: Path | None = None
    client_certificate: str | None = None

    @classmethod
    def of(cls, files: Files, ca: Path | None = None, rule: str | None = None) -> Entry:
        return cls(files.certificate, files.key, ca, rule)


@dataclass(frozen=True)
class FarmTls:
    """What it says of a farm's."""

    identity: str | None = None
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    sni: str | None = None
    alpn: Sequence[str] = ()
    minimum: str = "1.2"
    require_close_notify: bool = True
    insecure_skip_verify: bool = False


class Link:
    """A client and a server, and the bytes between them."""

    def __init__(self, client: SSL.Connection, server: SSL.Connection) -> None:
        self.client = client
        self.server = server

    def shake(self) -> Link:
        """Handshake, and let tickets arrive.  Raises SSL.Error of whoever refuses."""
        done = {self.client: False, self.server: False}
        for _ in range(8):
            for end in (self.client, self.server):
                self._step(end, done)
        if not all(done.values()):
            raise AssertionError("the handshake does not come to an end")
        self._hear(self.client)
        self._hear(self.server)  # and of a client's that is refused late
        return self

    def _step(self, end: SSL.Connection, done: dict[SSL.Connection, bool]) -> None:
        try:
            if not done[end]:
                end.do_handshake()
                done[end] = True
        except SSL.WantReadError:
            pass
        finally:
            self.carry()

    def carry(self) -> None:
        """Bring what each has said to the other."""
        for one, other in ((self.client, self.server), (self.server, self.client)):
            try:
                data = one.bio_read(1 << 17)
            except SSL.WantReadError:
                continue
            other.bio_write(data)

    def _hear(self, end: SSL.Connection) -> None:
        try:
            end.recv(1)
        except SSL.WantReadError:
            pass

    def close(self) -> None:
        """Say goodbye, without which OpenSSL forgets the session."""
        for end in (self.client, self.server):
            end.shutdown()
        self.carry()


def client(
    ca: Path | None = None, files: Files | None = None, version: int = 0
) -> SSL.Context:
    """What a client's context may be like; without *ca* it believes everyone."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    if ca is not None:
        context.load_verify_locations(str(ca))
        context.set_verify(SSL.VERIFY_PEER)
    if files is not None:
        context.use_certificate_file(str(files.certificate))
        context.use_privatekey_file(str(files.key))
    if version:
        context.set_max_proto_version(version)
    return context


def dialed(
    context: SSL.Context, name: str = "", session: SSL.Session | None = None
) -> SSL.Connection:
    """A client's connection."""
    made = SSL.Connection(context, None)
    made.set_connect_state()
    if name:
        made.set_tlsext_host_name(name.encode("ascii"))
    if session is not None:
        made.set_session(session)
    return made


def accepted(context: SSL.Context) -> SSL.Connection:
    """A server's connection."""
    made = SSL.Connection(context, None)
    made.set_accept_state()
    return made


def resumed(link: Link) -> bool:
    """What OpenSSL knows and pyOpenSSL does not tell."""
    library: Any = SSL._lib  # type: ignore[attr-defined]
    server: Any = link.server
    return bool(library.SSL_session_reused(server._ssl))


def first_words(connection: SSL.Connection) -> bytes:
    """A client's ClientHello, which it has not sent yet."""
    try:
        connection.do_handshake()
    except SSL.WantReadError:
        pass
    return connection.bio_read(1 << 17)
