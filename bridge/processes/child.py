"""
One worker as the supervisor sees it: its link, and what it says over that.

Not here: when it is started again (``forked``), and what it is (``worker``).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from socket import AF_UNIX, socketpair
from typing import Any, Protocol

from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.python.failure import Failure

from bridge.processes.generation import Place, Told
from bridge.processes.link import AskError, Hears, Link, LinkLostError, Message
from bridge.watch.metrics import Series


class Peer(Protocol):
    """A worker, to the hub."""

    def receive(self, data: bytes) -> None: ...

    def lost(self) -> None: ...


Join = Callable[[Callable[[bytes], "Deferred[object]"]], Peer]
"""Has the hub know a worker, by what sends something to it."""


class Owner(Protocol):
    """Whose worker it is: a generation."""

    def ready(self, child: Child) -> None:
        """It accepts."""

    def failed(self, child: Child, why: str) -> None:
        """It cannot, and ends."""

    def counted(self, fronts: Sequence[Message]) -> None:
        """It has counted that of *fronts*, and is at its end."""

    def unlinked(self, child: Child) -> None:
        """It says nothing any more: it has ended, or is about to."""


class Numbers(Protocol):
    """Of all workers, by their columns."""

    def read(self, column: int, series: Series) -> int: ...


@dataclass(frozen=True, slots=True)
class Seat:
    """Which of a generation's workers it is, and where it runs."""

    number: int
    cpu: int


ANSWERS_WITHIN = 10.0
"""Seconds after which one that hangs is not waited for by who asks all of them."""


class Child:
    """On *seat*, with its *column* of the board.  Not started: see ``ends``."""

    _log = Logger()

    def __init__(
        self,
        seat: Seat,
        column: int,
        owner: Owner,
        born: float,
        said: Hears,
        mother: object | None,
    ) -> None:
        """*said* is told of events of its log."""
        self.mother = mother
        """The nursery that waits for its end; None: that is the end of its link."""
        self.seat = seat
        self.column = column
        self.born = born
        """When, in seconds of the supervisor's clock."""
        self.pid = 0
        """0: not known yet."""
        self.accepts = False
        self.served = False
        """It has accepted, be it no more."""
        self.ended = False
        """It has said that it is at its end."""
        self._owner = owner
        self._reactor: Any = None
        self._peer: Peer | None = None
        self.link = Link(self._lost)
        self.link.on("ready", self._ready)
        self.link.on("failed", lambda said: owner.failed(self, said["why"]))
        self.link.on("ended", self._ends)
        self.link.on("said", said)

    def join(self, join: Join) -> None:
        """Be known to the hub, as long as it is linked."""
        self._peer = join(self.link.pass_on)
        self.link.taken = self._peer.receive

    def connect(self, reactor: Any) -> int:
        """
        Have the link, of which the other end is returned: a descriptor.  Raises
        OSError.
        """
        self._reactor = reactor
        ours, theirs = socketpair()
        with ours, theirs:  # the reactor has a copy
            ours.setblocking(False)
            made = Factory.forProtocol(lambda: self.link)
            reactor.adoptStreamConnection(ours.fileno(), AF_UNIX, made)
            return theirs.detach()

    def ask(self, command: str, args: Message) -> Deferred[Told]:
        """What it answers to *command*: see ``service.answers``."""
        number = self.seat.number
        told: Deferred[Told] = Deferred()

        def failed(failure: Failure) -> None:
            failure.trap(AskError, LinkLostError, defer.TimeoutError)
            why = str(failure.value)
            if failure.check(LinkLostError) is not None:
                why = f"worker {number} has ended"
            elif failure.check(defer.TimeoutError) is not None:
                why = f"worker {number} does not answer"
                self._log.warn(
                    "{why} within {s:g} s",
                    event="worker_hangs",
                    why=why,
                    s=ANSWERS_WITHIN,
                )
            told.callback(Told(number, None, why))

        asked = self.link.ask("ask", {"command": command, "args": args})
        if self.link.up:
            asked.addTimeout(ANSWERS_WITHIN, self._reactor)
        asked.addCallbacks(lambda got: told.callback(Told(number, got)), failed)
        asked.addErrback(told.errback)
        return told

    def tell(self, topic: str, **message: Any) -> None:
        self.link.send(topic, message)

    def place(self, numbers: Numbers) -> Place:
        """Where its *numbers* are."""
        read = partial(numbers.read, self.column)
        return Place(self.seat.number, self.pid, read)

    def describe(self, now: float) -> dict[str, Any]:
        """What ``status`` tells of it at *now*."""
        return {
            "worker": self.seat.number,
            "pid": self.pid,
            "cpu": self.seat.cpu if self.seat.cpu >= 0 else None,
            "seconds": round(now - self.born, 1),
            "accepts": self.accepts,
        }

    def kill(self) -> bool:
        """It does not end by itself.  False: it is about to, or has no number yet."""
        if not (self.pid and self.link.up):  # the number may be another's by now
            return False
        with suppress(OSError):
            os.kill(self.pid, signal.SIGKILL)
        return True

    def _ready(self, _: Message) -> None:
        self.accepts = self.served = True
        self._owner.ready(self)

    def _ends(self, said: Message) -> None:
        self.ended = True
        self._owner.counted(said.get("fronts", ()))  # older code says nothing

    def _lost(self) -> None:
        self.accepts = False
        if self._peer is not None:
            self._peer.lost()
        self._owner.unlinked(self)
