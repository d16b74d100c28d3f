"""
A generation of workers that were forked for it, as the supervisor sees it.

Here: its nursery, its workers from their start to their end, and those that die and are
started again.  Not here: when there is another generation (``supervisor``), and what a
worker does (``worker``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from socket import socket
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from bridge.config.reader import Document
from bridge.processes.child import Child, Join, Seat
from bridge.processes.generation import StartError, Told
from bridge.processes.link import Message
from bridge.processes.snapshot import LogPlan, Snapshot
from bridge.processes.spawned import Spawned, cause

STARTS_WITHIN = 60.0
"""Seconds in which a generation has to accept.  One or two are usual."""

LIVED = 1.0
"""Seconds after which a worker that dies is started again at once."""

SOON, LATEST = 0.1, 10.0
"""Seconds until one that died sooner is: the first time, and at most; doubled each
time."""

GRACE = 5.0
"""Seconds that a worker has after all its deadlines before it is killed: it hangs."""


class Columns(Protocol):
    """Who gives columns of the board."""

    fd: int

    def take(self) -> int:
        """One that nobody has."""

    def give(self, column: int) -> None:
        """Whose it was is gone."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a forked generation is made with, besides its configuration."""

    reactor: Any
    columns: Columns
    join: Join | None
    """Has the hub know a worker of this generation; None: there is no hub."""
    log: LogPlan
    said: Callable[[Message], None]
    """Told of events of workers' logs, where these do not write them."""


class Forked:
    """Generation *number* by *document*, of so many *workers* on *sockets* by key."""

    _log = Logger()

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
        self._failures = dict.fromkeys(range(workers), 0)
        """Deaths in a row of one that had just been born, by seat."""
        self._nursery: Spawned | None = None
        self._started: Deferred[None] | None = None
        self._timers: set[IDelayedCall] = set()
        self._over = False

    # Starting

    def start(self) -> Deferred[None]:
        self._started = Deferred()
        self._later(STARTS_WITHIN, self._late)
        self._open_nursery()
        return self._started

    def _open_nursery(self) -> None:
        if self.retiring:
            return
        snapshot = Snapshot(
            generation=self.number,
            files=self.document.files,
            sockets={},
            workers=len(self._seats),
            board=None,
            log=self._means.log,
        )
        nursery = Spawned(self._heard, self._nursery_died)
        try:
            nursery.start(
                self._means.reactor, snapshot, self._means.columns.fd, self._sockets
            )
        except OSError as error:
            why = f"cannot start a process: {error.strerror}"
            if not self._fail(why):
                self._log.error("{why}", why=why)
                self._later(LATEST, self._open_nursery)
            return
        self._nursery = nursery

    def _heard(self, word: str, rest: str) -> None:
        if word == "ready":
            for seat in self._seats:
                self._fork(seat)
        elif word == "failed":
            self._fail(rest)
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
        if nursery is None or self.retiring or seat.number in self._children:
            return
        means = self._means
        born = means.reactor.seconds()
        child = Child(seat, means.columns.take(), self, born, means.said, nursery)
        self._children[seat.number] = child
        if means.join is not None:
            child.join(means.join)
        theirs = child.connect(means.reactor)
        tells = int(seat.number == 0 and self._started is not None)
        words = f"fork {seat.number} {child.column} {seat.cpu} {tells}"
        nursery.send(words, [theirs])
        os.close(theirs)  # if that was in vain, the link is lost now

    # Who a worker's owner is: see child.Owner

    def ready(self, child: Child) -> None:
        if self._started is not None and all(
            number in self._children and self._children[number].accepts
            for number in self._failures
        ):
            started, self._started = self._started, None
            self._cancel()
            started.callback(None)

    def failed(self, child: Child, why: str) -> None:
        child.ended = True
        if not self._fail(why):
            self._log.error(
                "worker {number} cannot start: {why}", number=child.seat.number, why=why
            )

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
        lived = self._means.reactor.seconds() - child.born
        self._failures[number] = 0 if lived >= LIVED else self._failures[number] + 1
        failures = self._failures[number]
        wait = min(SOON * 2 ** (failures - 1), LATEST) if failures else 0.0
        self._log.error(
            "worker {number}, process {pid}, died{how}: its sessions are lost, and "
            "another one starts {when}",
            number=number,
            pid=child.pid,
            how=how,
            when=f"in {wait:g} s" if wait else "now",
        )
        self.restarts += 1
        self._later(wait, partial(self._fork, child.seat))

    def _nursery_died(self, how: str) -> None:
        self._nursery = None
        for child in tuple(self._children.values()):
            if not child.link.up:
                self._gone(child, "")
        if not self.retiring and not self._fail(f"its first process ended{how}"):
            self._log.error(
                "generation {number}: the process that workers are forked from ended"
                "{how}, another one starts",
                number=self.number,
                how=how,
            )
            self._later(SOON, self._open_nursery)
        self._look_whether_over()

    def _late(self) -> None:
        self._fail(f"it does not accept within {STARTS_WITHIN:g} s")

    def _fail(self, why: str) -> bool:
        """Where it has not started yet, it never will: whether that is so."""
        if self._started is None:
            return False
        started, self._started = self._started, None
        self.retiring = True
        self._end("stop", GRACE)
        self.hurry()
        started.errback(StartError(why))
        return True

    # Stopping

    def retire(self, gone: Collection[str], patient: bool = False) -> None:
        if self.retiring:
            return
        self.retiring = True
        timeout = self.document.config.timeouts.drain_timeout
        message = {"gone": list(gone), "patient": patient}
        self._end("retire", None if patient else timeout + GRACE, **message)

    def stop(self) -> None:
        if self._over:
            return
        timeouts = self.document.config.timeouts
        within = timeouts.drain_delay + timeouts.drain_timeout
        if self.retiring:  # patiently, perhaps
            self._later(within, self.hurry)
            return
        self.retiring = True
        self._end("stop", within + GRACE)

    def _end(self, topic: str, within: float | None, **message: Any) -> None:
        self._cancel()
        nursery = self._nursery
        if nursery is not None:
            nursery.send("quit")
        for child in self._children.values():
            child.tell(topic, **message)
        if within is not None:
            self._later(within, self._kill)
        self._look_whether_over()

    def hurry(self) -> None:
        for child in self._children.values():
            child.tell("hurry")
        self._later(GRACE, self._kill)

    def _kill(self) -> None:
        for child in self._children.values():
            self._log.error(
                "worker {number}, process {pid}, does not end: it is killed",
                number=child.seat.number,
                pid=child.pid,
            )
            child.kill()

    def _look_whether_over(self) -> None:
        if self._over or not self.retiring or self._children or self._nursery:
            return
        self._over = True
        self._cancel()
        self.ended.callback(None)

    # Running

    def ask(self, command: str, args: Message) -> list[Deferred[Told]]:
        return [child.ask(command, args) for child in self._children.values()]

    def reload_files(self) -> None:
        for child in self._children.values():
            child.tell("reload")

    def reopen_logs(self) -> None:
        for child in self._children.values():
            child.tell("reopen")

    def in_short(self) -> str:
        accept = sum(child.accepts for child in self._children.values())
        return f"{accept} of {len(self._seats)} workers accept"

    def tell_state(self) -> None:
        for child in self._children.values():
            child.tell("state")

    def describe(self) -> list[dict[str, Any]]:
        now = self._means.reactor.seconds()
        return [
            {
                "worker": child.seat.number,
                "pid": child.pid,
                "cpu": child.seat.cpu if child.seat.cpu >= 0 else None,
                "seconds": round(now - child.born, 1),
                "accepts": child.accepts,
            }
            for child in self._children.values()
        ]

    # Timers

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        def due() -> None:
            self._timers.discard(timer)
            call()

        timer = self._means.reactor.callLater(seconds, due)
        self._timers.add(timer)

    def _cancel(self) -> None:
        timers, self._timers = self._timers, set()
        for timer in timers:
            timer.cancel()
