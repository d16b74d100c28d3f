"""
One filter's part in one direction: when it is shown what.

Here: bytes come, are shown until all are answered for or more is wanted, and so is the
end.  Not here: what the answers do to them (``carrying``), where they come from and go
to (``shown``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.filters.answers import Wait
from bridge.session.carrying import (
    FOREVER,
    IDLE,
    LAST,
    RUNS,
    STOPS,
    WAITS,
    AnswerError,
    Carrying,
    names,
)

if TYPE_CHECKING:
    from bridge.filters.answers import Answers


class Answering(Carrying):
    """See ``Carrying``."""

    __slots__ = ()

    opposite: Answering

    # What comes

    def take(self, data: bytes) -> None:
        """*data* has come."""
        passing = self.passing
        if passing:
            size = len(data)
            if size < passing:
                self.passing = passing - size
                self.emit(data)
                return
            self.passing = 0
            self.emit(data if size == passing else data[:passing])
            self.rest = data[passing:]
            self.went_by()
        elif self.state or self.ended:
            self.rest += data
        elif self.rest:
            self.ask(self.rest + data)
        else:
            self.ask(data)

    def end(self) -> None:
        """Nothing comes any more."""
        if self.ended:
            return
        self.ended = True
        if self.passing > FOREVER:
            self._pass_end()
        elif self.passing:
            self._cut()
        elif not self.state:
            self.ask(self.rest)

    def _cut(self) -> None:
        """The end came before all had passed that was to: that is shown."""
        if self._passed is not None:
            self._passed.count = self.passing
        self.passing, self.pending = 0, ()
        self.went_by()

    def went_by(self) -> None:
        """All that was to pass has; ``rest`` is what came behind it."""
        if self._passed is not None and not self.passing and not self.ended:
            self._passed.count = 0
        self._passed = None
        pending, self.pending = self.pending, ()
        if all(type(each) in IDLE for each in pending):
            self.rouse()  # or when these are carried out, too
        if pending:
            self.ask(self.rest, pending)
        elif self.rest or self.ended:
            self.ask(self.rest)

    def go_on(self, said: Answers = ()) -> None:
        """The session has done its part, of which the filter has *said* this."""
        self.state = RUNS
        pending, self.pending = self.pending, ()
        self.ask(self.rest, (*said, *pending) if said else pending)

    def restart(self, answers: Answers) -> None:
        """There is no server: *answers*, instead of what it was at."""
        self.state, self.pending, self.most = RUNS, (), 0
        if self.passing < FOREVER:  # it was to pass to the server that is lost
            self.passing, self._passed = 0, None
        self.told(answers)

    def told(self, answers: Answers) -> None:
        """The filter was asked something else, and says this."""
        if not answers:
            return
        if self.state == STOPS or 0 < self.passing < FOREVER:
            self.pending = (*self.pending, *answers)
            return
        rest = self.rest
        at = self._carry(answers, rest)
        if at and type(answers[-1]) not in LAST:
            self.rest = rest[at:]
            if self.rest and not self.state:
                self.most = 0
                self.ask(self.rest)
        self.rouse()

    # What is shown

    def again(self) -> None:
        """It does not wait any more."""
        self.state = RUNS
        if self.rest or self.ended:
            self.ask(self.rest)

    def ask(self, data: bytes, answers: Answers | None = None) -> None:
        """
        Show *data*, and what is left of it, until all is answered for or more is
        wanted.  *answers* are there already, the first ones.
        """
        most, self.most = self.most, 0
        opposite = self.opposite
        acts = False
        while True:
            resumed = answers is not None
            if answers is None:
                if opposite.passing:
                    opposite.note()
                if 0 < most < len(data):
                    self._ask_some(data, most)
                    break
                self.shown = self.ended
                answers = self._show(data, self.ended)
                if not answers and data:
                    raise AnswerError("answers for nothing that it was shown")
            at = self._carry(answers, data)
            if self._armed is not None and not self.most:
                self._disarm()
            if (opposite.state or opposite.pending) and self._acts(answers):
                if opposite.whole:
                    acts = True  # at the end
                else:
                    self.rouse()
            if self.most or self.state or self.passing:
                break
            if at == len(data):
                self.rest = b""
                if self.ended:
                    self._ask_end()
                break
            if not at and not resumed:
                raise AnswerError(
                    f"{names(answers)} answers for no byte of those shown"
                )
            data, answers, most = data[at:] if at else data, None, 0
        if acts:
            self.rouse()

    def _ask_some(self, data: bytes, most: int) -> None:
        """Of *data* only as much as it wants is shown."""
        ended, self.ended, self.most = self.ended, False, most
        self.ask(data[:most])
        self.take(data[most:])
        if ended:
            self.end()

    def _ask_end(self) -> None:
        """All is answered for: the end is shown, if it was not, and passed on."""
        if not self.shown:
            self.ask(b"")
        else:
            self._pass_end()

    def rouse(self) -> None:
        """
        The other direction waits no longer; nor does it when it comes to a Wait that it
        has answered before this: what that was for has happened.
        """
        other = self.opposite
        if other.state == WAITS:
            self._around.wake(other)
        elif other.pending and type(other.pending[-1]) is Wait:
            other.pending = other.pending[:-1]

    def _acts(self, answers: Answers) -> bool:
        """Something is answered, and done, that the other direction may wait for."""
        if 0 < self.passing < FOREVER or self.state == STOPS:
            return False
        return not answers or any(type(each) not in IDLE for each in answers)
