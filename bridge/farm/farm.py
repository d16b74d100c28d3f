"""
A farm, as sessions see it: a server for each, or a place in the queue.

Here: taking and giving back places at servers, and who waits for one.  Not here: which
server is best (``balance``), and whether one may be chosen at all (``health``).
"""

from __future__ import annotations

import random
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bridge.farm.balance import Balance, Choosing, build
from bridge.farm.health import Health
from bridge.farm.maglev import client_key
from bridge.farm.origin import Origin
from bridge.farm.panic import WORTH_TRYING, Panic, tell_end
from bridge.farm.rules import Rules
from bridge.farm.sources import Sources
from bridge.farm.spared import Keeper, Spared
from bridge.farm.state import Event
from bridge.farm.waiting import Queue, Waiting

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

    from bridge.farm.claims import Claims
    from bridge.farm.server import Server


@dataclass(frozen=True, slots=True)
class Policy:
    """How a farm chooses, and what is done when it cannot.  Times in seconds."""

    balance: str = "round_robin"
    hash_key: bytes = b""
    """For ``source_hash``: gateways with the same one agree."""
    queue_length: int = 0
    """Sessions that may wait; 0: none."""
    queue_timeout: float = 10.0
    retries: int = 2
    """Attempts after the first that one session may make."""
    try_all: bool = True
    """When checks leave no server: dial them all the same, see ``panic``."""
    together: float = 0.0
    """Seconds within which servers that go down are taken to have gone at once."""
    ports: int = 28_232
    """For sessions from one source address to one server; the kernel's default."""
    claims: Claims | None = None
    """Where places are claimed, if other processes give them, too (``shared``)."""


class Farm:
    """A named group of servers.  Begins empty: see ``add``."""

    def __init__(
        self,
        name: str,
        policy: Policy,
        rules: Rules,
        clock: IReactorTime,
        origin: Origin | None = None,
    ) -> None:
        self.name = name
        self.control = ""
        """The session that it has come to be for: see ``met``."""
        self.retries = policy.retries
        self.servers: list[Server] = []
        self.active = self.arrived = 0
        """Sessions that have a server or wait for one; and all that ever came."""
        self.expecting = 0
        """Names that have had no answer yet, good or bad."""
        self.hashes = policy.balance == "source_hash"
        """Whether a choice depends on the client: see ``key``."""
        self.health = Health(self, rules, clock)
        self.origin = origin or Origin(Sources(policy.ports))
        """Where dials leave from, but to servers that are ``plain``."""
        self.sources = self.origin.sources
        """Ports in use, by our own address and server."""
        self._hash_key = policy.hash_key
        self._clock = clock
        self._policy = policy
        self._balance: Balance = build(policy.balance, random=random.random)
        self._chooses: Choosing = self._balance
        """That, or the panic while there is one."""
        self._panic: Panic | None = None
        self._counts = policy.balance == "least_connections"
        """Whether the balance must hear of every session, limits or not."""
        self._standing = 0
        self.queue_length = policy.queue_length
        """How many may wait; 0: there is no queue."""
        self._queue = Queue(clock, policy.queue_timeout, policy.queue_length)
        self._serving = False
        self.spared = Spared()  # of places, those that sessions could do without
        self._preparing: IDelayedCall | None = None

    # Servers

    def add(self, *servers: Server) -> None:
        """From now on *servers* are some of this farm's, in the states they have."""
        self.servers.extend(servers)
        self.health.add(*servers)

    def remove(self, server: Server) -> None:
        """
        *server* gets no more sessions; those it has go on.

        It may be added again, and is then what it was.
        """
        self.servers.remove(server)
        self.health.remove(server)

    def become(self, server: Server, other: Server) -> None:
        """
        *server* has all that *other*, which nobody knows, was made with.

        Its sessions, its state and what was ordered stay as they are.
        """
        if self._panic is not None:
            self._panic.discard(server)  # with the rank and weight it was added with
        self.health.become(server, other)

    def close(self) -> None:
        """No checks and no timers any more."""
        self.health.stop()
        self._queue.close()
        if self._preparing is not None:
            self._preparing.cancel()
            self._preparing = None

    def drain(self, name: str) -> None:
        """
        The servers called *name* get no new sessions.

        As ``ready`` and ``disable``: raises LookupError if there is none.
        """
        self._order(name, Event.DRAIN)

    def ready(self, name: str) -> None:
        """They get sessions again, if their checks say so."""
        self._order(name, Event.READY)

    def disable(self, name: str) -> None:
        """They get no new sessions, and are not checked either."""
        self._order(name, Event.DISABLE)

    def _order(self, name: str, event: Event) -> None:
        if not any(each.name == name for each in self.servers):
            raise LookupError(f"farm {self.name} has no server {name}")
        for server in [each for each in self.servers if each.name == name]:
            self.health.order(server, event)

    # What health tells: see health.Traffic

    def enter(self, server: Server, weight: float) -> None:
        self._balance.add(server, weight)
        self._standing += 1

    def leave(self, server: Server) -> None:
        self._balance.remove(server)
        self._standing -= 1

    def settled(self, server: Server) -> None:
        if self._policy.try_all:
            self._panic_or_not(server)
        self._serve_or_strand()
        self._prepare_soon()

    def answered(self) -> None:
        """One of the names that were expected has been answered for the first time."""
        self.expecting -= 1
        self._serve_or_strand()

    def _serve_or_strand(self) -> None:
        """Let nobody wait for what there is not."""
        if self.available:
            self._serve()
        else:
            self._queue.strand()

    def reweigh(self, server: Server, weight: float) -> None:
        self._balance.reweigh(server, weight)
        self._prepare_soon()

    def prepare(self) -> None:
        """Be ready to choose, now: nobody waits for it yet."""
        while self._balance.prepare():
            pass

    def _prepare_soon(self) -> None:
        """In turns of the reactor, between which sessions have theirs."""
        if self.hashes and self._preparing is None:
            self._preparing = self._clock.callLater(0, self._prepare)

    def _prepare(self) -> None:
        self._preparing = None
        if self._balance.prepare():
            self._prepare_soon()

    def standing(self) -> tuple[int, int]:
        return self._standing, len(self.servers)

    # When there is none

    @property
    def panicking(self) -> bool:
        """No server is in traffic, and sessions are dialed all the same."""
        return self._panic is not None

    def _panic_or_not(self, server: Server) -> None:
        """Begin or end a panic, or have *server* in or out of the one there is."""
        panic = self._panic
        if self._standing:
            if panic is not None:
                self._end_panic()
        elif panic is None:
            self._begin_panic()
        else:
            panic.discard(server)
            if server.state in WORTH_TRYING and server in self.servers:
                panic.add(server)
            if not panic:
                self._end_panic()

    def _begin_panic(self) -> None:
        servers = [each for each in self.servers if each.state in WORTH_TRYING]
        if not servers:
            return
        make = partial(build, self._policy.balance, random=random.random, brief=True)
        self._panic = self._chooses = Panic(make, servers, self._policy.together)
        self._panic.tell(self.name, self.health.tells)

    def _end_panic(self) -> None:
        self._panic, self._chooses = None, self._balance
        tell_end(self.name, *self.standing(), aloud=self.health.tells)

    def exhausted(self, tried: Collection[Server]) -> bool:
        """Whether a retry is in vain: in a panic a session tries each server once."""
        return self._panic is not None and self._panic.servers.issubset(tried)

    # Sessions

    def arrive(self) -> None:
        """A session is there, and will have a server or wait for one."""
        self.active += 1
        self.arrived += 1

    def depart(self) -> None:
        """It is over."""
        self.active -= 1

    def dialed(self, server: Server) -> None:
        """A dial of *server*, which is ``watched``, was answered."""
        self.health.dialed(server)
        if self._panic is not None:
            self._panic.answered(server)

    def dial_failed(self, server: Server, why: str) -> None:
        """A session's dial was not."""
        self.health.dial_failed(server, why)
        if self._panic is not None:
            self._panic.failed(server)

    def key(self, host: str) -> int:
        """What ``source_hash`` knows the client at *host* by."""
        return client_key(host, self._hash_key)

    def choose(self, key: int = 0, tried: Collection[Server] = ()) -> Server | None:
        """
        A server with a place, which is taken; one not among *tried* while there is any.

        None when there is none: then see ``available`` and ``wait``.
        """
        if self._queue and not tried:
            return None  # others came first
        server = self._chooses.choose(key, tried)
        if server is None and tried:
            server = self._chooses.choose(key, ())
        while server is None and self.spared.reclaim():
            server = self._chooses.choose(key, ())
        if server is not None:
            server.take()
            if self._counts or server.most is not None:
                self._chooses.moved(server)
        return server

    def release(self, server: Server) -> None:
        """Give back a place that ``choose`` or ``served`` took."""
        server.active -= 1
        if self._counts or server.most is not None:
            self._chooses.moved(server)
            if self._queue:
                self._serve()

    def spare(self, place: Hashable, keeper: Keeper) -> bool:
        """*keeper* could do without its *place*: whether others wait for that now."""
        if not self._queue:
            self.spared.put(place, keeper)
        return bool(self._queue)

    def unspare(self, place: Hashable) -> None:
        """It is given back."""
        self.spared.pop(place, None)

    @property
    def available(self) -> bool:
        """Whether any server gets sessions, or may at any moment: see ``expecting``."""
        return self._standing > 0 or self.expecting > 0 or self._panic is not None

    @property
    def waiting(self) -> int:
        """How many wait in the queue."""
        return len(self._queue)

    def wait(self, waiting: Waiting) -> bool:
        """Have it wait for a place.  False: the queue is full, or there is none."""
        return self._queue.join(waiting, self._clock.seconds())

    def unwait(self, waiting: Waiting) -> None:
        """It waits no longer; if it did not, nothing happens."""
        self._queue.pop(waiting, None)

    def _serve(self) -> None:
        """
        Give places to those who wait, in the order they came.

        What is served may fail at once and give its place back: this loop goes on
        with it, rather than another one inside.
        """
        if self._serving:
            return
        self._serving = True
        try:
            while (first := self._queue.first) is not None:
                server = self._place_for(first)
                if server is None:
                    return
                self._queue.serve(first, server)
        finally:
            self._serving = False

    def _place_for(self, waiting: Waiting) -> Server | None:
        server = self._chooses.choose(waiting.key, ())
        if server is not None:
            server.take()
            self._chooses.moved(server)
        return server
