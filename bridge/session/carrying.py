"""
What a filter's answers make of the bytes that it was shown.

Here: each kind of answer, carried out.  No socket, no clock.  Not here: when the filter
is shown what (``answering``), and what is done for a whole session, a dial say
(``filtering``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from bridge.filters.answers import (
    Close,
    Dial,
    Drop,
    Meet,
    Pass,
    PassRest,
    Refuse,
    Reply,
    Secure,
    Send,
    Spare,
    Tell,
    Wait,
    Want,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from bridge.filters.answers import Answer, Answers
    from bridge.filters.filter import Filter
    from bridge.net.deadlines import Deadlines
    from bridge.session.live import Slow

    Emit: TypeAlias = Callable[[bytes], object]

REST = 1 << 62
"""Of bytes that pass: all that will ever come; more than half of it will be left."""
FOREVER = REST >> 1

RUNS, WAITS, STOPS = range(3)
"""
It is shown what comes; it waits for the other direction; it has answered what is
carried out for the whole session, and goes on when that is done.
"""

TOO_LONG, TOO_SOON = "too long", "ended too soon"


class AnswerError(ValueError):
    """A filter's answer makes no sense."""


class Asked(Protocol):
    """Who does what is for the whole session."""

    def wish(self, answering: Any, answer: Answer) -> bool:
        """*answer* is for the session: False if there is nothing to do for it."""

    def tell(self, answering: Any, value: Tell) -> None:
        """It is for the log."""

    def spare(self, answering: Any) -> bool:
        """The server is not needed: True if others are to have its place."""

    def within(self, answering: Any, seconds: float) -> Deadlines[Slow]:
        """*answering* has so long from now on; it is late if it is still in them."""

    def late_with(self, answering: Any) -> None:
        """What *answering* was to be shown has not come in time."""


class Around(Protocol):
    """What is around it: its direction."""

    @property
    def filters(self) -> Asked:
        """Whose it is: the session."""

    def halt(self) -> None:
        """Read no more before it goes on."""

    def needs_another(self) -> bool:
        """The end was answered so: True if it is the server's, and that is retired."""

    def wake(self, answering: Any) -> None:
        """*answering*, which waits, is to be shown again."""

    def count(self) -> None:
        """Have ``passing`` say what has not gone yet."""

    def end(self) -> None:
        """The end has passed all."""


class Carrying:
    """
    Of *maker*, shown by *show*.

    ``emit``, where its bytes go, and ``opposite``, the same filter's other direction,
    are set before anything is shown.
    """

    __slots__ = (
        "_armed", "_around", "_asked", "_passed", "_show", "emit", "ended", "further",
        "maker", "most", "opposite", "passing", "pending", "rest", "shown", "state",
        "whole",
    )  # fmt: skip

    emit: Emit
    opposite: Carrying

    def __init__(
        self, maker: Filter, show: Callable[[bytes, bool], Answers], around: Around
    ) -> None:
        self.maker = maker
        self._show = show
        self._around = around
        self._asked = around.filters
        self.further: Carrying | None = None
        """The next filter's; None: it is the last."""
        self.state = RUNS
        self.whole = False
        """If it waits, it is for all that had come the other way."""
        self.rest = b""
        """What it has not answered for."""
        self.most = 0
        """It wants up to so many bytes; 0: whatever comes."""
        self.passing = 0
        """So many of those that come next are not shown."""
        self._passed: Pass | None = None
        self.pending: Answers = ()
        """What is to be carried out when these have passed, or the session has done its
        part."""
        self.ended = False
        """Nothing comes any more."""
        self.shown = False
        """That has been shown."""
        self._armed: Deadlines[Slow] | None = None

    def end(self) -> None:
        """Nothing comes any more."""
        raise NotImplementedError

    # What the answers do

    def _carry(self, answers: Answers, data: bytes) -> int:
        """Carry *answers* out: how many bytes of *data* they are for."""
        at, size = 0, len(data)
        for index, answer in enumerate(answers, 1):
            kind = type(answer)
            if kind is Pass:
                end = at + answer.count  # type: ignore[union-attr]
                if end <= size:
                    if end < at:
                        raise AnswerError(f"passes {end - at} bytes")
                    if end != at:
                        self.emit(data[at:end])
                        answer.count = 0  # type: ignore[union-attr]
                        at = end
                else:
                    self._begin_to_pass(answer, data[at:])  # type: ignore[arg-type]
                    self.pending, at = answers[index:], size
                    if self.ended:
                        self._cut_at_once()
                    break
            elif kind is Send:
                instead = answer.instead  # type: ignore[union-attr]
                at = size if instead is None else _on(at, instead, size)
                if answer.data:  # type: ignore[union-attr]
                    self.emit(answer.data)  # type: ignore[union-attr]
            elif kind is Drop:
                at = _on(at, answer.count, size)  # type: ignore[union-attr]
            elif kind is Reply:
                self.opposite.emit(answer.data)  # type: ignore[union-attr]
            elif kind is Tell:
                self._asked.tell(self, answer)  # type: ignore[arg-type]
            elif kind is Dial:
                if self._asked.wish(self, answer):
                    self._stop(data[at:], answers[index:])
                    break
            elif kind is Spare:
                if self._asked.spare(self):
                    self._stop(data[at:], answers[index:])
                    break
            else:
                if index != len(answers):
                    what = f"{kind.__name__} has to be the last of {names(answers)}"
                    raise AnswerError(what)
                at = self._carry_last(answer, data, at)
        return at

    def _carry_last(self, answer: Answer, data: bytes, at: int) -> int:
        """An answer that nothing may follow: how many bytes are answered for."""
        kind = type(answer)
        if kind is Want:
            if at and self._armed is not None:
                self._disarm()
            self._want(answer, data[at:] if at else data)  # type: ignore[arg-type]
            return at
        if kind is PassRest:
            self.passing, self._passed = REST, None
            if at < len(data):
                self.emit(data[at:] if at else data)
            self.rest = b""
            if self.ended:
                self._pass_end()
            return len(data)
        if kind is Wait:
            self.state, self.rest = WAITS, data[at:] if at else data
            self.whole = answer.whole  # type: ignore[union-attr]
            self._around.halt()
        elif kind in FOR_THE_SESSION:
            self._stop(data[at:] if at else data, ())
            self._asked.wish(self, answer)
        else:
            raise AnswerError(f"{answer!r} is no answer")
        return at

    def _begin_to_pass(self, answer: Pass, data: bytes) -> None:
        """*data* passes, and what is left of *answer* when it comes."""
        answer.count -= len(data)
        self.passing, self._passed, self.rest = answer.count, answer, b""
        if data:
            self.emit(data)

    def _cut_at_once(self) -> None:
        """There is an end behind the bytes that were shown, which is shown again."""
        self.passing, self._passed, self.pending, self.shown = 0, None, (), False

    def _stop(self, rest: bytes, pending: Answers) -> None:
        self.state, self.rest, self.pending = STOPS, rest, pending
        self._around.halt()

    def _want(self, want: Want, rest: bytes) -> None:
        self.rest = rest
        if self.ended and self._around.needs_another():
            self._stop(b"", ())
            return
        if self.ended or len(rest) >= want.most:
            self._stop(rest, ())
            why = TOO_SOON if self.ended else TOO_LONG
            self._asked.wish(self, Refuse("bad_header", why))
            return
        self.most = want.most
        if want.within is not None:
            self._arm(want.within)
        elif self._armed is not None:
            self._disarm()

    def _pass_end(self) -> None:
        if self.further is not None:
            self.further.end()
        else:
            self._around.end()

    # Time

    def _arm(self, within: float) -> None:
        """It has so many seconds, from the first time on that it says so."""
        armed = self._armed
        if armed is not None:
            if armed.seconds == within:
                return
            armed.pop(self, None)
        self._armed = self._asked.within(self, within)

    def _disarm(self) -> None:
        armed, self._armed = self._armed, None
        if armed is not None:
            armed.pop(self, None)

    def late(self) -> None:
        """What it wants has not come in time."""
        self._armed = None
        self._asked.late_with(self)

    # The session

    def note(self) -> None:
        """Have the answer by which bytes pass say how many are to come."""
        passed = self._passed
        if passed is not None:
            self._around.count()
            passed.count = self.passing

    def renew(self, *, asks: bool) -> None:
        """It begins again with another server; *asks*: that one is its own wish."""
        self._disarm()
        self.rest, self.most, self.ended, self.shown = b"", 0, False, False
        if self.passing < FOREVER:
            self.passing, self._passed = 0, None
        if not asks:
            self.state, self.pending = RUNS, ()

    def forget(self) -> None:
        """It is over: refer to nothing that may refer to this."""
        if self._armed is not None:
            self._disarm()
        del self.emit, self.opposite, self._show, self._around, self._asked
        self.further = None


FOR_THE_SESSION = {Refuse, Close, Secure, Meet}
IDLE = {Want, Wait}
LAST = {*FOR_THE_SESSION, *IDLE, PassRest}


def _on(at: int, count: int, size: int) -> int:
    """Where *count* bytes behind *at* end.  Raises AnswerError if there are fewer."""
    if not 0 <= count <= size - at:
        raise AnswerError(f"answers for {count} bytes of {size - at}")
    return at + count


def names(answers: Answers) -> str:
    return ", ".join(type(each).__name__ for each in answers) or "nothing"
