"""
Towards the client: the front protocol and its factory.

Here: whether a client may come in, before anything is done for it.  A later protocol
that reads before the relay does (a PROXY header, a ClientHello) reads here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.python.failure import Failure

from bridge.net.address import Networks
from bridge.net.sockaddr import SocketAddress
from bridge.net.stream import Stream
from bridge.session.flow import Event
from bridge.session.session import Session

if TYPE_CHECKING:
    from bridge.session.terms import Terms


@dataclass(frozen=True, slots=True)
class Admission:
    """Who may come in, and how many at once."""

    allow: Networks
    """Empty: everyone."""
    deny: Networks
    """Wins over *allow*."""
    connections: int

    def judge(self, peer: SocketAddress, active: int) -> Event:
        """What the front says of a client at *peer*, *active* others being there."""
        if self.allow or self.deny:
            host = peer[0] if isinstance(peer, tuple) else ""
            if self.deny.contains(host):
                return Event.DENIED
            if self.allow and not self.allow.contains(host):
                return Event.DENIED
        if active >= self.connections:
            return Event.LIMITED
        return Event.ADMITTED


class Front(Protocol):
    """The session's end of a client's connection, until it is joined."""

    __slots__ = ("_session", "connected", "factory", "transport")

    factory: FrontFactory
    transport: Stream

    def __init__(self, factory: FrontFactory) -> None:
        self.factory = factory

    def connectionMade(self) -> None:
        stream, factory = self.transport, self.factory
        stream.paused = True  # while dialing, what the client sends waits in the kernel
        self._session = session = Session(factory.terms, stream)
        session.begin(factory.judge(stream.peer))

    def connectionLost(self, reason: Failure | None = None) -> None:
        self._session.front_lost()


class FrontFactory(ServerFactory):
    """Where the sessions of one front are born."""

    noisy = False
    addressed = False  # the session asks its stream

    def __init__(self, terms: Terms, admission: Admission) -> None:
        self.terms = terms
        self._admission = admission
        self._admitted = terms.admits
        self._everyone = not admission.allow and not admission.deny

    def buildProtocol(self, addr: IAddress | None) -> Front:  # type: ignore[override]
        return Front(self)

    def judge(self, peer: SocketAddress) -> Event:
        """What this front says of a client at *peer*."""
        active = len(self.terms.sessions)
        if self._everyone and active < self._admission.connections:
            return self._admitted
        event = self._admission.judge(peer, active)
        return self._admitted if event is Event.ADMITTED else event
