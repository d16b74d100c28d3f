"""
Towards the server: the back protocol and its factory.

Here: what an established or failed dial means for the session that asked for it.
A later protocol that speaks before the relay does (a PROXY header, TLS) speaks here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IAddress, IConnector
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.python.failure import Failure

from bridge.net.stream import Stream

if TYPE_CHECKING:
    from bridge.session.session import Session


class Back(Protocol):
    """The session's end of the connection to a server, until it is joined."""

    __slots__ = ("_session", "connected", "factory", "transport")

    transport: Stream

    def __init__(self, session: Session) -> None:
        self._session = session

    def connectionMade(self) -> None:
        self.transport.paused = True  # bytes wait in the kernel, for the relay
        self._session.dialed_to(self.transport)


class BackFactory(ClientFactory):
    """One attempt's: a session that retries makes another."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    def buildProtocol(self, addr: IAddress | None) -> Back:
        return Back(self._session)

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        number = getattr(reason.value, "osError", None)
        why = os.strerror(number) if number else type(reason.value).__name__
        self._session.attempt_failed(why)
