"""
A generation of workers that were forked for it, as the supervisor sees it.

Here: its nursery, its workers from their start to their end, and those that die and are
started again.  Not here: when there is another generation (``supervisor``), and what a
worker does (``worker``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from socket import socket
from typing import Any

from twisted.internet.defer import Deferred

from bridge.config.reader import Document
from bridge.processes import events
from bridge.processes.backoff import LATEST, Backoff, when
from bridge.processes.child import Child, Seat
from bridge.processes.generation import Place, StartError, Told
from bridge.processes.link import Message
from bridge.processes.means import Means
from bridge.processes.snapshot import Snapshot
from bridge.processes.spawned import Spawned, cause
from bridge.processes.timers import Timers

STARTS_WITHIN = 60.0
"""Seconds in which a generation has to accept.  One or two are usual."""

QUITS_WITHIN = 1.0
"""Seconds that a nursery has to close its sockets before its workers are told to close
theirs, and to end after the last of them."""

GRACE = 5.0
"""Seconds that a worker has after all its deadlines before it is killed: it hangs."""


class Forked:
    """Generation *number* by *document*, of so many *workers* on *sockets* by key."""

    def __init__(
        self,
        number: int,
        document: Document,
        sockets: Mapping[str, Sequence[socket]],
        workers: int,
        means: Means,
    ) -> None:
        self.number = number
        self.document = document
        self.retiring = False
        self.ended: Deferred[None] = Deferred()
        self.restarts = 0
        """Workers that died and were started again."""
        self._sockets = sockets
        self._means = means
        cpus = document.config.cpus
        self._seats = [
            Seat(number, cpus[number] if cpus else -1) for number in range(workers)
        ]
        self._children: dict[int, Child] = {}
        """Those that are not known to be gone, by the number of their seat."""
        self._backoffs = [Backoff() for _ in self._seats]
        self._nursery: Spawned | None = None
        self._nursery_ready: float | None = None
        """Since when, by the reactor's clock; None: it is not."""
        self._nursery_backoff = Backoff()
        self._started: Deferred[None] | None = None
        self._timers = Timers(means.reactor)
        self._farewell: Callable[[], None] | None = None
        """What workers are told once their nursery has closed its sockets."""
        self._over = False

    # Starting

    def start(self) -> Deferred[None]:
        started: Deferred[None] = Deferred()
        self._started = started
        self._timers.later(STARTS_WITHIN, self._late)
        self._open_nursery()
        return started

    def _open_nursery(self) -> None:
        if self.retiring:
            return
        snapshot = Snapshot(
            generation=self.number,
            files=self.document.files,
            sockets={},
            workers=len(self._seats),
            board=None,
            numbers=None,
            log=self._means.log,
        )
        self._nursery_ready = None
        self._nursery = nursery = Spawned(self._heard, self._nursery_died)
        try:
            nursery.start(
                self._means.reactor, snapshot, self._means.columns.fds, self._sockets
            )
        except OSError as error:
            self._nursery = None
            why = f"cannot start a process: {error.strerror}"
            self._cannot(why, self._open_nursery)

    def _cannot(self, why: str, again: Callable[[], None]) -> None:
        """Something has failed that is to be tried *again*, in a while."""
        if not self._fail(why):
            events.cannot_start(why)
            self._timers.later(LATEST, again)

    def _fork_all(self, _: None) -> None:
        for seat in self._seats:
            self._fork(seat)

    def _heard(self, word: str, rest: str) -> None:
        if word == "ready":
            self._nursery_ready = self._means.reactor.seconds()
            self._means.prepared.addCallback(self._fork_all)
        elif word == "failed":
            if not self._fail(rest):
                events.cannot_start(f"no worker can start: {rest}")
        elif word == "closed":
            self._say_farewell()
        elif word == "forked":
            number, pid = map(int, rest.split())
            if number in self._children:
                self._children[number].pid = pid
        elif word == "died":
            pid, status = map(int, rest.split())
            for child in tuple(self._children.values()):
                if child.pid == pid:
                    self._gone(child, cause(status))

    def _fork(self, seat: Seat) -> None:
        nursery = self._nursery
        if nursery is None or self._nursery_ready is None:
            return  # it will be done once that is there
        if self.retiring or seat.number in self._children:
            return
        try:
            child, theirs = self._child(seat, nursery)
        except OSError as error:
            why = f"worker {seat.number} cannot start: {error.strerror}"
            self._cannot(why, partial(self._fork, seat))
            return
        tells = int(seat.number == 0 and self._started is not None)
        words = f"fork {seat.number} {child.column} {seat.cpu} {tells}"
        if not nursery.send(words, [theirs]):
            child.mother = None
        os.close(theirs)  # if that was in vain, the link is lost now

    def _child(self, seat: Seat, nursery: Spawned) -> tuple[Child, int]:
        """One to be, with the worker's end of its link.  Raises OSError."""
        means = self._means
        born, column = means.reactor.seconds(), means.columns.take()
        child = Child(seat, column, self, born, means.said, nursery)
        try:
            theirs = child.connect(means.reactor)
        except OSError:
            means.columns.give(column)
            raise
        self._children[seat.number] = child
        child.link.on("numbers", partial(means.columns.hear, column))
        child.join(means.join)
        return child, theirs

    # Who a worker's owner is: see child.Owner

    def ready(self, child: Child) -> None:
        if self._started is None:
            events.worker_accepts(child.seat.number, child.pid)
        elif all(
            number in self._children and self._children[number].accepts
            for number in range(len(self._seats))
        ):
            started, self._started = self._started, None
            self._timers.cancel()
            started.callback(None)

    def failed(self, child: Child, why: str) -> None:
        child.ended = True
        if not self._fail(why):
            events.cannot_start(f"worker {child.seat.number} cannot start: {why}")

    def counted(self, fronts: Sequence[Message]) -> None:
        self._means.past.take(fronts)

    def unlinked(self, child: Child) -> None:
        if child.mother is not self._nursery:  # nobody will say how it died
            self._gone(child, "")

    # Ends of processes

    def _gone(self, child: Child, how: str) -> None:
        number = child.seat.number
        if self._children.get(number) is not child:
            return
        del self._children[number]
        self._means.columns.give(child.column)
        if not self.retiring and not self._fail(f"worker {number} died{how}"):
            self._again(child, how)
        self._look_whether_over()

    def _again(self, child: Child, how: str) -> None:
        """Start another one on its seat."""
        number = child.seat.number
        lived = self._means.reactor.seconds() - child.born if child.served else 0.0
        wait = self._backoffs[number].wait(lived)
        events.worker_died(number, child.pid, how, when(wait))
        self.restarts += 1
        self._timers.later(wait, partial(self._fork, child.seat))

    def _nursery_died(self, how: str) -> None:
        self._nursery = None
        self._say_farewell()
        for child in tuple(self._children.values()):
            if not child.link.up:
                self._gone(child, "")
        if not self.retiring and not self._fail(f"its first process ended{how}"):
            since, now = self._nursery_ready, self._means.reactor.seconds()
            wait = self._nursery_backoff.wait(0.0 if since is None else now - since)
            events.nursery_died(self.number, how, when(wait))
            self._timers.later(wait, self._open_nursery)
        self._look_whether_over()

    def _late(self) -> None:
        self._fail(f"it does not accept within {STARTS_WITHIN:g} s")

    def _fail(self, why: str) -> bool:
        """Where it has not started yet, it never will: whether that is so."""
        started, self._started = self._started, None
        if started is None:
            return False
        # That first, so that these workers are the last who have sockets that are given
        # up, and take in who waits there.
        started.errback(StartError(why))
        self.retire(())  # some may accept already, and have sessions
        return True

    # Stopping

    def retire(self, gone: Collection[str], patient: bool = False) -> None:
        if self.retiring:
            return
        self.retiring = True
        self._started = None
        timeout = self.document.config.timeouts.drain_timeout
        message = {"gone": list(gone), "patient": patient}
        self._end("retire", None if patient else timeout + GRACE, **message)

    def stop(self) -> None:
        if self._over:
            return
        timeouts = self.document.config.timeouts
        within = timeouts.drain_delay + timeouts.drain_timeout
        if self.retiring:  # patiently, perhaps
            self._timers.later(within, self.hurry)
            return
        self.retiring = True
        self._end("stop", within + GRACE)
        self._fail("the gateway is stopping")

    def _end(self, topic: str, within: float | None, **message: Any) -> None:
        """Have the nursery quit, then the workers told so."""
        self._timers.cancel()
        self._farewell = partial(self._tell, topic, **message)
        if self._nursery is None or not self._nursery.send("quit"):
            self._say_farewell()
        else:
            self._timers.later(QUITS_WITHIN, self._say_farewell)
        if within is not None:
            self._timers.later(within, self._kill)
        self._look_whether_over()

    def _say_farewell(self) -> None:
        farewell, self._farewell = self._farewell, None
        if farewell is not None:
            farewell()

    def hurry(self) -> None:
        self._say_farewell()
        self._tell("hurry")
        self._timers.later(GRACE, self._kill)

    def _kill(self) -> None:
        self._timers.later(QUITS_WITHIN, self._kill_nursery)
        for child in self._children.values():
            if child.kill():
                events.worker_killed(child.seat.number, child.pid)

    def _kill_nursery(self) -> None:
        if self._nursery is not None:
            self._nursery.kill()

    def _look_whether_over(self) -> None:
        if self._over or not self.retiring or self._children or self._nursery:
            return
        self._over = True
        self._timers.cancel()
        self.ended.callback(None)

    # Running

    def ask(self, command: str, args: Message) -> list[Deferred[Told]]:
        return [child.ask(command, args) for child in self._children.values()]

    def _tell(self, topic: str, **message: Any) -> None:
        for child in self._children.values():
            child.tell(topic, **message)

    def reload_files(self) -> None:
        self._tell("reload")

    def reopen_logs(self) -> None:
        self._tell("reopen")

    def in_short(self) -> str:
        accept = sum(child.accepts for child in self._children.values())
        return f"{accept} of {len(self._seats)} workers accept"

    def tell_state(self) -> None:
        self._tell("state")

    def places(self) -> list[Place]:
        return [child.place(self._means.columns) for child in self._children.values()]

    def describe(self) -> list[dict[str, Any]]:
        now = self._means.reactor.seconds()
        return [child.describe(now) for child in self._children.values()]
