"""
How a session gets to its server: choosing, waiting, dialing, trying another.

Here: the part of a session that deals with its farm.  Not here: what follows from any
of it, which is the flow table's to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.net.dial import NO_PORT, Dial
from bridge.net.port import Postponed
from bridge.net.race import Race
from bridge.net.sockaddr import told
from bridge.net.tls import TLSStream
from bridge.session.back import BackFactory
from bridge.session.complaint import complain_of_dial
from bridge.session.flow import Event, State

if TYPE_CHECKING:
    from bridge.farm.server import Server
    from bridge.net.stream import Stream
    from bridge.session.terms import Terms


class Reaching:
    """
    A session, *front* being its client's side, as far as its farm is concerned.

    Not of itself anything: the base class of ``Session``, so that a session is one
    object.
    """

    __slots__ = (
        "_dial", "_looping", "asked", "attempts", "back", "dial_began", "dialed",
        "front", "key", "placed", "queued", "reason", "server", "source", "state",
        "stuck", "terms", "tried", "unable",
    )  # fmt: skip

    def __init__(self, terms: Terms, front: Stream) -> None:
        self.terms = terms
        self.front = front
        self.back: Stream | None = None
        self.state = State.ACCEPTED
        self.server: Server | None = None
        """Where it is dialed to, or was."""
        self.placed = False
        """Whether it has a place there."""
        self.tried: tuple[Server, ...] = ()
        """Servers dialed so far; forgotten when one answers."""
        self.attempts = 0
        self.key = 0
        """What the farm knows this client by, if that matters to it."""
        self.queued = 0
        """Its place in the farm's queue, from 1 on, if it had to wait."""
        self.source = ""
        """Of the farm's own addresses, the one this session has a port of."""
        self.unable: tuple[str, ...] = ()
        """Those that had no port left for a dial."""
        self.stuck: tuple[str, ...] = ()
        """Those that a dial did not get through from: others come first."""
        self.reason = ""
        """
        Why it ends as it does, where the ending's word does not say it all: a failed
        dial in the kernel's words, a time-out of ours, a stream that was cut off.
        """
        self.asked = ""
        """
        Whom the client asks for (SNI), as it wrote it: printable ASCII, 255 characters
        at most.  Empty where nobody has looked, or where it asks for nobody.
        """
        self.dial_began: float | None = None
        self.dialed: float | None = None
        self._dial: Dial | Race | Postponed | None = None
        self._looping: bool | None = None
        """Within ``_attempt``: whether it is to go round once more."""

    def handle(self, event: Event) -> None:
        raise NotImplementedError

    # The actions

    def _enter_farm(self) -> None:
        farm = self.terms.farm
        farm.active += 1
        if farm.hashes:
            self.key = farm.key(told(self.front.peer)[0])
        self._attempt()

    def _attempt(self) -> None:
        """
        Dial the farm's choice, or learn that it has none.

        A dial that fails at once asks for another from within: this loop makes it, for
        a hundred retries inside one another would be more than the stack holds.
        """
        if self._looping is not None:
            self._looping = True
            return
        self._looping = True
        try:
            while self._looping:
                self._looping = False
                self._attempt_once()
        finally:
            self._looping = None

    def _attempt_once(self) -> None:
        farm = self.terms.farm
        server = self.server = farm.choose(self.key, self.tried)
        if server is not None:
            self.placed = True
            self._dial_server()
        elif not farm.available:
            self.handle(Event.NO_SERVER)
        elif farm.wait(self):
            self.queued = farm.waiting
            self.handle(Event.ALL_FULL)
        else:
            self.reason = "the farm is full"
            self.handle(Event.LIMITED)

    def _dial_server(self) -> None:
        """Dial the server that this session has a place at."""
        terms, server = self.terms, self.server
        assert server is not None
        self.tried += (server,)
        self.attempts += 1
        now = terms.seconds()
        if self.dial_began is None:
            self.dial_began = now
        dialing = terms.dialing
        dialing[self] = now + dialing.seconds
        if not dialing.armed:
            dialing.arm()
        if server.plain:
            self._dial = Dial(terms.house.pump, server.target, BackFactory(self))
        else:
            self._dial = self._dial_around(server)
        if self._dial is not None:
            self._dial.connect()
        else:
            # What each source was refused for, if it was; else they are full.
            self.attempt_failed(self.reason if self.unable else NO_PORT, ours=True)

    def _dial_around(self, server: Server) -> Dial | Race | None:
        """To a server with two addresses, or from one of several of ours."""
        pump, factory = self.terms.house.pump, BackFactory(self)
        if not server.ways:
            return Race(pump, server.race, factory, server.delay)
        sources, ways = self.terms.farm.sources, tuple(server.ways)
        source = sources.pick(ways, server.counted, self.unable + self.stuck)
        if source is None and self.stuck:
            source = sources.pick(ways, server.counted, self.unable)
        if source is None:
            return None
        self.source = source
        sources.took(source, server.counted)
        return Dial(pump, server.ways[source], factory)

    def _release(self) -> None:
        """Give back the port, whose socket is closed, and the place at the server."""
        self._give_back_port()
        self._free_place()

    def _free_place(self) -> None:
        """Give back the place at the server, unless that was done."""
        if self.placed and self.server is not None:
            self.placed = False
            self.terms.farm.release(self.server)

    def _give_back_port(self) -> None:
        if self.source and self.server is not None:
            self.terms.farm.sources.gave_back(self.source, self.server.counted)
            self.source = ""

    def _leave_queue(self) -> None:
        self.terms.farm.unwait(self)

    def _cancel_dial(self) -> None:
        if self._dial is not None:
            self._dial.disconnect()

    # What the dial reports

    def dialed_to(self, back: Stream) -> None:
        """The server's handshake is through."""
        self.back = back
        if isinstance(back, TLSStream):
            back.linger = self.terms.timeouts.close
        self._dial = None
        self.tried = ()
        self.reason = ""  # an earlier attempt's
        terms, server = self.terms, self.server
        if server is not None and server.watched:
            terms.farm.dialed(server)
        self.dialed = terms.seconds()
        terms.dialing.pop(self, None)
        terms.opening.pop(self, None)
        self.handle(Event.DIALED)

    def attempt_failed(
        self, reason: str, last: Event = Event.DIAL_FAILED, *, ours: bool = False
    ) -> None:
        """
        One dial failed: another server, while there are retries; then *last* is said
        of all of them.

        *ours*: for a reason that is this host's and says nothing of the server.
        """
        self.reason = reason
        self._dial = None
        terms, server = self.terms, self.server
        terms.dialing.pop(self, None)
        if self.state is not State.DIALING:
            return
        if server is not None:
            if ours:
                self.unable += (self.source,) if self.source else ()
            else:
                self.stuck += (self.source,) if self.source else ()
                terms.farm.dial_failed(server, reason)
        farm = terms.farm
        if self.attempts <= farm.retries and not farm.exhausted(self.tried):
            complain_of_dial(self, last)
            self._release()
            self._attempt()
        else:
            self.handle(last)

    def short_of(self, reason: str) -> None:
        """
        This host had no descriptor for a dial, or no memory: the same again, a little
        later, and as long as ``open`` says, if there are other sessions to end.
        """
        terms, server = self.terms, self.server
        room = terms.house.room
        if self.state is not State.DIALING or server is None or room.taken < 2:
            self.attempt_failed(reason, ours=True)
            return
        self.reason = reason
        terms.dialing.pop(self, None)
        self._give_back_port()
        self.attempts -= 1
        self.tried = self.tried[:-1]
        clock = terms.house.pump.reactor
        self._dial = Postponed(room, reason, clock, self._dial_server)

    def unanswered(self) -> None:
        """``connect_timeout`` passed."""
        self._cancel_dial()
        self.attempt_failed("connect_timeout")

    def late(self) -> None:
        """The ``open`` deadline passed."""
        self.reason = "open deadline"
        self.handle(Event.LATE)

    # What the farm reports of its queue

    def served(self, server: Server) -> None:
        self.server, self.placed = server, True
        self.handle(Event.SERVED)

    def waited_long(self) -> None:
        self.handle(Event.QUEUED_LONG)

    def stranded(self) -> None:
        self.handle(Event.NO_SERVER)
