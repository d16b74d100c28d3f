"""
Towards the client: the front protocol and its factory.

Here: a connection becomes a session, which is told at once whether its client may come
in.  Not here: that judgement (``admission``), and what is read before there is a farm
(``opening``).
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Network
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IAddress, ITransport
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.python.failure import Failure

from bridge.net.hosts import number
from bridge.net.marks import PAUSED
from bridge.net.prefixes import Prefixes
from bridge.net.sockaddr import told
from bridge.session.filtering import FilteredSession
from bridge.session.flow import Event
from bridge.session.recording import name_of
from bridge.session.session import Session

if TYPE_CHECKING:
    from bridge.net.sockaddr import Peer
    from bridge.net.stream import Stream
    from bridge.session.live import Live
    from bridge.session.terms import Terms


class Front(Protocol):
    """The session's end of a client's connection, until it is joined."""

    __slots__ = ("_session", "connected", "factory", "transport")

    factory: FrontFactory

    def __init__(self, factory: FrontFactory) -> None:
        self.factory = factory

    def makeConnection(self, transport: ITransport) -> None:
        # Twisted's does no more than call ``connectionMade``: a call that is saved.
        stream: Stream = transport  # type: ignore[assignment]
        factory = self.factory
        self.connected = 1
        self.transport = stream
        stream.marks |= PAUSED  # while dialing, its bytes wait in the kernel
        self._session = session = factory.kind(factory.terms, factory.live, stream)
        sampling = factory.sampling
        if sampling is not None and session.accepted >= sampling.due:
            sampling.look(stream, session.accepted)
        session.begin(factory.judge(session))

    def connectionLost(self, reason: Failure | None = None) -> None:
        self._session.front_lost()


class FrontFactory(ServerFactory):
    """Where the sessions of one front are born."""

    noisy = False
    addressed = False  # the session asks its stream

    def __init__(self, terms: Terms, live: Live[Session]) -> None:
        self.terms = terms
        self.live = live
        filtered = not all(use.idle for use in terms.filters)
        self.kind = FilteredSession if filtered else Session
        self.sampling = terms.sampling
        self._admission = terms.admission
        self._admitted = terms.stages[0]

    def buildProtocol(self, addr: IAddress | None) -> Front:  # type: ignore[override]
        return Front(self)

    def judge(self, session: Session) -> Event:
        """What is said of a new *session*: why not, or what comes first."""
        admission, active = self._admission, len(self.live.sessions)
        sends = admission.sends
        if sends is None and admission.anyone and active < admission.connections:
            return self._admitted
        if sends is not None and sends(_host(session.front.known)):
            # Whom it speaks for is asked whether it may come in: not the sender.
            if active < admission.connections:
                return Event.TO_IDENTIFY
            return admission.turn_away(session)
        event = admission.admit(session, active, session.accepted)
        return self._admitted if event is Event.ADMITTED else event


def _host(peer: Peer) -> str | bytes:
    """Its address, packed if it is kept so."""
    return peer[:-2] if isinstance(peer, bytes) else told(peer)[0]


class PrefixFactory(FrontFactory):
    """
    At a socket that takes clients of every address (AnyIP) or every port (TPROXY), for
    those who come to one of *networks*.
    """

    def __init__(
        self, terms: Terms, live: Live[Session], networks: Iterable[IPv6Network]
    ) -> None:
        super().__init__(terms, live)
        self._networks = Prefixes(networks)

    def judge(self, session: Session) -> Event:
        listen, _ = name_of(session.front)
        if self._networks.longest(number(listen)) is None:
            session.reason = ELSEWHERE
            self._admission.refused["listen"] += 1
            return Event.DENIED
        return super().judge(session)


ELSEWHERE = "the front is not for this address of ours"
