"""
What filters ask for that is done for the whole session.

Here: a dial, an end, TLS from now on: wished for while bytes are shown, and done when
what came before has gone on.  Not here: how (``filtering``, whose base this is), and
what is done to bytes (``answering``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.logger import Logger

from bridge.filters.answers import Close, Dial, Meet, Refuse, Secure, Tell, Want
from bridge.filters.filter import Filter
from bridge.net.marks import WAITING
from bridge.net.tcpinfo import why_broken
from bridge.session.carrying import AnswerError
from bridge.session.flow import TABLE, Ending, Event, State
from bridge.session.introducing import about_of
from bridge.session.session import BUG, Session
from bridge.session.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.filters.about import About
    from bridge.filters.answers import Answer, Answers
    from bridge.net.deadlines import Deadlines
    from bridge.net.stream import Stream
    from bridge.session.answering import Answering
    from bridge.session.destination import Destination
    from bridge.session.live import Live, Slow
    from bridge.session.terms import Terms

LOSSES = 4
"""Times in a row that a filter may ask for another server, and none is found."""

_S, _E = State, Event
# What every session meets: to look one up in its Enum takes as long as a call.
_READING, _ROUTED, _SETTLED = _S.READING, _E.ROUTED, _E.SETTLED
_SEEKING = (_S.DIALING, _S.QUEUED)
_LOST: dict[tuple[State, Event], Ending] = {
    (state, event): ending
    for (state, event), (after, _, ending) in TABLE.items()
    if state in _SEEKING and after is _S.CLOSED and ending is not None
    and event not in (_E.FRONT_RESET, _E.DRAINED, _E.KILLED, _E.CRASHED)
}  # fmt: skip
"""With what a session ends that finds no server: its filters are asked before."""

AT_ONCE = {Dial, Meet}
"""What is done without waiting for what came before."""

_log = Logger()


class Wishing(Session):
    """A session with filters, as these see it."""

    __slots__ = (
        "_asker", "_losses", "_lost_in", "_retires", "_ways", "_wish", "about",
        "filters", "still", "wished",
    )  # fmt: skip

    up: Shown | None
    down: Shown | None
    about: About
    """What its filters are told of it: from the moment on that there are any."""

    def __init__(self, terms: Terms, live: Live[Session], front: Stream) -> None:
        super().__init__(terms, live, front)
        self.filters: tuple[Filter, ...] = ()
        """From the client's side on; none before something is to be shown."""
        self._ways: tuple[tuple[Filter, Answering, Answering], ...] = ()
        """Each of them, with its two directions."""
        self._wish: tuple[Answering, Answer] | None = None
        """What was answered that is for the whole session, and is still to be done."""
        self.wished = False
        self._retires = False
        self._asker: Answering | None = None
        """Who goes on when there is a server."""
        self._losses = 0
        self._lost_in: State | None = None
        """Where it was when a server was lost, or none found."""
        self.still = False
        """Nothing is shown for now."""

    def _make(self) -> None:
        """Have the filters, if there are none yet."""
        if not self.filters:
            self.about = about = about_of(self)
            self.filters = tuple([use.make(about) for use in self.terms.filters])

    def _begin(self) -> None:
        """Have what shows them bytes."""
        raise NotImplementedError

    def _listen(self) -> None:
        """From now on filters are shown what the client sends."""
        raise NotImplementedError

    # What happens to it

    def handle(self, event: Event) -> None:
        ending = _LOST.get((self.state, event))
        if ending is not None:
            reason = "open deadline" if event is Event.LATE else self.reason
            if self._surely_rescued(ending, reason):
                return
        Session.handle(self, event)

    def _surely_rescued(self, ending: Ending, reason: str) -> bool:
        try:
            return self._rescued(ending._value_, reason)
        except Exception:
            _log.failure(BUG)
            Session.handle(self, Event.CRASHED)
            return True

    def late(self) -> None:
        """The ``open`` deadline passed."""
        if self.state is State.READING and self._ways and self.up is not None:
            self.late_with(self._ways[0][1])
        else:
            super().late()

    def drain(self) -> None:
        """The gateway stops."""
        if self.state is not State.SECURING:
            for each, up, _ in self._ways:
                self.surely(self._ask, up, each.drain)

    def run(self) -> None:
        """What was put off with ``Pump.again``."""
        self.surely(self._go_on)

    # What the directions ask

    def wish(self, answering: Answering, answer: Answer) -> bool:
        kind = type(answer)
        done = self._wish is not None and type(self._wish[1]) is not Dial
        if self.ending is not None or done:
            return True
        connected = kind is Dial and self.back is not None
        if connected and self._is_there(answer):  # type: ignore[arg-type]
            return False
        if kind is Secure:
            self._check_secure(answering)
        elif kind is Refuse:
            self._say_why(answering, answer)  # type: ignore[arg-type]
        self._wish, self.wished = (answering, answer), True
        return True

    def _is_there(self, dial: Dial) -> bool:
        """What it names is connected already."""
        down = self.down
        if dial.anew or down is None or down.ended or down.done:
            return False
        return self._lead(dial.name) is self.destination

    def _lead(self, name: str | None) -> Destination | None:
        routes = self.terms.routes
        return self.terms.destination if routes is None else routes.find(name)

    def _check_secure(self, answering: Answering) -> None:
        ups = [up for _, up, _ in self._ways]
        if answering not in ups:
            raise AnswerError("Secure is for up to answer")
        if any(up.rest for up in ups[: ups.index(answering) + 1]):
            raise AnswerError("bytes that came in clear would be taken for protected")

    def _say_why(self, answering: Answering, refuse: Refuse) -> None:
        """
        Its last word goes through those that the client's bytes come through; nothing
        that is on its way comes behind it.
        """
        Ending(refuse.ending)  # or a ValueError
        down = answering.opposite if self._is_up(answering) else answering
        if refuse.reply and not (self.down and self.down.done):
            down.emit(refuse.reply)
            self._ways[0][2].emit = _lost

    def _is_up(self, answering: Answering) -> bool:
        return any(up is answering for _, up, _ in self._ways)

    def another(self) -> None:
        self._retires = self.wished = True

    def tell(self, answering: Answering, value: Tell) -> None:
        if self.terms.exchange_told is not None:
            self.terms.exchange_told(self, value.value)

    def began(self) -> None:
        if self.state is _READING:
            self.live.opening.pop(self, None)

    def within(self, answering: Answering, seconds: float) -> Deadlines[Slow]:
        return self.live.within(seconds, answering)

    def late_with(self, answering: Answering) -> None:
        """What *answering* was to be shown has not come in time."""
        for each, up, down in self._ways:
            if answering in (up, down):
                self.surely(self._ask, up, each.late)

    # Asking filters for more than bytes

    def _ask(self, way: Answering, question: Callable[[], Answers]) -> None:
        """Its answers are carried out as if *way* had been shown something."""
        if self.up is None or self.ending is not None:
            return
        self._note()
        way.told(question())
        self._go_on()

    def _note(self) -> None:
        for _, up, down in self._ways:
            up.note()
            down.note()

    def _go_on(self) -> None:
        """Push what has come of it, and do what was wished for."""
        for direction in (self.up, self.down):
            if direction is not None:
                direction.resume()
                direction.settle()

    def _rescued(self, ending: str, reason: str) -> bool:
        """Whether a filter has something to say where the session would end so."""
        if self.ending is not None or self._losses >= LOSSES:
            return False
        self._make()
        if not self.rescues():
            return False
        if not self._ways:
            self._begin()
        self._note()
        up, answers = self._say_of_loss(ending, reason)
        if up is None:
            return False
        self._losses += 1
        self._lost_in = self.state
        if self.state in _SEEKING:
            Session.handle(self, Event.UNSERVED)
            self._listen()
        elif self.back is not None:
            Session.handle(self, Event.RETIRED)
        another = any(type(each) in (Dial, Want) for each in answers)
        up.restart((*answers, *up.pending) if another else answers)
        if self.up is not None:
            self.up.resume()
        self.terms.house.pump.again(self)  # a dial may fail at once, and again
        return True

    def _say_of_loss(
        self, ending: str, reason: str
    ) -> tuple[Answering | None, Answers]:
        """What the first filter says that says something, and whose part is its."""
        for each, up, _ in self._ways:
            answers = each.lost(ending, reason)
            if answers:
                return up, answers
        return None, ()

    def rescues(self) -> bool:
        return any(type(each).lost is not Filter.lost for each in self.filters)

    def rescued(self, error: OSError | None) -> bool:
        if self.back is None or self.state is State.BACK_ENDED or not self.rescues():
            return False
        return self._rescued("back_reset", why_broken(self.back.socket, error))

    # What was wished for

    def settle(self) -> None:
        if self.up is None or self.down is None or self.ending is not None:
            return
        if self._retires:
            self._retires = False
            if self.up.done:  # nobody is left who could ask another server
                self._wish = (self._ways[0][1], Close())
            else:
                self.handle(Event.RETIRED)
        wish = self._wish
        if wish is not None and (type(wish[1]) in AT_ONCE or self._may(wish[1])):
            self._wish = None
            self._fulfil(*wish)
        self.wished = self._wish is not None

    def _may(self, answer: Answer) -> bool:
        """All before it is delivered that has to be."""
        self.still = True
        up, down = self.up, self.down
        assert up is not None and down is not None
        for direction in (up, down):
            direction.pause()
        if type(answer) is Close:
            return not (up.held or down.held)
        return not down.held

    def _fulfil(self, answering: Answering, answer: Answer) -> None:
        match answer:
            case Dial(name=name):
                self._go_to(answering, name)
            case Refuse(ending=ending, reason=reason, reply=reply):
                self.ending, self.ended_in = Ending(ending), self._lost_in or self.state
                self.reason = reason
                self.handle(Event.ANSWERED if reply else Event.REFUSED)
            case Close():
                self.handle(_SETTLED)
            case Secure():
                self._asker = answering
                self.handle(Event.TO_SECURE_LATER)
            case Meet():
                meetings = self.live.meetings
                where, why = None, "this front has no ports for it"
                if meetings is not None:
                    where, why = meetings.meet(self, answer)
                answering.go_on(answering.maker.met(where, why))
                self._go_on()

    def _go_to(self, answering: Answering, name: str | None) -> None:
        self._asker = answering
        if self.back is not None:
            self.handle(Event.RETIRED)
        destination = self._lead(name)
        if destination is None:
            reason = f"no farm for {name or 'who names none'}"
            if not self._rescued("no_server", reason):
                self._fulfil(answering, Refuse("no_server", reason))
            return
        self.destination = destination
        self._open_until(self.live.opening.seconds)
        self.front.marks |= WAITING  # perhaps: what it sent goes with the dial
        self.handle(_ROUTED)

    def _open_until(self, seconds: float) -> None:
        opening = self.live.opening
        opening.pop(self, None)
        opening[self] = self.terms.house.seconds() + seconds
        if not opening.armed:
            opening.arm()


def _lost(data: bytes) -> None:
    """*data* goes nowhere."""
