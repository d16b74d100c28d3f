"""
The one event loop over all relayed sockets.

Here: an epoll object of our own, nested in Twisted's reactor, and the order in
which work is done.  Not here: what the work is (``splice``, ``stream``, ``port``,
``dial``).

Why not one Twisted descriptor per socket: the reactor spends several microseconds
on each event it dispatches, more than the relay spends moving a small message.  An
epoll descriptor is itself pollable (epoll(7)), so the reactor watches that one,
pays its price once a batch, and everything else Twisted does goes on beside it.

Three rules hold the loop together:

* Descriptors are registered once, edge-triggered, and never changed until they
  are closed.  Whoever stops before "would block" asks to be run ``again``, or to be
  told when there is room (``rearm``).
* A turn is bounded.  Work asked for with ``again`` waits behind the events that
  arrived meanwhile, so a bulk flow cannot starve a small request.
* A descriptor's number is not reused within a batch.  ``close`` is put off to the
  batch's end, because an event already fetched for the old socket would otherwise
  be delivered to a new one that got the same number.
"""

from __future__ import annotations

import select
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from twisted.internet.interfaces import IReactorFDSet, IReactorTime, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from bridge.net.floods import Flood, Floods
from bridge.net.lingering import Lingering
from bridge.net.naps import Naps
from bridge.net.pulse import Pulse
from bridge.net.seal import Channel
from bridge.net.waits import Wait, Waits

if TYPE_CHECKING:
    from bridge.net.pipes import Pipes

IN = select.EPOLLIN
OUT = select.EPOLLOUT
ERR = select.EPOLLERR
PRI = select.EPOLLPRI
RDHUP = select.EPOLLRDHUP
STREAM = IN | OUT | PRI | RDHUP | select.EPOLLET
"""What a stream is registered for, at birth and for life."""

BATCH = 256
"""Events fetched at once.  HAProxy's default (tune.maxpollevents) is 200."""

ROUNDS = 32
"""
Batches before Twisted's own timers and descriptors get a turn.  A round costs at
most a few milliseconds (BATCH events, or one budget for each bulk flow).
"""

STRETCH = 8
"""
Of these, so many before the clock is looked at: whether it is the pulse's turn.  What a
pump lingers and naps in them is less than what a pulse calls late.
"""

LINGER = 0.001
"""
Seconds to wait for more before the reactor gets its turn: epoll_wait(2)'s smallest.

While messages keep coming, each then costs one system call to wait for and not three,
and none of the reactor's own work.  What the reactor has to do waits at most ROUNDS
times as long.
"""


class Watcher(Protocol):
    """Who is told what the kernel reports of one descriptor."""

    def ready(self, events: int) -> None:
        """Act on an epoll mask.  A stale or spurious one must do no harm."""

    def crashed(self) -> None:
        """``ready`` raised: a bug of ours.  Give up the session, not the gateway."""


class Runnable(Protocol):
    """Who stopped before "would block", and has more to do."""

    def run(self) -> None: ...

    def crashed(self) -> None: ...


class Patient(Protocol):
    """Who has something to send that may go with bytes to come: a stream."""

    def acknowledge(self) -> None:
        """Wait for them no longer."""


class Reactor(IReactorFDSet, IReactorTime):
    """What the gateway asks of a Twisted reactor."""


@implementer(IReadDescriptor)
class Pump:
    """
    Runs watchers as their descriptors become ready.

    *reactor* provides IReactorFDSet and IReactorTime.  Without a *pulse* nobody's time
    is counted.
    """

    _log = Logger()

    def __init__(self, reactor: Reactor, pulse: Pulse | None = None) -> None:
        self.reactor = reactor
        self._epoll = select.epoll()
        self._watchers: list[Watcher | None] = []  # by descriptor: a dict takes more
        self._again: dict[Runnable, None] = {}  # ordered, and each at most once
        self._patient: list[Patient] = []
        self._overdue: list[Patient] = []
        self._doomed: list[socket.SocketType] = []
        self._turning = False
        self._woken = False
        self.lingering = Lingering(reactor)
        """Streams that were closed, and have something left to send."""
        self.channel = Channel()
        """What bytes of TLS pass through, within one call."""
        self.pipes: Pipes
        """What bytes without TLS pass through: whoever makes splices has set it."""
        self.pulse = pulse or Pulse()
        """The time, for those who must not ask for it."""
        self.naps = Naps()
        """When it sleeps before it asks for more."""
        self._floods = Floods()
        self._waits: Waits[Runnable] = Waits(reactor, self._run_due)
        reactor.addReader(self)

    # What streams, ports and dials call

    def watch(self, fd: int, watcher: Watcher, events: int = STREAM) -> None:
        """
        Register *fd*.  What is ready already is reported in the next batch.

        Raises OSError when the kernel has no room for it (ENOSPC at
        ``fs.epoll.max_user_watches``, ENOMEM): *fd* is then nobody's but the caller's.
        """
        self._epoll.register(fd, events)
        watchers = self._watchers
        if fd >= len(watchers):
            watchers.extend([None] * (fd + 1 - len(watchers)))
        watchers[fd] = watcher

    def hand_over(self, fd: int, watcher: Watcher) -> None:
        """From now on *watcher* hears of *fd*; the registration stays as it is."""
        self._watchers[fd] = watcher

    def tell(self, fd: int, events: int) -> None:
        """Report *events* of *fd* that came to somebody else to whoever has it now."""
        watcher = self._watchers[fd] if 0 <= fd < len(self._watchers) else None
        if watcher is not None:
            watcher.ready(events)

    def modify(self, fd: int, events: int) -> None:
        """
        Change the mask of a descriptor that is not a stream (a port's).

        Raises OSError when the kernel refuses; the mask is then what it was.
        """
        self._epoll.modify(fd, events)

    def rearm(self, fd: int, runnable: Runnable) -> None:
        """
        Report a stream's readiness once more, as if it had only now come about.

        *runnable*, whom that is for, is run ``again`` where the kernel refuses: it then
        meets "would block", from which on an edge comes by itself.
        """
        try:
            self._epoll.modify(fd, STREAM)
        except OSError:
            self.again(runnable)

    def again(self, runnable: Runnable) -> None:
        """Run *runnable* after the events that have arrived by then."""
        self._again[runnable] = None
        if not self._turning and not self._woken:
            self._wake()

    def soon(self, patient: Patient) -> None:
        """
        Have *patient* ``acknowledge`` after one more round, or as soon as there is
        nothing to do: what comes meanwhile is what it waits for.  From within a turn.
        """
        self._patient.append(patient)

    def at(self, when: float, runnable: Runnable) -> Wait[Runnable]:
        """Run *runnable* at *when*, by the reactor's clock, or as soon as may be."""
        return self._waits.add(runnable, when)

    def flood(self, flood: Flood) -> None:
        """Tell of *flood*'s source only when it has much, for as long as that comes."""
        self._floods.rise(flood)
        if not self._turning and not self._woken:
            self._wake()

    def forget(self, fd: int) -> None:
        """
        Report nothing of *fd* any more.

        Closing is enough where no other descriptor is of the same socket: only with the
        last of them does the kernel's own registration go (epoll(7), Questions).
        """
        if 0 <= fd < len(self._watchers):
            self._watchers[fd] = None
        with suppress(OSError):  # it was not there
            self._epoll.unregister(fd)

    def close(self, sock: socket.SocketType) -> None:
        """Close *sock* as soon as no event of this batch can mean it."""
        fd, watchers = sock.fileno(), self._watchers
        if 0 <= fd < len(watchers):  # else it was closed, or is not watched
            watchers[fd] = None
        if self._turning:
            self._doomed.append(sock)
        else:
            sock.close()

    def __len__(self) -> int:
        """How many descriptors are watched."""
        return len(self._watchers) - self._watchers.count(None)

    def stop(self) -> None:
        """Watch nothing any more.  The sockets stay their owners' to close."""
        self.pulse.stop()
        self._waits.close()
        self.lingering.close()
        self.reactor.removeReader(self)
        self._epoll.close()

    # The turn

    def turn(self) -> None:
        """Handle what is ready, until nothing is or Twisted's turn has come."""
        self._turning = True
        pulse = self.pulse
        if pulse.rests:
            pulse.begin()
        pulse.turned = True
        floods, naps = self._floods, self.naps
        try:
            patience = LINGER if floods else 0.0
            for _ in range(ROUNDS // STRETCH):
                for _ in range(STRETCH):
                    waiting = self._again or self._patient or self._overdue
                    events = self._epoll.poll(0 if waiting else patience, BATCH)
                    if not events and not waiting:
                        if naps.due:
                            events = naps.take(self._epoll, BATCH, LINGER)
                        if not events:
                            if not floods:
                                return
                            floods.ebb()
                            continue
                    naps.told += len(events)
                    self._round(events)
                    patience = 0.0 if naps.due else LINGER
                    if self._patient or self._overdue:
                        self._be_done(all_of_them=not events)
                    if floods:
                        floods.look()
                if self.reactor.seconds() >= pulse.due:
                    break
        finally:
            self._turning = False
        woken = self._woken
        if (self._again or self._patient or self._overdue or floods) and not woken:
            self._wake()

    def _be_done(self, *, all_of_them: bool) -> None:
        """A round is over: who waited for two, or for one in vain, waits no more."""
        overdue = self._overdue
        self._overdue, self._patient = self._patient, []
        if all_of_them:
            overdue, self._overdue = overdue + self._overdue, []
        for patient in overdue:
            patient.acknowledge()

    def _round(self, events: list[tuple[int, int]]) -> None:
        watchers = self._watchers
        for fd, mask in events:
            watcher = watchers[fd]
            if watcher is None:  # closed earlier in this batch
                continue
            try:
                watcher.ready(mask)
            except Exception:
                self._crash(watcher)
        if self._again:
            runnables, self._again = self._again, {}
            for runnable in runnables:
                try:
                    runnable.run()
                except Exception:
                    self._crash(runnable)
        if self._doomed:
            for sock in self._doomed:
                try:
                    sock.close()
                except OSError:  # the descriptor is gone all the same: close(2)
                    pass
            self._doomed.clear()

    def _crash(self, culprit: Watcher | Runnable) -> None:
        self._log.failure("A bug in the gateway; the session is given up")
        try:
            culprit.crashed()
        except Exception:
            self._log.failure("... and so is the attempt to end it well")

    def _run_due(self) -> None:
        self._again |= dict.fromkeys(self._waits.over())
        self.turn()

    def _wake(self) -> None:
        """Runnables are no descriptor's event: ask the reactor to come back."""
        self._woken = True
        self.reactor.callLater(0, self._woke)

    def _woke(self) -> None:
        self._woken = False
        self.turn()

    # IReadDescriptor, called by the reactor

    def fileno(self) -> int:
        return -1 if self._epoll.closed else self._epoll.fileno()

    def logPrefix(self) -> str:
        return "pump"

    doRead = turn

    def connectionLost(self, reason: Failure) -> None:
        """The reactor is shutting down; ``stop`` is the service's to call."""
