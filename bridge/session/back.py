"""
Towards the server: the back protocol and its factory.

Here: what an established or failed dial means for the session that asked for it.
A later protocol that speaks before the relay does (a PROXY header, TLS) speaks here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IAddress, IConnector
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.python.failure import Failure

from bridge.net.descriptors import SHORTAGE
from bridge.net.dial import is_ours
from bridge.net.security import TLSError
from bridge.net.stream import Stream
from bridge.session.flow import Event

if TYPE_CHECKING:
    from bridge.session.attempt import Reaching


class Back(Protocol):
    """The session's end of the connection to a server, until it is joined."""

    __slots__ = ("_session", "connected", "factory", "transport")

    transport: Stream

    def __init__(self, session: Reaching) -> None:
        self._session = session

    def connectionMade(self) -> None:
        self.transport.paused = True  # bytes wait in the kernel, for the relay
        self._session.dialed_to(self.transport)


class BackFactory(ClientFactory):
    """One attempt's: a session that retries makes another."""

    __slots__ = ("_session",)

    def __init__(self, session: Reaching) -> None:
        self._session = session

    def buildProtocol(self, addr: IAddress | None) -> Back:
        return Back(self._session)

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        # The kernel's words, or ours where they say more.  Not str(): Twisted puts the
        # class's docstring before them.
        error: Any = reason.value
        why = error.args[0] if error.args and error.args[0] else type(error).__name__
        if getattr(error, "osError", None) in SHORTAGE:
            self._session.short_of(why)
        elif isinstance(error, TLSError):
            self._session.attempt_failed(f"TLS: {why}", Event.TLS_FAILED)
        else:
            self._session.attempt_failed(why, ours=is_ours(error))
