"""
One data connection of FTP: whom we wait for at a port of ours, and what follows.

Either side may be the one that comes (``Meet``).  A client that comes is a session like
any other, whose farm is the port that the server has named.  A server that comes waits
until the client is dialed, and is a session from then on.  Who comes without being
expected is turned away, and the port is open for one connection and a short time only.

Not here: how many there may be, and which port (``meetings``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from twisted.internet.interfaces import IAddress, IConnector, ITransport
from twisted.internet.protocol import ClientFactory, ServerFactory
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.python.failure import Failure

from bridge.farm.met import MetFarm
from bridge.net.dial import Dial
from bridge.net.sockaddr import told
from bridge.session.flow import Event
from bridge.session.front import FrontFactory
from bridge.session.meeting_ends import server_come
from bridge.session.place import Place
from bridge.session.session import Session

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

    from bridge.farm.server import Server
    from bridge.net.dial import Target
    from bridge.net.port import Port
    from bridge.net.stream import Stream
    from bridge.session.live import Live
    from bridge.session.terms import Terms

STRANGER = "the data connection is somebody else's"
"""Why one is turned away who was not expected."""

SECOND = "the data connection is there already"
"""Why one more is."""

REFUSED = "ftp"
"""Under which key both are counted."""


class Meetings(Protocol):
    """All of a front: who hears how each goes."""

    live: Live[Session]

    def terms(self, control: Session) -> Terms:
        """Of the sessions that *control* has met."""

    def began(self, meeting: Meeting, session: Session) -> None:
        """It has become *session*."""

    def over(self, meeting: Meeting) -> None:
        """It has become none, and will not."""

    def give_back(self, meeting: Meeting) -> None:
        """Its port is closed."""


class Meeting:
    """For data of *control*, with one who comes from *host*."""

    def __init__(self, meetings: Meetings, control: Session, host: str) -> None:
        self.meetings = meetings
        self.control = control
        self.house = house = control.terms.house
        self.came = False
        """Nobody is waited for any more."""
        self.where: tuple[str, int] = ("", 0)
        """Where we wait."""
        control.name = control.name or house.next_name()
        self._host = host
        self._port: Port | None = None
        self._timer: IDelayedCall | None = None

    def factory(self) -> ServerFactory:
        """Makes the protocols of those who come."""
        raise NotImplementedError

    def farm(self, server: Server) -> MetFarm:
        """*server*, as a farm."""
        place = self.control.place
        assert place is not None
        clock = self.house.pump.reactor
        return MetFarm(place.farm, server, clock, self.control.name)

    def wait(self, port: Port, seconds: float) -> None:
        """*port* listens, for so many *seconds*."""
        self._port = port
        self._later(seconds, self._expire)

    def turns_away(self, stream: Stream) -> str:
        """Why who comes on *stream* may not; empty: it may, and nobody else will."""
        why = STRANGER if told(stream.peer)[0] != self._host else ""
        if self.came:
            why = SECOND
        if why:
            self.control.terms.admission.refused[REFUSED] += 1
            return why
        self.came = True
        self._later(0, self._close)  # not from within its accept loop
        return ""

    def cancel(self) -> None:
        """Wait no longer."""
        self.came = True
        self._close()

    def _expire(self) -> None:
        self._close()  # which takes those who are in the kernel's queue
        if not self.came:
            self.meetings.over(self)

    def _close(self) -> None:
        self._no_timer()
        port, self._port = self._port, None
        if port is not None:
            port.stopListening()
            self.meetings.give_back(self)

    def _later(self, seconds: float, then: Callable[[], None]) -> None:
        self._no_timer()
        self._timer = self.house.pump.reactor.callLater(seconds, then)

    def _no_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()


class FrontMeeting(Meeting):
    """The client comes, for *server*, which is at the port that it has named."""

    def __init__(
        self, meetings: Meetings, control: Session, host: str, server: Server
    ) -> None:
        super().__init__(meetings, control, host)
        self.leads_to = self.farm(server)

    def factory(self) -> ServerFactory:
        return _ClientsComing(self)


class _ClientsComing(FrontFactory):
    """Who comes is a session of the front's."""

    def __init__(self, meeting: FrontMeeting) -> None:
        meetings = meeting.meetings
        super().__init__(meetings.terms(meeting.control), meetings.live)
        self._meeting = meeting

    def judge(self, session: Session) -> Event:
        session.reason = self._meeting.turns_away(session.front)
        if session.reason:
            return Event.DENIED
        self._meeting.meetings.began(self._meeting, session)
        admission = self.terms.admission
        if len(self.live.sessions) >= admission.connections:
            return admission.turn_away(session)
        return Event.ADMITTED


class BackMeeting(Meeting):
    """The server comes, for the client, which listens at *target*."""

    def __init__(
        self, meetings: Meetings, control: Session, host: str, target: Target
    ) -> None:
        super().__init__(meetings, control, host)
        self.target = target
        self._reach: _Reach | None = None

    def factory(self) -> ServerFactory:
        return _ServersComing(self)

    def come(self, stream: Stream) -> None:
        """The server, or somebody else, on *stream*."""
        stream.paused = True  # what it sends waits in the kernel, for the relay
        if self.turns_away(stream):
            stream.abort()
        else:
            self._reach = _Reach(self, stream)
            self._reach.begin()

    def gone(self) -> None:
        """The server is gone again, meanwhile."""
        if self._reach is not None:
            self._reach.cancel()

    def cancel(self) -> None:
        super().cancel()
        if self._reach is not None:
            self._reach.cancel()


class _ServersComing(ServerFactory):
    """Who comes is held until the client is dialed."""

    noisy = False
    addressed = False

    def __init__(self, meeting: BackMeeting) -> None:
        self._meeting = meeting

    def buildProtocol(self, addr: IAddress | None) -> _Come:
        return _Come(self._meeting)


class _Come(TwistedProtocol):
    """The server's end, until it is joined."""

    def __init__(self, meeting: BackMeeting) -> None:
        self._meeting = meeting

    def makeConnection(self, transport: ITransport) -> None:
        stream: Stream = transport  # type: ignore[assignment]
        self._meeting.come(stream)

    def connectionLost(self, reason: Failure | None = None) -> None:
        self._meeting.gone()


class _Reach(ClientFactory):
    """Dials the client of *meeting*, whose server has come on *back*."""

    noisy = False

    def __init__(self, meeting: BackMeeting, back: Stream) -> None:
        self._meeting = meeting
        self._back = back
        self._terms = terms = meeting.meetings.terms(meeting.control)
        destination = terms.destination
        assert destination is not None
        self._deadlines = meeting.meetings.live.dialing[destination]
        self._began = meeting.house.seconds()
        self._dial: Dial | None = None

    def begin(self) -> None:
        """Dial, for as long as a server would be."""
        deadlines, meeting = self._deadlines, self._meeting
        deadlines[self] = self._began + deadlines.seconds
        if not deadlines.armed:
            deadlines.arm()
        self._dial = dial = Dial(meeting.house.pump, meeting.target, self)
        dial.connect()

    def cancel(self) -> None:
        """Give up: the server's end is reset, and it will say so."""
        dial, self._dial = self._dial, None
        self._deadlines.pop(self, None)
        if dial is not None:
            dial.disconnect()
            self._back.abort()
            self._meeting.meetings.over(self._meeting)

    # What the dial reports

    def buildProtocol(self, addr: IAddress | None) -> _Reached:
        return _Reached(self)

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        house = self._meeting.house
        if house.failures is not None:
            error: Any = reason.value
            why = str(error.args[0]) if error.args else type(error).__name__
            front = f"front {self._terms.front}"
            house.failures.tell(front, "a client was not reached for its data", why)
        self.cancel()

    def connected(self, front: Stream) -> None:
        """Both ends are there: a session."""
        self._dial = None
        self._deadlines.pop(self, None)
        meeting, back, terms = self._meeting, self._back, self._terms
        meetings = meeting.meetings
        front.paused = True
        if back.fd < 0:
            front.abort()
            meetings.over(meeting)
            return
        session = Session(terms, meetings.live, front)
        meetings.began(meeting, session)
        admission, active = terms.admission, len(meetings.live.sessions)
        if active >= admission.connections:
            back.abort()
            session.begin(admission.turn_away(session))
            return
        assert meeting.control.place is not None
        server = server_come(meeting.control.place, back)
        session.place = place = Place(meeting.farm(server))
        place.server = server
        place.dial_began, place.dialed = self._began, meeting.house.seconds()
        session.back, session.accepted = back, self._began
        session.begin(Event.DIALED)
        meetings.live.opening.pop(session, None)
        if session.down is not None and (back.readable or back.ended):
            back.pump.again(session.down)  # what came during the dial

    # What the deadlines report

    def unanswered(self) -> None:
        """``connect_timeout`` passed."""
        self.cancel()


class _Reached(TwistedProtocol):
    """The client's end, until it is joined."""

    def __init__(self, reach: _Reach) -> None:
        self._reach = reach

    def makeConnection(self, transport: ITransport) -> None:
        front: Stream = transport  # type: ignore[assignment]
        self._reach.connected(front)
