"""
What is done for whoever looks at the page, and only while somebody does.

Once a second the numbers are read, the gateway is asked what numbers do not tell, and
what has changed is sent.  While nobody looks the numbers are read now and then, for the
history.  All of it is done in slices, and never waited for: what a worker does not say
in time is shown as it last said it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from bridge.control.orders import Answer, AnswerError
from bridge.control.slices import Slices, Steps
from bridge.web.history import History, Row, totals
from bridge.web.limits import FASTEST, limits
from bridge.web.parts import Change, Known, Parts, change, encoded, parts_of
from bridge.web.paths import paths

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime
    from twisted.python.failure import Failure

    from bridge.web.streams import Streams

STEP = 1.0
"""Seconds between two looks while somebody looks."""

SELDOM = 5.0
"""And while nobody does."""

POLLED = 15.0
"""Seconds for which somebody looks who has asked once."""

SHARE = 20
"""What is asked for takes at most one of so many parts of the time."""

ENDINGS = 40
"""Sessions that ended last, of those that are shown."""

Ask = Callable[[str, dict[str, Any]], "Deferred[Answer]"]
"""A command of the admin socket's, with arguments that were checked."""


@dataclass(frozen=True)
class Sources:
    """Where all that is shown is from."""

    numbers: Callable[[], Steps[Mapping[str, Any]]]
    plan: Callable[[], Mapping[str, Any]]
    warnings: Callable[[], Sequence[str]]
    ask: Ask
    changes: bool


class Looking:
    """For *streams* and those that ask ``whole``."""

    _log = Logger()

    def __init__(self, clock: IReactorTime, sources: Sources) -> None:
        self.history = History()
        self.streams: Streams | None = None
        self._clock = clock
        self._sources = sources
        self._slices = Slices(clock)
        self._servers = _Asked(clock, sources.ask, "servers", {})
        self._endings = _Asked(clock, sources.ask, "endings", {"limit": ENDINGS})
        self._fastest = _Asked(
            clock, sources.ask, "sessions", {"sort": "rate", "limit": FASTEST}
        )
        self._paths = _Asked(clock, sources.ask, "path", {})
        self._parts: Parts = {}
        self._made_at: float | None = None
        self._waiting: list[Deferred[bytes]] = []
        self._polled_at = -POLLED
        self._timer: Any = None
        self._busy = False
        self._began = clock.seconds()
        self._stopped = True

    # From without

    def start(self) -> None:
        self._stopped = False
        self._timer = self._clock.callLater(0, self._turn)

    def stop(self) -> None:
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._slices.close()
        if self.streams is not None:
            self.streams.close()

    def hasten(self) -> None:
        """Somebody has come who does not want to wait."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = self._clock.callLater(0, self._turn)

    def whole(self) -> Deferred[bytes]:
        """All there is, as one object, for who asks now and then."""
        self._polled_at = self._clock.seconds()
        answer: Deferred[bytes] = Deferred(self._give_up)
        if self._fresh():
            answer.callback(self._everything())
        else:
            self._waiting.append(answer)
            self.hasten()
        return answer

    # Each time

    def _looked_at(self) -> bool:
        polled = self._clock.seconds() - self._polled_at < POLLED
        return polled or bool(self._waiting) or bool(self.streams)

    def _fresh(self) -> bool:
        at = self._made_at
        return at is not None and self._clock.seconds() - at < 2 * STEP

    def _give_up(self, answer: Deferred[bytes]) -> None:
        if answer in self._waiting:
            self._waiting.remove(answer)

    def _turn(self) -> None:
        self._timer = None
        self._began = self._clock.seconds()
        looked = self._slices.run(self._look())
        looked.addErrback(self._failed).addCallback(self._again)

    def _again(self, _: object) -> None:
        if self._stopped:
            return
        step = STEP if self._looked_at() else SELDOM
        passed = self._clock.seconds() - self._began
        self._timer = self._clock.callLater(max(step / 2, step - passed), self._turn)

    def _look(self) -> Steps[None]:
        """Each line of it that takes any time has a slice of its own."""
        numbers = yield from self._sources.numbers()
        yield
        row = self.history.add(totals(numbers))
        if not self._looked_at():
            self._parts, self._made_at = {}, None
            return
        for each in (self._servers, self._endings, self._fastest, self._paths):
            each.ask_again()
            yield
        known = Known(
            numbers,
            self._sources.plan(),
            self._servers.answer.get("servers", ()),
            numbers["time"] - (self._clock.seconds() - self._servers.answered),
            self._endings.answer.get("endings", ()),
            self._sources.warnings(),
            self._sources.changes,
            limits(self._fastest.answer.get("sessions", ())),
            paths(self._paths.answer),
        )
        yield
        now = yield from parts_of(known)
        yield
        changed = change(self._parts, now)
        self._parts, self._made_at = now, self._clock.seconds()
        yield
        yield from self._tell(changed, row)

    def _tell(self, changed: Change, row: Row | None) -> Steps[None]:
        if self.streams is not None:
            yield from self.streams.send(
                lambda: encoded(changed, row, whole=False), self._everything
            )
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(self._everything())

    def _everything(self) -> bytes:
        return encoded(Change(self._parts), None, whole=True)

    def _failed(self, failure: Failure) -> None:
        self._log.failure("A bug in the gateway: the page is not up to date", failure)
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.errback(AnswerError("a bug in the gateway: see its log"))


class _Asked:
    """The last answer to a *command*, which is asked for at most in its share."""

    def __init__(
        self, clock: IReactorTime, ask: Ask, command: str, args: dict[str, Any]
    ) -> None:
        self.answer: Answer = {}
        self.answered = 0.0
        self._clock = clock
        self._ask = ask
        self._what = command, args
        self._began: float | None = None
        self._next = 0.0

    def ask_again(self) -> None:
        now = self._clock.seconds()
        if self._began is None and now >= self._next:
            self._began = now
            command, args = self._what
            self._ask(command, dict(args)).addCallbacks(self._took, self._refused)

    def _took(self, answer: Answer) -> None:
        self.answer, self.answered = answer, self._clock.seconds()
        self._done()

    def _refused(self, failure: Failure) -> None:
        """No worker is there now, or none of its farms has servers."""
        failure.trap(AnswerError)
        self.answer = {}
        self._done()

    def _done(self) -> None:
        now = self._clock.seconds()
        began, self._began = self._began or now, None
        self._next = now + (now - began) * SHARE - STEP / 2
