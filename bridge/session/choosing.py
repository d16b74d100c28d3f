"""
What follows from whom a client asks for: its certificate, or its farm.

Not here: how that is read (``greeting``), and which names there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bridge.net.names import Names
from bridge.net.security import TLSError
from bridge.session.flow import Event

if TYPE_CHECKING:
    from bridge.net.stream import Stream
    from bridge.session.session import Session
    from bridge.session.terms import Terms
    from bridge.wire.client_hello import ClientHello, HelloError

UNRECOGNIZED_NAME = b"\x15\x03\x03\x00\x02\x02\x70"
"""A fatal alert as one record (RFC 6066, section 3; RFC 8446, sections 5.1 and 6)."""

DECODE_ERROR = b"\x15\x03\x03\x00\x02\x02\x32"
"""Likewise, of what is no ClientHello (RFC 8446, section 6.2)."""

_NO_NAME = "who asks for no name"


class Routes:
    """Where the sessions of a front go, by pattern of name."""

    def __init__(self, named: Mapping[str, Terms], default: Terms | None) -> None:
        """*default*: for all other names, for none, and for what is not TLS."""
        self._names = Names(named)
        self._default = default

    @property
    def default(self) -> Terms | None:
        """For who names nobody; None: nowhere."""
        return self._default

    def find(self, name: str | None) -> Terms | None:
        """None: nowhere."""
        found = self._names.find(name)
        return found if found is not None else self._default


class ByCertificate:
    """Chooses what *session*'s client is shown, and lets the handshake begin."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def greeted(self, stream: Stream, hello: ClientHello) -> None:
        session = self._session
        session.asked = hello.asked
        securities = session.terms.securities
        assert securities is not None
        security = securities.find(hello.server_name, hello.offer)
        if security is not None:
            session.shake(security)
        else:
            why = f"no certificate for {hello.asked or _NO_NAME}"
            self._refuse(stream, UNRECOGNIZED_NAME, why)

    def ungreeted(self, stream: Stream, error: HelloError) -> None:
        """
        What cannot be read is OpenSSL's to refuse, with its alert: as on a front with
        one certificate, where nobody looks at the hello before.
        """
        session = self._session
        securities = session.terms.securities
        assert securities is not None
        if securities.first is not None:
            session.shake(securities.first)
        else:
            self._refuse(stream, DECODE_ERROR, str(error))

    def _refuse(self, stream: Stream, alert: bytes, why: str) -> None:
        stream.write(alert)
        self._session.front_failed(TLSError(why))


class ByFarm:
    """Chooses where *session* goes, unopened."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def greeted(self, stream: Stream, hello: ClientHello) -> None:
        self._session.asked = hello.asked
        self._go(hello.server_name, f"no farm for {hello.asked or _NO_NAME}")

    def ungreeted(self, stream: Stream, error: HelloError) -> None:
        self._go(None, str(error))

    def unspoken(self) -> None:
        """The client waits for the server to speak first: to the default."""
        self._go(None, "")

    def _go(self, name: str | None, otherwise: str) -> None:
        session = self._session
        assert session.terms.routes is not None
        session.greeted()
        terms = session.terms.routes.find(name)
        if terms is None:
            session.reason = otherwise
            session.handle(Event.BAD_HEADER)
        else:
            session.terms = terms
            session.handle(Event.ROUTED)
