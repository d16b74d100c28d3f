"""
The gateway as a whole, over all its generations: what twistd starts and stops.

Here: which generation accepts, which retire, and how one follows another, or does not.
Not here: what a generation is (``own``, ``forked``), the listening sockets that they
have one after another (``service.listening``), what makes them (``making``), and who
asks for all this (``tap``, ``control.admin``).

A reload is all or nothing.  The file is read and checked, what is new to listen on is
bound, and the new generation accepts on the same sockets as the old one, before that
hears of it; whatever goes wrong until then is undone, and said.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, fail, inlineCallbacks
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from bridge.config.bindings import bound_anew
from bridge.config.changes import Changes, changes
from bridge.config.problems import ConfigError
from bridge.config.reader import Document
from bridge.net.certificates import CertificateError
from bridge.net.descriptors import raise_limit
from bridge.processes import events
from bridge.processes.generation import Generation, StartError, workers_of
from bridge.processes.parties import Away, Maker, Notified, Reading
from bridge.processes.standing import Standing
from bridge.processes.turns import Lines, Turns, copy
from bridge.service.listening import ListenError
from bridge.service.sockets import Sockets

MOST = 32
"""Generations that may retire at a time.  With one more the oldest ends at once:
sessions of days and a reload every minute would fill the memory."""

DAY = 86400.0
"""Seconds after which workers get other keys for their TLS tickets: see ``renewal``."""

SAME = "the configuration is as it was"
AGAIN = "certificates and files of networks are read again"


class ReloadError(Exception):
    """Nothing has changed.  The message says why, in a line or several."""


class Supervisor(Service):
    """
    Runs *document* on *sockets*, and then whatever *read* returns.

    *read* raises ConfigError, and is called *away*, in a thread; None: there is no
    file.  *failed* is told why the first generation cannot start, if that turns out
    later than ``startService``.
    """

    def __init__(
        self,
        document: Document,
        reactor: Any,
        sockets: Sockets,
        maker: Maker,
        notified: Notified,
        away: Away,
        *,
        read: Callable[[], Reading] | None,
        failed: Callable[[str], None],
    ) -> None:
        self._document = document
        self._reactor = reactor
        self._sockets = sockets
        self._maker = maker
        self._notified = notified
        self._away = away
        self._read = read
        self._failed = failed
        self._number = 1
        self.current: Generation
        """The one that accepts."""
        self.others: list[Generation] = []
        """Those that retire, the oldest first, and one that starts."""
        self._stopping = False
        self.standing = Standing(reactor.seconds)
        self.read_again: Callable[[], object] = lambda: None  # what is of no generation
        self._hurried = False
        self._turns = Turns(self._take_turn)
        self._daily: IDelayedCall | None = None
        self._names: IDelayedCall | None = None

    # Starting

    def privilegedStartService(self) -> None:
        """Bind every listener.  Raises ListenError."""
        config = self._document.config
        workers = workers_of(config)
        raise_limit()
        if workers == 1:
            self.current = self._maker.own(self._document)
        else:
            plan = self._sockets.plan(config, workers)
            plan.listen()
            plan.commit()
            self.current = self._maker.forked(1, self._document, plan, None)
        self.current.ended.addCallback(self._ended, self.current)

    def startService(self) -> None:
        """Accept.  Raises ListenError, where that is known at once."""
        super().startService()
        events.starts(workers_of(self._document.config))
        first = self.current
        first.start().addCallbacks(
            self._accepts, self._cannot, callbackArgs=(first,), errbackArgs=(first,)
        )

    def _accepts(self, _: object, first: Generation) -> None:
        if self.current is first:  # else a reload was quicker
            self._maker.took_over(first, None)
        self.standing.accepts = True
        self._notified.ready(self.in_short)
        self._renew_daily()

    def _cannot(self, failure: Failure, first: Generation) -> None:
        if self.current is first and not self._stopping:
            self._failed(str(failure.value))

    # Reloading

    def reload(self, *, code: bool = False) -> Deferred[Lines]:
        """
        Go on by the configuration as it is now.  Fires with what has changed, in lines.

        *code*: also when nothing has, by the code that is installed now.  Fails with
        ReloadError, and the log says so as well.
        """
        if self._stopping:
            return fail(ReloadError("the gateway is stopping"))
        return self._turns.ask(code)

    def _take_turn(self, code: bool) -> Deferred[Lines]:
        return self._told(self._reload(code)).addBoth(self.standing.note)

    def _told(self, going: Deferred[Lines]) -> Deferred[Lines]:
        """*going*, and whoever is notified."""
        self._notified.reloading()
        going.addErrback(self._say_why)
        return going.addBoth(self._ready_again)

    def _ready_again(self, result: Any) -> Any:
        if not self._stopping:
            self._notified.ready(self.in_short)
        return result

    def _say_why(self, failure: Failure) -> Failure:
        if failure.check(ReloadError) is None:
            events.bug_in_reload(failure)
            failure = Failure(ReloadError("a bug in the gateway: see its log"))
        events.reload_failed(str(failure.value))
        return failure

    @inlineCallbacks
    def _reload(self, code: bool) -> Generator[Deferred[Any], Any, Lines]:
        before = self._document.config

        def read() -> tuple[Reading, Changes]:
            reading = self._read_again()
            return reading, changes(before, reading.document.config)

        (document, warnings), found = yield self._away(read)
        events.reload_warns(warnings)
        self.read_again()
        if not found and not code:
            self.current.reload_files()
            self._maker.reload_files()
            events.reload_changes_nothing(f"{SAME}; {AGAIN}")
            return [f"{SAME}; {AGAIN}"]
        anew = bound_anew(before, document.config)
        lines = [*found.lines(), *anew] or [SAME]
        yield self._follow(document)
        events.reloaded(lines, self.current.number)
        return [*lines, f"generation {self.current.number} has taken over"]

    def _read_again(self) -> Reading:
        if self._read is None:
            raise ReloadError("there is no configuration file to read again")
        try:
            return self._read()
        except ConfigError as error:
            raise ReloadError(str(error)) from None

    @inlineCallbacks
    def _follow(
        self, document: Document, *, patient: bool = False
    ) -> Generator[Deferred[Any], Any, None]:
        """Have a new generation by *document*, and the current one retire."""
        try:
            plan = self._sockets.plan(document.config, workers_of(document.config))
            plan.listen()
        except ListenError as error:
            raise ReloadError(str(error)) from None
        before, number = self.current, self._number + 1
        try:
            after = self._maker.forked(number, document, plan, before)
            self._number = number
            self.others.append(after)
            after.ended.addCallback(self._ended, after)
            yield after.start()
        except BaseException as error:
            plan.abandon()
            if not isinstance(error, StartError | CertificateError | OSError):
                raise
            raise ReloadError(f"the new generation cannot start: {error}") from None
        if self._stopping:  # and so does this one
            plan.abandon()
            raise ReloadError("the gateway is stopping")
        plan.commit()
        self.others.remove(after)
        self.others.append(before)
        self.current, self._document = after, document
        self._maker.took_over(after, before)
        before.retire(plan.gone, patient=patient)
        if len(self.others) > MOST:
            events.generation_hurried(self.others[0].number, len(self.others))
            self.others[0].hurry()

    def _ended(self, _: object, generation: Generation) -> None:
        if generation in self.others:
            self.others.remove(generation)
            events.generation_ended(generation.number)
        if not self.others and generation.number < self.current.number:
            # A reload leaves cycles behind, and the collector is told to look seldom,
            # for the sake of sessions (service.gateway), of which here are none now.
            gc.collect()

    # Keys of TLS tickets

    def _renew_daily(self) -> None:
        """
        Workers have their keys from what they were forked from, and so have new ones
        with a new generation only.  Nothing changes for sessions: they have all the
        time they need.
        """
        if self._daily is not None and self._daily.active():
            self._daily.cancel()
        self._daily = self._reactor.callLater(DAY, self._new_day)

    def _new_day(self) -> None:
        self._renew_daily()
        config = self._document.config
        tickets = any(front.tls is not None for front in config.fronts.values())
        if self._stopping or self._turns.busy or not tickets:
            return
        if workers_of(config) > 1:  # one renews them by itself
            self._turns.go(lambda: self._told(self._renew())).addErrback(_heard)

    @inlineCallbacks
    def _renew(self) -> Generator[Deferred[Any], Any, Lines]:
        yield self._follow(self._document, patient=True)
        events.tickets_renewed()
        return []

    # Stopping

    def stopService(self) -> Deferred[None]:
        """Drain.  Fires when the last session of the last generation has ended."""
        super().stopService()
        self._stopping = self.standing.stopping = True
        self._turns.stop()
        timeouts = self._document.config.timeouts
        self._notified.stopping(timeouts.drain_delay + timeouts.drain_timeout)
        if self._daily is not None and self._daily.active():
            self._daily.cancel()
        self._sockets.let_go()  # theirs are copies
        self._names = self._reactor.callLater(timeouts.drain_delay, self._sockets.close)
        all_of_them = [*self.others, self.current]
        for generation in all_of_them:
            generation.stop()
        if self._hurried:
            self.hurry()
        waiting = [each.ended for each in all_of_them]
        done = DeferredList([copy(ended) for ended in waiting])
        return done.addCallback(self._stopped)

    def _stopped(self, _: object) -> None:
        self._maker.stop()
        if self._names is not None and self._names.active():
            self._names.cancel()
            self._sockets.close()
        events.stopped()

    def hurry(self) -> None:
        """A second signal, while stopping or before that has begun."""
        self._hurried = True
        if self._stopping:
            for generation in (*self.others, self.current):
                generation.hurry()

    # What else signals ask for

    def reload_by_signal(self) -> None:
        """HUP: nobody waits for the answer, and the log has it."""
        self.reload().addErrback(_heard)

    def in_short(self) -> str:
        """How it is doing, in one line."""
        short = self.current.in_short()
        if not self.others:
            return short
        return f"{short}; generation {self.current.number}, {len(self.others)} retire"

    def tell_state(self) -> None:
        """USR2: write what is going on to the log."""
        for generation in (*self.others, self.current):
            if self.others:
                events.generation_is(generation.number, retiring=generation.retiring)
            generation.tell_state()

    def reopen_logs(self) -> None:
        """USR1: they were moved away."""
        for generation in (*self.others, self.current):
            generation.reopen_logs()


def _heard(failure: Failure) -> None:
    """Nobody waits for the answer, and the log has it."""
    failure.trap(ReloadError)
