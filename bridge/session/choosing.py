"""
What follows from whom a client asks for: its certificate, or its farm.

Not here: how that is read (``greeting``), and which names there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bridge.net.names import Names
from bridge.net.security import TLSError
from bridge.net.stream import READ_SIZE, Stream
from bridge.session.flow import Event

if TYPE_CHECKING:
    from bridge.session.session import Session
    from bridge.session.terms import Terms
    from bridge.wire.client_hello import ClientHello, HelloError

UNRECOGNIZED_NAME = b"\x15\x03\x03\x00\x02\x02\x70"
"""A fatal alert as one record (RFC 6066, section 3; RFC 8446, sections 5.1 and 6)."""


class Routes:
    """Where the sessions of a front go, by pattern of name."""

    def __init__(self, named: Mapping[str, Terms], default: Terms | None) -> None:
        """*default*: for all other names, for none, and for what is not TLS."""
        self._names = Names(named)
        self._default = default

    def find(self, name: str | None) -> Terms | None:
        """None: nowhere."""
        found = self._names.find(name)
        return found if found is not None else self._default


class ByCertificate:
    """Chooses what *session*'s client is shown, and lets the handshake begin."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def greeted(self, stream: Stream, hello: ClientHello) -> None:
        self._session.asked = hello.server_name or ""
        securities = self._session.terms.securities
        assert securities is not None
        security = securities.find(hello.server_name)
        if security is not None:
            self._session.shake(security)
            return
        _take_unread(stream)  # with bytes unread, close(2) resets and the alert is lost
        stream.write(UNRECOGNIZED_NAME)
        name = hello.server_name or "who asks for no name"
        self._session.front_failed(TLSError(f"no certificate for {name}"))

    def ungreeted(self, stream: Stream, error: HelloError) -> None:
        self._session.front_failed(TLSError(str(error)))


class ByFarm:
    """Chooses where *session* goes, unopened."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def greeted(self, stream: Stream, hello: ClientHello) -> None:
        name = hello.server_name
        self._session.asked = name or ""
        self._go(name, f"no farm for {name or 'who asks for no name'}")

    def ungreeted(self, stream: Stream, error: HelloError) -> None:
        self._go(None, str(error))

    def _go(self, name: str | None, otherwise: str) -> None:
        session = self._session
        assert session.terms.routes is not None
        terms = session.terms.routes.find(name)
        if terms is None:
            session.reason = otherwise
            session.handle(Event.BAD_HEADER)
        else:
            session.terms = terms
            session.handle(Event.ROUTED)


def _take_unread(stream: Stream) -> None:
    try:
        stream.socket.recv(READ_SIZE)
    except OSError:  # it will be said again
        pass
