"""
Names, looked up once for all workers.

Here: who asked for a name, and what is remembered of an answer for as long as it may
be: a worker gets it with the time that it has left.  Not here: how a name is looked up
(``farm.lookup``), and when a worker asks (``farm.follow_names``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from bridge.farm.dns_values import LONGEST, Reply, Sought
from bridge.farm.follow_names import Finding
from bridge.service.dns_replies import aged, bounded, lifetime, nothing

MOST_NAMES = 4096
"""Answers that are remembered at a time; of more, the oldest are asked for anew."""

PATIENCE = 3.0
"""
Seconds that a new generation waits for its names: as long as three DNS servers in turn
have to answer.  Then it begins without, and its sessions wait in their queues.
"""

Told = Callable[[Reply], None]


@dataclass(frozen=True, slots=True)
class _Remembered:
    reply: Reply
    came: float
    until: float


class NameHub:
    """Asks *lookup*, which is made when the first name is asked for."""

    _log = Logger()

    def __init__(self, clock: IReactorTime, lookup: Callable[[], Finding]) -> None:
        self._clock = clock
        self._make = lookup
        self._lookup: Finding | None = None
        self._remembered: OrderedDict[Sought, _Remembered] = OrderedDict()
        self._asked: dict[Sought, list[Told]] = {}
        """Who waits for the answer to a question that is under way."""
        self._under_way: dict[Sought, Deferred[None]] = {}

    def prepare(self, names: Collection[Sought]) -> Deferred[None]:
        """
        Have answers to all *names*, good or bad: fires when they are there, or after
        PATIENCE.  Raises OSError: this host does not say whom to ask.
        """
        done: Deferred[None] = Deferred()
        missing = set(names)

        def found(sought: Sought, _: Reply) -> None:
            missing.discard(sought)
            if not missing and not done.called:
                done.callback(None)

        if not names:
            return succeed(None)
        self._be_ready()
        for sought in names:
            self.find(sought, partial(found, sought))
        done.addTimeout(PATIENCE, self._clock, lambda *_: None)
        return done

    def known(self) -> Iterator[tuple[Sought, Reply]]:
        """
        The last answers, with the time that is left of them.

        Of one that has run out none is: it may be used until there is another, since
        that has been asked for.
        """
        now = self._clock.seconds()
        for sought, known in self._remembered.items():
            if now < known.until + LONGEST:
                yield sought, aged(known.reply, now - known.came)

    def _be_ready(self) -> None:
        if self._lookup is None:
            self._lookup = self._make()

    def find(self, sought: Sought, told: Told) -> None:
        """Have *told* called with an answer, once, if need be within this call."""
        known = self._remembered.get(sought)
        now = self._clock.seconds()
        if known is not None and now < known.until:
            told(aged(known.reply, now - known.came))
        elif sought in self._asked:
            self._asked[sought].append(told)
        else:
            self._asked[sought] = [told]
            self._ask(sought)

    def _ask(self, sought: Sought) -> None:
        reply = maybeDeferred(self._find, sought)
        self._under_way[sought] = reply.addErrback(self._failed).addCallback(
            self._answered, sought
        )
        if sought not in self._asked:  # it has been answered within the call
            self._under_way.pop(sought, None)

    def _find(self, sought: Sought) -> Deferred[Reply]:
        self._be_ready()
        assert self._lookup is not None
        return self._lookup.find(sought)

    def _failed(self, failure: Failure) -> Reply:
        """A lookup does not fail: that is an answer, too.  But for a bug."""
        if not failure.check(OSError, CancelledError):
            self._log.failure(
                "A bug in the gateway, met while a name was looked up", failure
            )
        return nothing(f"the name cannot be looked up: {failure.getErrorMessage()}")

    def _answered(self, reply: Reply, sought: Sought) -> None:
        self._under_way.pop(sought, None)
        reply, now = bounded(reply), self._clock.seconds()
        self._remembered[sought] = _Remembered(reply, now, now + lifetime(reply))
        self._remembered.move_to_end(sought)
        while len(self._remembered) > MOST_NAMES:
            self._remembered.popitem(last=False)
        for told in self._asked.pop(sought, ()):
            told(reply)

    def stop(self) -> None:
        """Ask and tell no more."""
        self._asked.clear()
        under_way, self._under_way = self._under_way, {}
        for question in under_way.values():
            question.cancel()
