"""
How a session gets to its server: choosing, waiting, dialing, trying another.

Here: the attempt, with the protocol and factory pair that its dials make.  Not here:
what follows from any of it, which is the flow table's to say; what was taken at the
farm for the session's whole life (``place``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from twisted.internet.interfaces import IAddress, IConnector, ITransport
from twisted.internet.protocol import ClientFactory
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.python.failure import Failure

from bridge.farm.origin import NONE, Avoided, NoWayError
from bridge.net.descriptors import SHORTAGE
from bridge.net.dial import Dial, is_ours
from bridge.net.dial_kinds import OWN, SOURCE, TIMEOUT, TLS, kind_of
from bridge.net.marks import PAUSED
from bridge.net.race import Race
from bridge.net.room import Postponed
from bridge.net.security import TLSError
from bridge.session.complaint import complain_of_dial
from bridge.session.flow import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.farm.server import Server
    from bridge.net.deadlines import Deadlines
    from bridge.net.stream import Stream
    from bridge.session.live import Dialing
    from bridge.session.place import Place
    from bridge.session.terms import House


class Seeker(Protocol):
    """For whom a server is sought: a session."""

    reason: str
    """Why the last dial failed, in the kernel's words or in ours."""

    @property
    def client(self) -> tuple[str, int]:
        """Who it is for."""

    def handle(self, event: Event) -> None:
        """What has become of it; another dial may be asked for from within."""

    def reached(self, back: Stream) -> None:
        """A server's handshake is through.  There will be no more of this attempt."""

    def surely(self, step: Callable[..., object], *args: object) -> None:
        """Take *step*; a bug in it is the end of whom it was for."""


class Back(TwistedProtocol):
    """The session's end of the connection to a server, until it is joined."""

    __slots__ = ("_attempt", "connected", "factory", "transport")

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    def makeConnection(self, transport: ITransport) -> None:
        # Twisted's does no more than call ``connectionMade``: a call that is saved.
        stream: Stream = transport  # type: ignore[assignment]
        self.connected = 1
        self.transport = stream
        stream.marks |= PAUSED  # bytes wait in the kernel, for the relay
        self._attempt.connected(stream)


class Attempt(ClientFactory):
    """
    Seeks a server for *seeker*, who has *place* in a farm.

    The factory of all its dials.  *deadlines* are those of the farm's dials; *now* is
    the time, a number that idle sessions share.  Over with ``Seeker.reached``, with the
    event that there is no server, or with ``cancel``.
    """

    noisy = False

    __slots__ = (
        "_avoided", "_deadlines", "_dial", "_going_round", "_house", "_now", "_place",
        "_seeker", "_tried", "key",
    )  # fmt: skip

    def __init__(
        self,
        seeker: Seeker,
        place: Place,
        deadlines: Deadlines[Dialing],
        house: House,
        now: float,
    ) -> None:
        self._seeker = seeker
        self._place = place
        self._deadlines = deadlines
        self._house = house
        self._now: float | None = now
        """None once it is over: a dial that is later asks the clock."""
        farm = place.farm
        self.key = farm.key(seeker.client[0]) if farm.hashes else 0
        """What the farm knows this client by, if that matters to it."""
        self._tried: tuple[Server, ...] = ()
        """Servers dialed so far."""
        self._avoided = NONE
        """Of the farm's own addresses, those that no server was reached from."""
        self._dial: Dial | Race | Postponed | None = None
        self._going_round: bool | None = None
        """Within ``choose``: whether it is to go round once more."""

    # What the session asks for

    def choose(self) -> None:
        """
        Dial the farm's choice, or tell that it has none.

        A dial that fails at once asks for another from within: this loop makes it, for
        a hundred retries inside one another would be more than the stack holds.
        """
        if self._going_round is not None:
            self._going_round = True
            return
        place = self._place
        self._going_round = True
        try:
            while self._going_round:
                self._going_round = False
                server = place.server = place.farm.choose(self.key, self._tried)
                if server is None:
                    self._wait_or_end()
                else:
                    place.taken = True
                    self.dial()
        finally:
            self._going_round = None

    def _wait_or_end(self) -> None:
        """No server has a place: some may later, or there are none."""
        place, seeker = self._place, self._seeker
        farm = place.farm
        self._now = None
        if not farm.available:
            seeker.handle(Event.NO_SERVER)
        elif farm.wait(self):
            place.queued = farm.waiting
            seeker.handle(Event.ALL_FULL)
        else:
            seeker.reason = "the farm is full"
            seeker.handle(Event.LIMITED)

    def dial(self) -> None:
        """Dial the server that there is a place at."""
        place, house, deadlines = self._place, self._house, self._deadlines
        server = place.server
        assert server is not None
        self._tried += (server,)
        place.attempts += 1
        now, self._now = self._now, None
        if now is None:
            now = house.seconds()
        if place.dial_began is None:
            place.dial_began = now
        deadlines[self] = now + deadlines.seconds
        if not deadlines.armed:
            deadlines.arm()
        if server.plain:
            self._dial = dial = Dial(
                house.pump, server.target, self, preface=place.rare.preface
            )
            dial.connect()
        else:
            self._dial_around(server)

    def _dial_around(self, server: Server) -> None:
        """To a server with two addresses, or from an address that is to be found."""
        if server.race and not (server.ways or server.per_client):
            preface = self._place.preface
            self._dial = race = Race(
                self._house.pump, server.race, self, server.delay, preface
            )
            race.connect()
            return
        place, client = self._place, self._seeker.client[0]
        try:
            way = place.farm.origin.way(client, server, self._avoided)
        except NoWayError as error:
            # What each source was refused for, if it was; else they are full.
            why = self._seeker.reason if self._avoided.unable else str(error)
            self._count_as_failed(why, ours=True, kind=SOURCE)
            return
        place.take_port(way)
        self._dial = dial = Dial(
            self._house.pump,
            way.target,
            self,
            way.bound,
            transparent=way.transparent,
            preface=place.rare.preface,
        )
        dial.connect()

    def dial_another(self) -> None:
        """Give back the place where a dial has failed, and choose again."""
        self._place.release()
        self.choose()

    def fail_dial(self) -> None:
        """Give up the dial that has taken too long."""
        self._give_up()
        self._count_as_failed("connect_timeout", kind=TIMEOUT)

    def leave_queue(self) -> None:
        """Wait for a server no longer."""
        self._place.farm.unwait(self)

    def cancel(self) -> None:
        """Seek no more.  Nobody is told."""
        self._give_up()
        self._deadlines.pop(self, None)

    def _give_up(self) -> None:
        dial, self._dial = self._dial, None
        if dial is not None:
            dial.disconnect()

    # What the dial reports: it is the factory of its connections

    def buildProtocol(self, addr: IAddress | None) -> Back:
        return Back(self)

    def connected(self, back: Stream) -> None:
        """A server's handshake is through."""
        self._dial = None
        place = self._place
        server = place.server
        if server is not None and server.watched:
            place.farm.dialed(server)
        place.dialed = now = self._house.seconds()
        dials = place.farm.origin.dials
        if dials is not None and place.dial_began is not None:
            dials.append(now - place.dial_began)
        self._deadlines.pop(self, None)
        self._seeker.reached(back)

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        if self._dial is not None:  # else: it was given up
            self._seeker.surely(self._failed, reason)

    def _failed(self, reason: Failure) -> None:
        # The kernel's words, or ours where they say more.  Not str(): Twisted puts the
        # class's docstring before them.
        error: Any = reason.value
        why = error.args[0] if error.args and error.args[0] else type(error).__name__
        if getattr(error, "osError", None) in SHORTAGE:
            self._wait_for_means(why)
        elif isinstance(error, TLSError):
            self._count_as_failed(f"TLS: {why}", Event.TLS_FAILED, kind=TLS)
        else:
            self._count_as_failed(why, ours=is_ours(error), kind=kind_of(error))

    def _count_as_failed(
        self,
        reason: str,
        last: Event = Event.DIAL_FAILED,
        *,
        kind: str,
        ours: bool = False,
    ) -> None:
        """
        A dial failed; *last* is said of all of them if there are no retries.

        *ours*: for a reason that is this host's and says nothing of the server.  *kind*
        is the reason in one word, by which it is counted.
        """
        self._seeker.reason = reason
        self._dial = None
        self._deadlines.pop(self, None)
        place = self._place
        farm, server = place.farm, place.server
        assert server is not None
        server.failures[kind] = server.failures.get(kind, 0) + 1
        source = (place.source,) if place.source else ()
        unable, stuck = self._avoided
        if ours:
            self._avoided = Avoided(unable + source, stuck)
        else:
            self._avoided = Avoided(unable, stuck + source)
            farm.dial_failed(server, reason)
        if place.attempts > farm.retries or farm.exhausted(self._tried):
            self._seeker.handle(last)
            return
        failures = self._house.failures
        if failures is not None:
            its_end = last is not Event.DIAL_FAILED
            complain_of_dial(failures, place, reason, its_end=its_end)
        self._seeker.handle(Event.ATTEMPT_FAILED)

    def _wait_for_means(self, reason: str) -> None:
        """
        This host had no descriptor for a dial, or no memory: the same again, a little
        later, and as long as ``open`` says, if there are other sessions to end.
        """
        room = self._house.room
        if room.taken < 2:
            self._count_as_failed(reason, ours=True, kind=OWN)
            return
        self._seeker.reason = reason
        self._deadlines.pop(self, None)
        place = self._place
        place.give_back_port()
        place.attempts -= 1
        self._tried = self._tried[:-1]
        clock = self._house.pump.reactor
        self._dial = Postponed(room, reason, clock, self._dial_again)

    def _dial_again(self) -> None:
        self._seeker.handle(Event.AGAIN)

    # What the deadlines report

    def unanswered(self) -> None:
        """``connect_timeout`` passed."""
        self._seeker.handle(Event.UNANSWERED)

    # What the farm reports of its queue

    def served(self, server: Server) -> None:
        """*server* has a place, and it is taken."""
        self._place.server, self._place.taken = server, True
        self._seeker.handle(Event.SERVED)

    def waited_long(self) -> None:
        """``queue.timeout`` passed."""
        self._seeker.handle(Event.QUEUED_LONG)

    def stranded(self) -> None:
        """No server gets sessions any more."""
        self._seeker.handle(Event.NO_SERVER)
