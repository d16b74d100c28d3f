"""
A session with filters: what they answer is carried out for the whole of it.

Here: ``FilteredSession``, and what dials, ends and TLS in its middle come to.  Not
here: how bytes are shown and pushed (``shown``), and what answers do to them
(``answering``).
A session without filters is a ``Session``, and pays nothing for this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.filters.answers import Close, Tell
from bridge.filters.filter import Filter
from bridge.net.goodbye import Goodbye
from bridge.net.marks import ENDED, WAITING
from bridge.net.relay import end_of
from bridge.net.spent import Spent
from bridge.session.answering import Answering
from bridge.session.carrying import REST
from bridge.session.flow import Action, Ending, Event, State
from bridge.session.introducing import about_of
from bridge.session.live import UNSEEN
from bridge.session.opening import Later, Securing
from bridge.session.plan import plan_of
from bridge.session.recording import reached
from bridge.session.session import EXECUTE, Session
from bridge.session.shown import Shown
from bridge.session.wishing import Wishing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bridge.net.direction import Direction
    from bridge.net.stream import Stream
    from bridge.session.live import Live
    from bridge.session.plan import Step
    from bridge.session.terms import Terms


class FilteredSession(Wishing):
    """One whose bytes are shown to filters."""

    __slots__ = ("_kept", "_yields")

    def __init__(self, terms: Terms, live: Live[Session], front: Stream) -> None:
        super().__init__(terms, live, front)
        self._kept: tuple[Shown | None, ...] = ()
        """Its directions, when it is over, until nobody is in the middle of them."""
        self._yields: Answering | None = None
        """Who has said that its server may have others, and does have them now."""

    # The actions

    def _begin(self) -> None:
        """Make the filters, and what shows them bytes."""
        self._make()
        terms, front = self.terms, self.front
        pace = terms.pace
        front.spent = Spent(front.pump.pulse, front.fd)
        up = self.up = Shown(self, front, up=True)
        down = self.down = Shown(self, front, up=False)
        up.opposite, down.opposite = down, up
        self._ways = ways = tuple([_way(each, up, down) for each in self.filters])
        _, ups, downs = zip(*ways, strict=True)
        allowed = (None, None) if pace is None else pace.allowances()
        up.begin(ups, allowed[0])
        down.begin(downs[::-1], allowed[1])

    def _listen(self) -> None:
        """From now on filters are shown what the client sends."""
        if not self._ways:
            self._begin()
        if self.up is not None and not self.up.reads:
            self._have_front()

    def _have_front(self) -> None:
        up, down, front = self.up, self.down, self.front
        assert up is not None and down is not None
        end = end_of(front)
        up.read_from(front, end)
        down.write_to(front, end)

    def _filter(self) -> None:
        self._listen()
        if self.up is not None and self.front.marks & (WAITING | ENDED):
            self.up.move()

    def _join(self) -> None:
        back, place = self.back, self.place
        assert back is not None and place is not None and place.server is not None
        if not self._ways:
            self._begin()
        front, up, down = self.front, self.up, self.down
        assert up is not None and down is not None
        if not up.reads:
            self._have_front()
        back.spent, end = front.spent, end_of(back)
        up.write_to(back, end)
        down.read_from(back, end)
        self._losses, self._lost_in, self.seen = 0, None, UNSEEN
        waited = front.marks & (WAITING | ENDED)
        where = reached(place.server, back)
        for each, _, other in reversed(self._ways):
            each.server = where
            other.told(each.dialed())
            other.rouse()
        asker, self._asker = self._asker, None
        if asker is not None:
            asker.go_on()
        self._go_on()
        if up.more:
            up.move()
        if self.back is not back or back.fd < 0 or up.wrote:
            return
        if place.rare.preface is not None and waited:
            back.hurry()  # that waited for bytes which are not there after all
        elif place.server.target.deferred:
            back.let_syn_go()

    def _retire(self) -> None:
        back, place, up, down = self.back, self.place, self.up, self.down
        assert up is not None and down is not None and back is not None
        up.detach_sink()
        down.detach_source(self._asker)
        self.back = None
        back.close()
        if place is not None:
            place.leave()

    def _leave(self) -> None:
        self.at = None
        self.live.opening.pop(self, None)
        if self.place is not None:
            self.place.leave()

    def _secure_later(self) -> None:
        self.front.outward = self.front.inward = None
        self._open_until(self.live.opening.seconds)
        self.at = later = Later(self, self.terms, self.live.greeting, self._secured)
        later.begin(Securing)

    def _secured(self) -> None:
        self.at = None
        self.live.opening.pop(self, None)
        alone = self.back is None
        self.handle(Event.RESUMED_ALONE if alone else Event.RESUMED)

    def _resume(self) -> None:
        up, down = self.up, self.down
        assert up is not None and down is not None
        self.still = False
        self._have_front()
        self.about = about = about_of(self)
        asker, self._asker = self._asker, None
        if asker is not None:
            asker.go_on()
        for each, one, _ in self._ways:
            one.told(each.secured(about))
        self._go_on()
        up.move()
        if down.reads:
            down.move()

    def _part(self) -> None:
        front, back, up, down = self.front, self.back, self.up, self.down
        assert up is not None and down is not None
        Goodbye(
            front,
            down.sink_end,
            down.kept,
            self.terms.timeouts.close,
            drained=not (up.more or front.marks & ENDED),
        )
        if back is not None:
            if self.ending is _DONE:
                back.close()
            else:
                back.abort()

    def parts(self, direction: Direction) -> bool:
        wish, up = self._wish, self.up
        if wish is None or type(wish[1]) is not Close or self._retires:
            return False
        return direction is self.down and up is not None and not up.held

    def _deliver(self, direction: Direction | None, other: Direction | None) -> None:
        if isinstance(direction, Shown):
            direction.deliver()
        super()._deliver(direction, other)

    # A server that is not needed

    def spare(self, answering: Answering) -> bool:
        place = self.place
        if place is None or place.server is None or place.server.most is None:
            return False
        if not (place.taken and place.farm.spare(place, self)):
            return False
        self._yields = answering
        self.terms.house.pump.again(self)
        return True

    def give_up(self) -> bool:
        """Leave the server to others, if it is still not needed: whether it is left."""
        back = self.back
        if self.state not in _SERVED or not any(each.spares() for each in self.filters):
            return False
        self._surely_rescued(Ending.LIMITED, "others wait for its server")
        if self.back is not back and self._ways:
            self.surely(self._ways[0][1].again)  # with what it has asked for since
        return self.back is not back

    def run(self) -> None:
        if self.state is _CLOSED:
            self._forget()
            return
        yields = self._yields
        if yields is not None:
            self._yields = None
            if not self.give_up() and self.ending is None:
                self.surely(yields.go_on)
        super().run()

    # The end

    def _close(self, actions: Iterable[Step]) -> None:
        for each in self.filters:
            if type(each).over is not Filter.over:
                self.surely(self._say_last, each)
        super()._close(actions)

    def _say_last(self, each: Filter) -> None:
        self._note()
        ending = self.ending or Ending.ERROR
        for answer in each.over(ending._value_, self.reason):
            if type(answer) is Tell and self.terms.exchange_told is not None:
                self.terms.exchange_told(self, answer.value)

    def _let_go(self) -> None:
        up, down = self.up, self.down
        super()._let_go()
        if self._ways:
            self._kept = (up, down)
            # They may be in the middle of something that has led to this.
            self.terms.house.pump.again(self)

    def _forget(self) -> None:
        """Refer to nothing that may refer to this."""
        kept, self._kept = self._kept, ()
        for direction in kept:
            if direction is not None:
                direction.forget()
        self._ways, self.filters, self._wish, self._asker = (), (), None, None


_CLOSED, _DONE = State.CLOSED, Ending.DONE  # looked up as slowly as a call is made
_SERVED = (State.OPEN, State.FRONT_ENDED)


def _way(each: Filter, up: Shown, down: Shown) -> tuple[Filter, Answering, Answering]:
    """One filter with its two directions."""
    one, other = Answering(each, each.up, up), Answering(each, each.down, down)
    one.opposite, other.opposite = other, one
    kind = type(each)
    if kind.up is Filter.up:
        one.passing = REST
    if kind.down is Filter.down:
        other.passing = REST
    return each, one, other


FilteredSession.plan = plan_of(
    EXECUTE
    | {
        Action.FILTER: FilteredSession._filter,
        Action.JOIN: FilteredSession._join,
        Action.RETIRE: FilteredSession._retire,
        Action.LEAVE: FilteredSession._leave,
        Action.SECURE_LATER: FilteredSession._secure_later,
        Action.RESUME: FilteredSession._resume,
        Action.PART: FilteredSession._part,
        Action.FLUSH_FRONT: lambda session: session._deliver(session.down, session.up),
        Action.FLUSH_BACK: lambda session: session._deliver(session.up, session.down),
    }
)
